"""An entry for the failing pumps. Run it here to see your own validation; hand it in with: modelwright arena failing-pumps FILE"""

import pandas as pd


def predict(train: pd.DataFrame, test: pd.DataFrame) -> list[float]:
    """The probability that each row of `test` fails, in its order."""
    share = train["failed"].mean()
    return [share] * len(test)


if __name__ == "__main__":
    from sklearn.metrics import log_loss

    table = pd.read_csv("train.csv")
    # Is this split like the one that counts? Here it is a random one; what would a later one say?
    held_out = table.sample(frac=0.25, random_state=0)
    print("validation:", round(log_loss(held_out["failed"], predict(table.drop(held_out.index), held_out)), 4))
