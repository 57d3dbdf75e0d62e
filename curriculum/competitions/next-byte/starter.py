"""An entry for the next byte. Run it here to see your own validation; hand it in with: modelwright arena next-byte FILE"""

import numpy as np


def predict(train: bytes, contexts: list[bytes]) -> np.ndarray:
    """(len(contexts), 256): the probability of each byte after each context."""
    counts = np.bincount(np.frombuffer(train, dtype=np.uint8), minlength=256) + 1.0
    return np.tile(counts / counts.sum(), (len(contexts), 1))


if __name__ == "__main__":
    with open("train.txt", "rb") as file:
        text = file.read()
    cut = len(text) * 9 // 10
    places = range(cut + 512, len(text), 700)
    said = predict(text[:cut], [text[at - 512 : at] for at in places])
    came = np.array([text[at] for at in places])
    print("validation:", round(float(-np.log2(said[np.arange(len(came)), came]).mean()), 3), "bits per byte")
