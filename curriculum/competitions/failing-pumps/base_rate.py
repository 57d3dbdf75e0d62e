"""The share of failures in the last eight weeks, for every pump."""

import pandas as pd


def predict(train: pd.DataFrame, test: pd.DataFrame) -> list[float]:
    share = train.loc[train["week"] > 32, "failed"].mean()
    return [share] * len(test)
