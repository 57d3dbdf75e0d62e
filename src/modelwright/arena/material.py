"""What a competition is made of, by its data.py from its seed: files for the learner's side, and labels, which never leave this one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.curriculum.author_code import author_code
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelwright.curriculum.models import Competition

SPLIT = 0xA12E4  # keeps the split's draws apart from the data's


class MaterialError(ModelwrightError):
    """A competition's data.py does not make what it should."""


@dataclass(frozen=True)
class Material:
    """A competition's data, drawn.

    train, test: files by name, as the learner's side gets them. ids: (n,) of the rows to predict, in the order of `truth`. truth: (n,)
    labels, or the next bytes. ideal: (n,) the best that anyone could predict, where data.py knows it. public: (n,) whether a row counts
    for the public board; the others count for the private one. digest: of all of it, so that a score says what it was a score on.
    """

    train: Mapping[str, bytes]
    test: Mapping[str, bytes]
    ids: NDArray[np.int64]
    truth: NDArray[Any]
    ideal: NDArray[np.float64] | None
    public: NDArray[np.bool_]
    digest: str

    @property
    def files(self) -> dict[str, bytes]:
        return {**self.train, **self.test}


def material(competition: Competition) -> Material:
    """The data of a competition; the same seed always gives the same. Raises MaterialError where its data.py fails."""
    return _kept(*_what(competition))


def draw(competition: Competition) -> Material:
    """As `material`, but drawn anew."""
    return _made(*_what(competition))


def _what(competition: Competition) -> tuple[Path, str, int, float]:
    path = competition.folder / "data.py"
    try:
        source = path.read_bytes()
    except OSError as error:
        raise MaterialError(f"The competition {competition.id} has no data.py that can be read ({error.strerror}).") from error
    return path, hashlib.sha256(source).hexdigest(), competition.seed, competition.public_share


def _made(path: Path, source: str, seed: int, share: float) -> Material:
    import numpy as np

    try:
        made: dict[str, Any] = author_code(path).make(np.random.default_rng(seed))
        truth, ids = np.asarray(made["truth"]), np.asarray(made["ids"], dtype=np.int64)
        ideal = None if made.get("ideal") is None else np.asarray(made["ideal"], dtype=float)
        public = np.asarray(made["public"], dtype=bool) if "public" in made else _split(len(truth), seed, share)
        train, test = dict(made["train"]), dict(made["test"])
    except Exception as error:  # the author's own code: whatever it raises is told as it is
        raise MaterialError(f"The data of {path.parent.name} cannot be made: {type(error).__name__}: {error}.") from error
    if not len(truth) == len(ids) == len(public) or len(set(ids.tolist())) != len(ids) or public.all() or not public.any():
        raise MaterialError(f"The data of {path.parent.name} have ids, truth and public rows that do not go together.")
    digest = hashlib.sha256()
    for name, content in sorted({**train, **test}.items()):
        digest.update(name.encode() + b"\0" + content)
    digest.update(ids.tobytes() + np.ascontiguousarray(truth).tobytes() + public.tobytes())
    return Material(train, test, ids, truth, ideal, public, digest.hexdigest()[:16])


_kept = lru_cache(maxsize=4)(_made)


def _split(n: int, seed: int, share: float) -> NDArray[np.bool_]:
    import numpy as np

    order = np.random.default_rng([seed, SPLIT]).permutation(n)
    public = np.zeros(n, dtype=bool)
    public[order[: round(share * n)]] = True
    return public
