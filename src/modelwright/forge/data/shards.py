"""Documents to token shards: what training reads, with a manifest that says how it came to be.

A shard is a plain array of token ids; documents follow each other, each closed by <|end|>. They are packed: training cuts windows
anywhere, so that a window may hold the end of one document and the start of the next (a recipe's `document_mask` keeps attention inside a
document). A document goes to the validation part by the hash of its text, so that no text is in both parts and more data never moves an
old document. Preparation streams: what is in memory is a few chunks of documents, one shard of each part, and 8 bytes a hash of a bounded
number of documents (`dedup.py`).

A stopped preparation goes on where it stopped: shards that are whole stay, and the documents in them are read again only for the index
of duplicates. The result is the same to the byte.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from modelwright.forge.data.dedup import Duplicates, band_hashes, exact_hash
from modelwright.forge.data.sources import Source
from modelwright.forge.errors import DataError
from modelwright.forge.tokenizer import END, Tokenizer

FORMAT = 1
CHUNK_BYTES = 1 << 20
SHARD_TOKENS = 1 << 24


@dataclass(frozen=True)
class Shard:
    file: str
    split: str
    tokens: int
    documents: int
    bytes: int
    """Of text, before tokens: what bits per byte divides by."""
    sha256: str


@dataclass(frozen=True)
class Manifest:
    format: int
    source: str
    tokenizer_sha256: str
    vocab: int
    dtype: str
    packing: str
    validation: float
    near_duplicates: bool
    documents: int
    """Read from the source, duplicates included."""
    exact_duplicates: int
    near_duplicates_found: int
    shards: tuple[Shard, ...]
    complete: bool

    def tokens(self, split: str) -> int:
        return sum(shard.tokens for shard in self.shards if shard.split == split)

    def bytes(self, split: str) -> int:
        return sum(shard.bytes for shard in self.shards if shard.split == split)

    def write(self, folder: Path) -> None:
        fresh = folder / ".manifest.json"
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(folder / "manifest.json")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        try:
            values = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            return cls(**{**values, "shards": tuple(Shard(**shard) for shard in values["shards"])})
        except FileNotFoundError:
            raise DataError(f"there are no token shards at {folder}; make them with `modelwright forge prepare`") from None
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"the manifest in {folder} is damaged ({error}); prepare the data again") from None


@dataclass(frozen=True)
class Progress:
    documents: int
    bytes: int
    tokens: int
    of_bytes: int | None


class _Writer:
    """Collects one split's documents and closes a shard when it is full."""

    def __init__(self, folder: Path, split: str, dtype: str, index: int) -> None:
        self.folder, self.split, self.dtype, self.index = folder, split, dtype, index
        self.parts: list[np.ndarray] = []
        self.tokens = self.documents = self.bytes = 0

    def add(self, ids: np.ndarray, size: int) -> None:
        self.parts.append(ids.astype(self.dtype))
        self.tokens += len(ids)
        self.documents += 1
        self.bytes += size

    def close(self) -> Shard | None:
        if not self.parts:
            return None
        digest = hashlib.sha256()
        name = f"{self.split}-{self.index:05d}.bin"
        fresh = self.folder / f".{name}"
        with fresh.open("wb") as file:
            for part in self.parts:
                file.write(part.data)
                digest.update(part.data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / name)
        shard = Shard(name, self.split, self.tokens, self.documents, self.bytes, digest.hexdigest())
        self.parts, self.index = [], self.index + 1
        self.tokens = self.documents = self.bytes = 0
        return shard


_worker: tuple[Tokenizer, bool] | None = None  # in a worker process only: its tokenizer, loaded once


def _start_worker(tokenizer_json: str, near: bool) -> None:
    global _worker
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import tokenizers

    _worker = Tokenizer(tokenizers.Tokenizer.from_str(tokenizer_json)), near


def _in_worker(texts: list[str], skip: int) -> list[tuple[int, np.ndarray | None, np.ndarray, int]]:
    assert _worker is not None
    return _digest(texts, skip, *_worker)


