"""A competition small enough to run in a second: the chance of heads of bent coins, of which a program sees the bend."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

ID = "bent-coins"
FILES = {
    "competition.yaml": """
        title: Bent coins
        why: A coin that is bent more falls on heads more often.
        stage: foundation
        skills: [tiny-maths/doubling]
        metric: {name: log_loss, title: log loss, higher_is_better: false}
        target: heads
        bounds: [0, 1]
        entries_a_day: 3
        budget: {seconds: 10, memory_mb: 500}
        seed: 7
        hours: {low: 1, high: 2}
        ghosts:
          - {file: half.py, title: One in two, why: It does not look at the coin.}
          - {file: reference.py, title: The reference, why: It looks at the bend.}
    """,
    "README.md": """
        Say how likely each coin falls on heads.
    """,
    "data.py": """
        import numpy as np


        def make(rng):
            bend = rng.normal(size=800)
            chance = 1 / (1 + np.exp(-1.5 * bend))
            heads = (rng.random(800) < chance).astype(int)
            train = "id,bend,heads\\n" + "".join(f"{i},{bend[i]:.4f},{heads[i]}\\n" for i in range(200))
            test = "id,bend\\n" + "".join(f"{i},{bend[i]:.4f}\\n" for i in range(200, 800))
            return {"train": {"train.csv": train.encode()}, "test": {"test.csv": test.encode()}, "ids": np.arange(200, 800),
                    "truth": heads[200:], "ideal": chance[200:]}
    """,
    "starter.py": """
        def predict(train, test):
            return [train["heads"].mean()] * len(test)
    """,
    "half.py": """
        def predict(train, test):
            return [0.5] * len(test)
    """,
    "reference.py": """
        import numpy as np


        def predict(train, test):
            return 1 / (1 + np.exp(-1.4 * test["bend"]))
    """,
}


def add(curriculum: Path) -> Path:
    """Writes the competition into a curriculum folder."""
    folder = curriculum / "competitions" / ID
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return folder
