"""The curriculum that ships, proved: its files are sound, its lessons print what they say, its keys and its graders hold.

What was proved before and has not changed since stands in each module's proofs.txt; it is made again for a tenth of it, drawn by the day.
"""

import warnings
from datetime import date

import pytest

from modelwright import groups
from modelwright.curriculum.loader import load
from modelwright.studio.author import Progress, validate
from modelwright.studio.proving import Lot

CURRICULUM = load()
LOT = Lot(date.today().isoformat())


def test_every_file_is_sound():
    findings = validate(CURRICULUM.folder, run=False)
    assert not findings, "\n".join(map(str, findings))


@pytest.mark.parametrize(
    "module", [module.id for module in CURRICULUM.modules.values() if module.lessons or module.problems or module.labs]
)
def test_lessons_keys_and_graders_hold(module):
    """A lesson prints what its page says, a key agrees with its proof over 200 seeds, and each lab's grader is fair and sharp."""
    steps: list[Progress] = []
    holds = CURRICULUM.modules[module]
    lacking = {thing.id: groups.lacking(thing.needs, thing.id) for thing in (*holds.lessons, *holds.labs)}
    missing = [sentence for sentence in lacking.values() if sentence]
    names = [thing.id for thing in (*holds.lessons, *holds.problems, *holds.labs) if not lacking.get(thing.id)] if missing else []
    if missing and not names:
        pytest.skip(" ".join(missing))
    narrowed = {"names": names} if names else {"modules": [module]}
    findings = validate(CURRICULUM.folder, keep=False, lot=LOT, on_progress=steps.append, **narrowed)
    proofs = [step for step in steps if step.total]
    ran = [step for step in proofs if not step.kept]
    drawn = [step.what for step in ran if step.drawn]
    lot = f"a tenth drawn by {LOT.seed}: {'; '.join(drawn) or 'none'}"
    left_out = f" Left out: {' '.join(missing)}" if missing else ""
    warnings.warn(
        f"{module}: {len(proofs)} proofs, {len(ran) - len(drawn)} of what has changed, {lot}.{left_out}", UserWarning, stacklevel=1
    )
    assert proofs
    assert not findings, "\n".join(map(str, findings))
