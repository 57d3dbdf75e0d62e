"""The same checks in one process, for a breakpoint: no proxy, no cage, no clock.

What `modelwright check --debug` runs. The fixtures have the same names and the same helpers; `learner` is the module itself. A pass here
is not a verdict: the learner's code shares the process with the checks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab


class Plain:
    """The learner's module with the helpers that the proxy has."""

    def __init__(self, module: ModuleType, source: str) -> None:
        self._module, self.source = module, source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def has(self, name: str) -> bool:
        return hasattr(self._module, name)

    def calls(self, name: str) -> bool:
        from .proxy import source_calls

        return source_calls(self.source, name)

    def unchanged_by(self, name: str, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> bool:
        from .wire import Codec

        codec = Codec(lambda x: id(x), lambda x: x)
        before = codec.pack([list(args), kwargs or {}])
        getattr(self._module, name)(*args, **(kwargs or {}))
        return codec.pack([list(args), kwargs or {}]) == before

    def gradients(self, name: str, args: tuple[Any, ...], weight: Any = None, kwargs: dict[str, Any] | None = None) -> tuple[Any, ...]:
        import torch

        out = getattr(self._module, name)(*args, **(kwargs or {}))
        wanted = [x for x in (*args, *(kwargs or {}).values()) if isinstance(x, torch.Tensor) and x.requires_grad]
        return torch.autograd.grad(out.sum() if weight is None else (out * weight).sum(), wanted)

    def compare(self, left: Any, sign: str, right: Any) -> bool:
        import operator

        compares: dict[str, Callable[[Any, Any], bool]] = {
            "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
            "in": lambda a, b: a in b,
        }  # fmt: skip
        return compares[sign](left, right)


def debug(lab: Lab, path: Path, *, only: str | None = None) -> int:
    """Run the lab's checks against the file at `path` here, with pytest's own report; returns pytest's exit status."""
    import pytest

    from modelwright import groups

    from .checker import first_of_all, generator_for, load_module, prepare, reset_for_each_example
    from .forbidden import rules_of

    groups.require(lab.needs, "this lab")
    os.environ.update(groups.environment_of(lab.needs))
    prepare()

    sys.path.insert(0, str(Path(path).parent))

    offered = ModuleType("modelwright_fixtures")

    @pytest.fixture(scope="session")
    def learner() -> Plain:
        name = lab.file.removesuffix(".py").replace("/", ".")
        return Plain(load_module(name, Path(path)), Path(path).read_text(encoding="utf-8-sig"))

    @pytest.fixture(scope="session")
    def reference() -> ModuleType:
        return load_module("solution", Path(lab.folder) / "solution.py")

    @pytest.fixture
    def rng(request: pytest.FixtureRequest) -> Any:
        return generator_for(lab.id, request)

    @pytest.fixture
    def budget(learner: Plain, rng: Any) -> Any:
        def call(
            name: str, args: tuple[Any, ...] | Callable[[Any], tuple[Any, ...]] = (), kwargs: dict[str, Any] | None = None, **_: object
        ) -> None:
            getattr(learner, name)(*(args(rng) if callable(args) else args), **(kwargs or {}))

        return call

    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        for item in items:
            reset_for_each_example(item)
        first_of_all(items, lab.forbid_check, rules_of(lab), Path(path).read_text(encoding="utf-8-sig"), Path(lab.folder))

    vars(offered).update(
        learner=learner, reference=reference, rng=rng, budget=budget, pytest_collection_modifyitems=pytest_collection_modifyitems
    )
    sys.modules.pop("checks", None)  # another lab's, run before in this process
    options = ["-p", "no:cacheprovider", "-s", "-x", "--tb=short", "--noconftest", "--import-mode=importlib", "-c", "/dev/null"]
    options += ["--rootdir", str(lab.folder), "--confcutdir", str(lab.folder), str(Path(lab.folder) / "checks.py")]
    options += ["-k", only] if only else []
    return int(pytest.main(options, plugins=[offered]))
