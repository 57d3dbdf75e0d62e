"""Tokenizer and data: training time against `tokenizers` itself, the plain reference's time, encoding speed, and the memory of streaming.

    python bench/forge_data.py [--megabytes 10] [--stream-mb 50,100,200] [--full-index] [--only-streaming]

Streaming: JSON lines of documents of about 4 kB, of which a third is new, a third an earlier one with a few words changed and a third an
earlier one as it was. The memory is the peak resident size of the preparing process plus that of the largest worker times their number,
for each size in turn, so that growth would show (`--stream-mb 5000` is the claim itself; it takes an hour on two cores). `--full-index`
adds what the index of duplicates holds when it has seen as many documents as it ever remembers, 33 GB of such text.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
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
print(f"{peak[0]:.0f} {peak[1]:.0f} {time.perf_counter() - began:.1f} {made.documents} {made.tokens('train')}", end=" ")
print(made.exact_duplicates, made.near_duplicates_found)
"""

INDEX = """
import resource
import numpy as np
from modelwright.forge.data.dedup import BANDS, EXACT_REACH, NEAR_REACH, Duplicates
seen, rng = Duplicates(near=True), np.random.default_rng(0)
mb = lambda: int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
def fill():  # all at once, which one by one takes long; the numbers kept are the same
    for index, reach in ((seen.texts, EXACT_REACH), *((band, NEAR_REACH) for band in seen.bands)):
        for _ in range(reach // index.FRESH + 1):
            index.fresh = set(rng.integers(0, 2**63, index.FRESH - 1, dtype=np.uint64).tolist())
            index.add(int(rng.integers(0, 2**63)))
fill()
first = mb()
fill()
print(EXACT_REACH, first, mb())
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
    options.add_argument("--stream-mb", default="50,100,200")
    options.add_argument("--full-index", action="store_true")
    options.add_argument("--only-streaming", action="store_true")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = options.parse_args()
    if not given.only_streaming:
        tokenizers_and_reference(given.megabytes)
    streaming([float(size) for size in given.stream_mb.split(",")], given.workers)
    if given.full_index:
        said = subprocess.run([sys.executable, "-c", INDEX], capture_output=True, text=True, check=True).stdout.split()
        print(f"the index of duplicates after {int(said[0]):,} documents: {said[1]} MB resident, {said[2]} MB after as many again")


def tokenizers_and_reference(megabytes: float) -> None:
    texts: list[str] = []
    size = 0
    for text in open_source("stdlib").read():
        texts.append(text)
        size += len(text)
        if size >= megabytes * 1e6:
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


def documents() -> Iterator[str]:
    """Endless: new ones, near copies, copies."""
    draw, pool = random.Random(0), []
    for text in open_source("stdlib").read():
        pool += [text[i : i + 4000] for i in range(0, min(len(text), 40_000), 4000)]
        if len(pool) > 1500:
            break
    told = list(primer.documents(12_000))
    pool += ["\n".join(told[i : i + 20]) for i in range(0, len(told), 20)]
    words = sorted(set(" ".join(told[:300]).split()))
    earlier: list[str] = []
    while True:
        kind = draw.randrange(3) if earlier else 0
        if kind == 0:  # every fifth word of a real one is another, so that no two are near
            made = [draw.choice(words) if draw.random() < 0.2 else word for word in draw.choice(pool).split(" ")]
            text = " ".join(made)
            if len(earlier) < 20_000:
                earlier.append(text)
        else:
            text = draw.choice(earlier)
            if kind == 1:
                made = text.split(" ")
                made[draw.randrange(len(made))] = draw.choice(words)
                text = " ".join(made)
        yield text


def streaming(megabytes: list[float], workers: int) -> None:
    print(f"\n{'streaming':<14}{'documents':>10}{'exact':>9}{'near':>9}{'tokens':>13}{'seconds':>9}{'MB/s':>7}{'peak MB':>9}  (limit 1000)")
    with tempfile.TemporaryDirectory() as folder:
        Tokenizer.train(itertools.islice(documents(), 400), 8192).save(Path(folder))
        for size in megabytes:
            big, written = Path(folder) / "big.jsonl", 0
            with big.open("w", encoding="utf-8") as file:
                for text in documents():
                    written += file.write(json.dumps({"text": text}) + "\n")
                    if written >= size * 1e6:
                        break
            command = [sys.executable, "-c", STREAM, str(big), str(Path(folder) / f"out-{size}"), folder, str(workers)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            parent, child, taken, count, tokens, exact, near = map(float, said)
            peak = parent + (workers * child if workers > 1 else 0)
            print(
                f"{f'{written / 1e6:,.0f} MB':<14}{count:>10,.0f}{exact:>9,.0f}{near:>9,.0f}{tokens:>13,.0f}{taken:>9.0f}"
                f"{written / 1e6 / taken:>7.1f}{peak:>9.0f}  ({parent:.0f} and {workers} workers of {child:.0f})",
                flush=True,
            )
            big.unlink()


if __name__ == "__main__":
    main()
