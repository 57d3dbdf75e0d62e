"""Proves a competition by running it: the data are the same each time, its programs run, and who has the labels is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from modelwright.curriculum.errors import Finding
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelwright import arena
    from modelwright.curriculum.models import Competition
    from modelwright.grading import Verdict

SURE = 0.98  # of what the labels of a competition of bytes are predicted with


def prove_competition(competition: Competition, grade: Callable[..., Verdict]) -> Iterator[Finding]:
    """Its starter and ghosts run within the budget, the last ghost leads on both boards, and the labels themselves are set aside."""
    from modelwright import arena
    from modelwright.arena.material import draw

    file = competition.folder / "data.py"
    try:
        material, again = draw(competition), draw(competition)
    except ModelwrightError as error:
        yield Finding(file, 0, str(error), "Mend data.py.")
        return
    if material.digest != again.digest:
        yield Finding(file, 0, "Two draws from the same seed differ.", "Take every random number from the generator that make() is given.")
    header = material.test.get("test.csv", b"").split(b"\n", 1)[0].decode().strip().split(",")
    if competition.target in header:
        yield Finding(file, 0, f"test.csv holds the column {competition.target}, which is to be predicted.", "Leave it out.")
    sign = 1 if competition.metric.higher_is_better else -1
    reached: list[tuple[float, float]] = []
    try:
        for name in ("starter.py", *(ghost.file for ghost in competition.ghosts)):
            file = competition.folder / name
            values = arena.run_program(competition, material, name, file.read_bytes(), grade).values
            public, private = (sign * arena.score(competition, material, values, public=public).value for public in (True, False))
            reached.append((public, private))
            if said := arena.leaked(competition, material, values):
                yield Finding(file, 0, f"An honest program is set aside: {said}", "Give a bound that honest programs keep.")
    except ModelwrightError as error:
        yield Finding(file, 0, str(error), "A program of the competition's own must run as an entry does.")
        return
    for board, side in (("public", 0), ("private", 1)):
        if max(scores[side] for scores in reached[:-1]) >= reached[-1][side]:
            last = competition.folder / competition.ghosts[-1].file
            yield Finding(last, 0, f"It does not lead on the {board} board.", "Let the last ghost be the best: it is the one to reach for.")
    if not arena.leaked(competition, material, _knowing(competition, material)):
        yield Finding(file.with_name("competition.yaml"), 0, "An entry that has the labels is not found out.",
                      "Let data.py give what is ideal, or set beyond_belief.")  # fmt: skip


def _knowing(competition: Competition, material: arena.Material) -> NDArray[np.float64]:
    """What somebody would hand in who has the labels, and hides it a little."""
    import numpy as np

    if competition.predicts == "bytes":
        values = np.full((len(material.truth), 256), (1 - SURE) / 255)
        values[np.arange(len(values)), material.truth] = SURE
        return values
    values = material.truth.astype(float)
    if competition.bounds is not None:
        low, high = competition.bounds
        values = low + (high - low) * (0.01 + 0.98 * (values - low) / (high - low))
    return values
