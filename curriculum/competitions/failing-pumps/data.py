"""Pumps of a water works, week by week: what fails follows from wear, load and service, and what the columns say of it drifts."""

import io

import numpy as np
import pandas as pd

WEEKS, TRAINED, PUBLIC, PUMPS = 60, 40, 47, 300
SITES = np.array(["north", "south", "hill", "port", "mill"])  # mill opens late
OPENS = np.array([1, 1, 1, 1, 36])
NEW_SENSORS = np.array([22, 26, 30, 34, 36])  # the week from which a site's vibration is in inches a second
MODELS = np.array(["A2", "A4", "K1", "S9"])


def make(rng: np.random.Generator) -> dict:
    """train and test files, ids, truth (0 or 1), ideal (the probability that each label was drawn with), and which rows are public."""
    site = rng.choice(5, PUMPS, p=[0.26, 0.24, 0.2, 0.18, 0.12])
    model = rng.choice(4, PUMPS, p=[0.35, 0.3, 0.2, 0.15])
    frailty = rng.normal(0, 0.5, PUMPS)
    since = rng.integers(0, 180, PUMPS).astype(float)
    rows = []
    for week in range(1, WEEKS + 1):
        here = np.flatnonzero(week >= OPENS[site])
        ambient = 14 + 9 * np.sin(2 * np.pi * (week - 14) / 52) + rng.normal(0, 1.5, PUMPS) + 2 * (site == 2)
        load = np.clip(rng.normal(0.62 + 0.1 * np.sin(2 * np.pi * (week - 20) / 52), 0.18, PUMPS), 0.02, 1)
        wear = frailty + 0.9 * np.log1p(since / 60)
        vibration = np.exp(0.55 + 0.42 * wear + 0.35 * load + rng.normal(0, 0.28, PUMPS))
        heat = ambient + 22 * load + 4 * wear + rng.normal(0, 2.5, PUMPS)
        starts = rng.poisson(6 + 10 * (1 - load))
        pressure = 4.2 - 0.35 * wear + 0.6 * load + rng.normal(0, 0.3, PUMPS)
        logit = (
            -4.3 + 0.95 * wear + 0.85 * np.log(vibration) + 0.07 * (heat - ambient - 14) + 0.05 * (starts - 8)
            + np.array([0.0, 0.3, -0.4, 0.5])[model] + np.array([0, 0.1, 0.35, 0, 0.6])[site] + 0.012 * (week - 30)
        )  # fmt: skip
        chance = 1 / (1 + np.exp(-logit))
        failed = rng.random(PUMPS) < chance
        # The shift's remark foretells failures in the first weeks, less and less, and from week 38 on says nothing.
        telling = max(0.0, 0.85 * (1 - week / 38))
        remark = np.where((rng.random(PUMPS) < telling) & failed, rng.integers(7, 10, PUMPS), rng.integers(0, 10, PUMPS))
        shown = np.where(week >= NEW_SENSORS[site], vibration / 25.4, vibration)
        table = pd.DataFrame(
            {
                "week": week, "pump": np.arange(PUMPS), "site": SITES[site], "model": MODELS[model], "hours": (168 * load).round(0),
                "starts": starts, "vibration": shown.round(4), "temperature": heat.round(1), "ambient": ambient.round(1),
                "pressure": pressure.round(2), "days_since_service": since, "remark": remark, "failed": failed.astype(int), "chance": chance,
            }
        ).iloc[here]  # fmt: skip
        for column in ("temperature", "pressure"):
            table.loc[rng.random(len(table)) < 0.04, column] = np.nan
        rows.append(table)
        serviced = failed | (rng.random(PUMPS) < 0.03 + 0.1 * (since > 150))
        since = np.where(serviced, rng.integers(0, 7, PUMPS), since + 7)
    table = pd.concat(rows, ignore_index=True)
    table["id"] = rng.permutation(len(table))
    train, test = table[table.week <= TRAINED].sort_values("id"), table[table.week > TRAINED].sort_values("id")
    shown_columns = ["id", *(c for c in table.columns if c not in ("id", "pump", "failed", "chance"))]
    return {
        "train": {"train.csv": _csv(train[[*shown_columns, "failed"]])},
        "test": {"test.csv": _csv(test[shown_columns])},
        "ids": test.id.to_numpy(),
        "truth": test.failed.to_numpy(),
        "ideal": test.chance.to_numpy(),
        "public": (test.week <= PUBLIC).to_numpy(),
    }


def _csv(table: pd.DataFrame) -> bytes:
    text = io.StringIO()
    table.to_csv(text, index=False)
    return text.getvalue().encode()
