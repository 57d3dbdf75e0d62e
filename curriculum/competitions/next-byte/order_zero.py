"""How often each byte comes, whatever came before."""

import numpy as np


def predict(train: bytes, contexts: list[bytes]) -> np.ndarray:
    counts = np.bincount(np.frombuffer(train, dtype=np.uint8), minlength=256) + 1.0
    return np.tile(counts / counts.sum(), (len(contexts), 1))
