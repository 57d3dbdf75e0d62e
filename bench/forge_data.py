"""Tokenizer and data: training time against `tokenizers` itself, the plain reference's time, encoding speed, and the memory of streaming.

    python bench/forge_data.py [--megabytes 10] [--stream-gb 0.2]

The memory is the peak resident size of a process of its own that prepares a text of that many gigabytes
(`--stream-gb 5` for the full claim).
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from modelwright.forge import bpe_reference
from modelwright.forge.data import primer
from modelwright.forge.data.sources import open_source
from modelwright.forge.tokenizer import FIRST_MERGE, PATTERN, SPECIALS, Tokenizer, byte_characters

STREAM = """
import resource, sys, time
from pathlib import Path
from modelwright.forge.data.shards import prepare
from modelwright.forge.data.sources import open_source
from modelwright.forge.tokenizer import Tokenizer
began = time.perf_counter()
made = prepare(open_source(sys.argv[1]), Path(sys.argv[2]), Tokenizer.load(Path(sys.argv[3])), workers=int(sys.argv[4]))
peak = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(f"{peak[0]:.0f} {peak[1]:.0f} {time.perf_counter() - began:.1f} {made.documents} {made.tokens('train')} {made.near_duplicates_found}")
"""


def peer(texts: list[str], size: int) -> float:
    """The library by itself, with the same pattern."""
    import tokenizers
    from tokenizers import models, pre_tokenizers, trainers

    began = time.perf_counter()
    inner = tokenizers.Tokenizer(models.BPE())
    cut = pre_tokenizers.Split(tokenizers.Regex(PATTERN), behavior="isolated")
    inner.pre_tokenizer = pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=list(SPECIALS), initial_alphabet=byte_characters(), show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    return time.perf_counter() - began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=float, default=10)
    options.add_argument("--stream-gb", type=float, default=0.2)
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = options.parse_args()

    texts: list[str] = []
    size = 0
    for text in open_source("stdlib").read():
        texts.append(text)
        size += len(text)
        if size >= given.megabytes * 1e6:
            break
    ours, theirs = [], []
    for _ in range(3):
        theirs.append(peer(texts, 8192))
        began = time.perf_counter()
        made = Tokenizer.train(texts, 8192)
        ours.append(time.perf_counter() - began)
    print(f"{'what':<58}{'seconds':>9}{'to peer':>9}")
    print(f"{f'tokenizers itself, {size / 1e6:.1f} MB, 8192 tokens, best of 3':<58}{min(theirs):>9.2f}")
    print(f"{'the forge, the same':<58}{min(ours):>9.2f}{min(ours) / min(theirs):>9.2f}")
    began = time.perf_counter()
    count = sum(len(ids) for ids in made.encode_batch(texts))
    seconds = time.perf_counter() - began
    print(f"{f'encoding it: {count:,} tokens, {size / 1e6 / seconds:.1f} MB/s':<58}{seconds:>9.2f}")

    book = Path(os.environ.get("MODELWRIGHT_DATA", "../shared")) / "data/llm/tinyshakespeare.txt"
    text = book.read_text()[:130_000] if book.exists() else "\n".join(primer.documents(700))[:130_000]
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        merges = bpe_reference.train([text], 500)
        best = min(best, time.perf_counter() - began)
    same = merges == Tokenizer.train([text], FIRST_MERGE + 500).merges
    print(f"{'the reference in Python, 500 merges on 130 kB, limit 1.5 s':<58}{best:>9.2f}   the same merges: {same}")

    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder) / "big.txt"
        with big.open("w", encoding="utf-8") as file:
            draw, words = random.Random(0), sorted(set(" ".join(primer.documents(300)).split()))
            written = 0
            while written < given.stream_gb * 1e9:  # random words: no two documents are near duplicates, the worst case for the index
                written += file.write(" ".join(draw.choices(words, k=700)) + "\n\n")
        made.save(Path(folder))
        command = [sys.executable, "-c", STREAM, str(big), str(Path(folder) / "out"), folder, str(given.workers)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    parent, child, taken, documents, tokens, near = said
    print(f"\nStreaming {written / 1e9:.2f} GB: {documents} documents, {int(tokens):,} tokens, {near} near duplicates, {taken} s")
    print(f"peak memory {parent} MB, and {child} MB in the largest of {given.workers} workers; the limit is 1000 MB for 5 GB")


if __name__ == "__main__":
    main()