def _digest(texts: list[str], skip: int, tokenizer: Tokenizer, near: bool) -> list[tuple[int, np.ndarray | None, np.ndarray, int]]:
    """For each text: its hash, its bands, its tokens, its bytes. The first `skip` are already in shards: no tokens for them."""
    ids: list[list[int]] = [[]] * skip + tokenizer.encode_batch(texts[skip:])
    return [
        (
            exact_hash(text),
            band_hashes(text) if near else None,
            np.asarray([*tokens, END], dtype=np.uint32) if i >= skip else np.empty(0, dtype=np.uint32),
            len(text.encode("utf-8", "surrogatepass")),
        )
        for i, (text, tokens) in enumerate(zip(texts, ids, strict=True))
    ]


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for text in texts:
        chunk.append(text)
        size += len(text)
        if size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def prepare(
    source: Source,
    folder: Path,
    tokenizer: Tokenizer,
    *,
    validation: float = 0.02,
    near: bool = True,
    workers: int = 1,
    shard_tokens: int = SHARD_TOKENS,
    on_progress: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Make the shards, or finish those that an earlier call with the same arguments began."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer_json = tokenizer.to_json()
    head: dict[str, Any] = {
        "format": FORMAT,
        "source": source.name,
        "tokenizer_sha256": hashlib.sha256(tokenizer_json.encode()).hexdigest(),
        "vocab": tokenizer.size,
        "dtype": "uint16" if tokenizer.size <= 1 << 16 else "uint32",
        "packing": "documents follow each other, each closed by <|end|>; windows are cut anywhere",
        "validation": validation,
        "near_duplicates": near,
    }
    shards: list[Shard] = []
    done = 0
    if (folder / "manifest.json").exists():
        old = Manifest.read(folder)
        different = [key for key, value in head.items() if getattr(old, key) != value]
        if different:
            raise DataError(
                f"{folder} holds shards made otherwise ({different[0]}: {getattr(old, different[0])}, now {head[different[0]]}); "
                "choose another folder or remove that one"
            )
        if old.complete:
            return old
        shards, done = list(old.shards), old.documents

    duplicates = Duplicates(near)
    writers = {split: _Writer(folder, split, head["dtype"], sum(shard.split == split for shard in shards)) for split in ("train", "val")}
    seen = size = 0

    def manifest(complete: bool) -> Manifest:
        made = Manifest(
            **head,
            documents=seen,
            exact_duplicates=duplicates.exact_found,
            near_duplicates_found=duplicates.near_found,
            shards=tuple(shards),
            complete=complete,
        )
        made.write(folder)
        return made

    def close_all() -> None:
        """Both splits close together, so that the manifest can say after which document to go on."""
        for writer in writers.values():
            if shard := writer.close():
                shards.append(shard)

    for digests in _digested(source, tokenizer, tokenizer_json, near, workers, done):
        for text_hash, bands, ids, length in digests:
            seen += 1
            size += length
            if duplicates.is_new(text_hash, bands) and seen > done:
                # The top bits of the hash decide; the rest of the hash has no say in anything else.
                writers["val" if text_hash >> 32 < validation * 2**32 else "train"].add(ids, length)
                if writers["train"].tokens >= shard_tokens:
                    close_all()
                    manifest(complete=False)
        if on_progress:
            tokens = sum(shard.tokens for shard in shards) + sum(writer.tokens for writer in writers.values())
            on_progress(Progress(seen, size, tokens, source.bytes))
    close_all()
    if not any(shard.split == "train" for shard in shards):
        raise DataError(f"the corpus {source.name} is empty: no document with text was found")
    return manifest(complete=True)


def _digested(source: Source, tokenizer: Tokenizer, tokenizer_json: str, near: bool, workers: int, done: int) -> Iterator[list[Any]]:
    """Chunks in order; with more than one worker, a few of them are in the air at a time."""

    def jobs() -> Iterator[tuple[list[str], int]]:
        position = 0
        for chunk in _chunks(source.read()):
            yield chunk, min(max(0, done - position), len(chunk))
            position += len(chunk)

    if workers <= 1:
        for chunk, skip in jobs():
            yield _digest(chunk, skip, tokenizer, near)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(tokenizer_json, near)) as pool:
        waiting: deque[Future[Any]] = deque()
        for chunk, skip in jobs():
            waiting.append(pool.submit(_in_worker, chunk, skip))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def train_tokenizer(source: Source, size: int, limit_bytes: int = 50_000_000, progress: bool = False) -> Tokenizer:
    """A tokenizer from the source's first `limit_bytes`: more changes the merges little and costs memory."""

    def texts() -> Iterator[str]:
        read = 0
        for text in source.read():
            yield text
            read += len(text)
            if read >= limit_bytes:
                return

    first = list(islice(source.read(), 1))
    if not first:
        raise DataError(f"the corpus {source.name} is empty: no document with text was found")
    return Tokenizer.train(texts(), size, progress)


