"""What the choices of the bank's questions give away: how often each kind is answered by someone who sees nothing but its choices.

Run: python bench/items.py [MODULE …]   (with modules: the questions of those that were guessed, and the marks that they carry)

The classifier is that of `modelwright.curriculum.giveaways`, which `modelwright course validate` uses too: for each module it is trained
on the choices of all others. A guess among four is right in 25 of 100; the bound is 30.
"""

from __future__ import annotations

import sys

from modelwright.curriculum import load
from modelwright.curriculum.giveaways import AT_MOST, cues, guessed
from worlds import table


def main(names: list[str]) -> int:
    curriculum = load()
    reports = guessed({module.id: module.items for module in curriculum.modules.values()})
    rows = [
        [g.kind, str(g.asked), str(g.right), f"{g.share:.3f}", f"{AT_MOST:.2f}", "yes" if g.share <= AT_MOST else "no"] for g in reports
    ]
    table("items: answered by the choices alone", ["kind", "questions", "right", "share", "aim", "held"], rows)
    picked = set(reports[-1].items) if reports else set()
    for name in names:
        for item in curriculum.modules[name].items:
            marks = [cue.mark for cue in cues(item)]
            if item.id in picked or marks:
                print(f"{name}: {item.id}" + (f"  stands out by {', '.join(marks)}" if marks else ""))
    standing = sum(bool(cues(item)) for module in curriculum.modules.values() for item in module.items)
    print(f"\n{standing} questions whose right choice alone stands out by a mark")
    return int(standing > 0 or any(g.share > AT_MOST for g in reports))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
