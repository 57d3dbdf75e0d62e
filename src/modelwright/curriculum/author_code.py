"""An author's Python file, run in this process: generators of problems, the data and metrics of competitions. It is trusted, as
docs/authors.md says."""

from __future__ import annotations

import importlib.util
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType


def author_code(path: Path) -> ModuleType:
    """The file as a module, read again when it changes. Raises what the author's code raises, OSError, and ImportError for no Python."""
    return _run(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _run(path: Path, mtime: int) -> ModuleType:
    name = f"modelwright_author_{abs(hash((str(path), mtime)))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