class TokenData:
    """The shards of one split as one long array of tokens, mapped from disk."""

    def __init__(self, folder: Path, split: str) -> None:
        self.manifest = Manifest.read(folder)
        if not self.manifest.complete:
            raise DataError(f"the shards in {folder} are not finished; run `modelwright forge prepare` again to go on")
        self.arrays: list[np.ndarray] = []
        if self.manifest.dtype not in ("uint16", "uint32"):
            raise DataError(f"the manifest in {folder} is damaged (its dtype is {self.manifest.dtype}); prepare the data again")
        for shard in self.manifest.shards:
            if shard.split == split:
                file = folder / shard.file
                width = np.dtype(self.manifest.dtype).itemsize
                if not file.exists() or file.stat().st_size != shard.tokens * width:
                    raise DataError(f"the shard {file} is not what its manifest says; prepare the data again")
                self.arrays.append(np.memmap(file, dtype=self.manifest.dtype, mode="r"))
        self.starts = np.cumsum([0, *(len(array) for array in self.arrays)])
        self.folder, self.split = folder, split

    def __len__(self) -> int:
        return int(self.starts[-1])

    def window(self, start: int, length: int) -> np.ndarray:
        """`length` tokens from a position of the whole, across shards if need be."""
        parts = []
        shard = int(np.searchsorted(self.starts, start, side="right")) - 1
        while length > 0:
            array = self.arrays[shard][start - self.starts[shard] :][:length]
            parts.append(array)
            start, length, shard = start + len(array), length - len(array), shard + 1
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def verify(self) -> None:
        """Every shard's hash against the manifest."""
        for shard in self.manifest.shards:
            if hashlib.sha256((self.folder / shard.file).read_bytes()).hexdigest() != shard.sha256:
                raise DataError(f"the shard {shard.file} has changed since it was made; prepare the data again")


def get_batch(tokens: np.ndarray, starts: np.ndarray, context: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows of `context` tokens and, one later, their targets: two int64 arrays (b, context)."""
    places = np.asarray(starts, dtype=np.int64)[:, None] + np.arange(context + 1)
    windows = np.asarray(tokens)[places].astype(np.int64)
    return windows[:, :-1], windows[:, 1:]


class Batches:
    """Batch number k is a function of the seed and k alone: nothing to save, nothing to restore, and no two processes overlap."""

    def __init__(self, data: TokenData, batch: int, context: int, seed: int) -> None:
        if len(data) < context + 1:
            what = "validation part" if data.split == "val" else "corpus"
            raise DataError(
                f"the {what} has {len(data)} tokens, fewer than one context of {context} and its target; "
                "give more text or choose a smaller context"
            )
        self.data, self.batch, self.context, self.seed = data, batch, context, seed

    def __call__(
        self, number: int, part: slice = slice(None), windows: Callable[..., tuple[np.ndarray, np.ndarray]] = get_batch
    ) -> tuple[np.ndarray, np.ndarray]:
        """Batch `number`, or the rows of it that `part` names."""
        rng = np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 0, 0, number]))
        starts = rng.integers(0, len(self.data) - self.context, self.batch)[part]
        if len(self.data.arrays) == 1:
            x, y = windows(self.data.arrays[0], starts, self.context)
        else:
            rows = np.stack([self.data.window(int(start), self.context + 1) for start in starts])
            x, y = windows(rows.reshape(-1), np.arange(len(rows)) * (self.context + 1), self.context)
        if y.size and int(np.max(y)) >= self.data.manifest.vocab:
            raise DataError(
                f"the shards in {self.data.folder} are damaged: they hold token {int(np.max(y))}, but there are "
                f"{self.data.manifest.vocab} in all; prepare the data again"
            )
        return x, y
