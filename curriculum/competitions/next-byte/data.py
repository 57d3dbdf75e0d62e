"""Text of Python's own library, as it lies on this machine: some files to learn from, and contexts cut from others with names exchanged."""

import base64
import builtins
import json
import keyword
import re
import sysconfig
from pathlib import Path

import numpy as np

TRAIN = 1_200_000
CONTEXTS, LENGTH, APART = 2000, 512, 700
NAME = re.compile(r"\b[A-Za-z_][A-Za-z_0-9]{3,}\b")
KEPT = set(keyword.kwlist) | set(dir(builtins)) | {"self"}


def make(rng: np.random.Generator) -> dict:
    """train and test files, ids, and truth: (n,) the bytes that come next."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = [path.read_text(encoding="utf-8", errors="ignore") for path in files if not path.name.startswith(("test", "pydoc_data"))]
    texts = [texts[i] for i in rng.permutation(len(texts)) if len(texts[i]) > 3000]
    train, held_out = "", []
    for text in texts:
        if len(train) < TRAIN:
            train += text + "\n"
        else:
            held_out.append(text)
    names = sorted({name for text in texts for name in NAME.findall(text) if name not in KEPT})
    places = []
    for number, text in enumerate(held_out):
        held_out[number] = _renamed(text, names, rng)
        data = held_out[number].encode()
        places += [(number, at) for at in range(LENGTH + int(rng.integers(APART)), len(data), APART)]
    chosen = [places[i] for i in rng.permutation(len(places))[:CONTEXTS]]
    encoded = [text.encode() for text in held_out]
    contexts = [encoded[number][at - LENGTH : at] for number, at in chosen]
    return {
        "train": {"train.txt": train.encode()},
        "test": {"contexts.json": json.dumps([base64.b64encode(context).decode() for context in contexts]).encode()},
        "ids": np.arange(len(chosen)),
        "truth": np.array([encoded[number][at] for number, at in chosen]),
    }


def _renamed(text: str, names: list[str], rng: np.random.Generator) -> str:
    """The text with each of its longer names exchanged for another one, the same throughout."""
    own = sorted({name for name in NAME.findall(text) if name not in KEPT})
    other = dict(zip(own, rng.choice(names, size=len(own), replace=False), strict=True))
    return NAME.sub(lambda found: other.get(found.group(), found.group()), text)
