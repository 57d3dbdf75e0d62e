"""Duplicates: exact ones by a hash of the text, near ones by MinHash (Broder 1997).

A near duplicate shares, with an earlier document, one of 14 bands of 8 minima of hashed five-word shingles, as FineWeb does it
(arXiv 2406.17557): a pair that shares 75% of its shingles is caught with probability 0.77, one that shares 90% with 0.9995, one that shares
50% with 0.05. Only the bands' hashes are kept, 8 bytes each, so that millions of documents fit in memory.
"""

from __future__ import annotations

import hashlib
import re
import zlib

import numpy as np

BANDS, ROWS, SHINGLE = 14, 8, 5
_WORD = re.compile(r"\w+")


def exact_hash(text: str) -> int:
    """64 bits of the text, white space at the ends aside."""
    return int.from_bytes(hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def band_hashes(text: str) -> np.ndarray | None:
    """One 64-bit hash a band; None for a text of fewer than five words, of which only exact copies are duplicates."""
    words = _WORD.findall(text.lower())
    if len(words) < SHINGLE:
        return None
    w = np.fromiter((zlib.crc32(word.encode()) for word in words), dtype=np.uint64, count=len(words))
    shingles = np.zeros(len(w) - SHINGLE + 1, dtype=np.uint64)
    for i in range(SHINGLE):  # a polynomial of the five words' hashes, modulo 2^64
        shingles = shingles * np.uint64(0x9E3779B97F4A7C15) + w[i : len(w) - SHINGLE + 1 + i]
    shingles = np.unique(shingles ^ (shingles >> np.uint64(29)))
    # Random odd multipliers and shifts: multiply-shift hashing, of which the upper 32 bits are kept.
    rng = np.random.Generator(np.random.PCG64(20240617))
    odd = rng.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    shift = rng.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64)
    minima = np.full(BANDS * ROWS, np.uint64(2**64 - 1))
    for start in range(0, len(shingles), 4096):  # in pieces, so that a long document needs no large table
        part = shingles[start : start + 4096]
        minima = np.minimum(minima, (part[None, :] * odd[:, None] + shift[:, None]).min(1) >> np.uint64(32))
    bands = minima.reshape(BANDS, ROWS)
    mixed = np.arange(BANDS, dtype=np.uint64)
    for i in range(ROWS):
        mixed = (mixed ^ bands[:, i]) * np.uint64(0xFF51AFD7ED558CCD)
        mixed ^= mixed >> np.uint64(33)
    return mixed


class HashIndex:
    """A set of 64-bit numbers at 8 bytes each: a sorted array, and a small Python set that is merged into it now and then."""

    def __init__(self) -> None:
        self.sorted = np.empty(0, dtype=np.uint64)
        self.fresh: set[int] = set()

    def add(self, value: int) -> bool:
        """Whether it was new."""
        if value in self.fresh:
            return False
        place = int(np.searchsorted(self.sorted, np.uint64(value)))
        if place < len(self.sorted) and int(self.sorted[place]) == value:
            return False
        self.fresh.add(value)
        if len(self.fresh) > max(4096, len(self.sorted) // 16):
            self.sorted = np.sort(np.concatenate([self.sorted, np.fromiter(self.fresh, dtype=np.uint64, count=len(self.fresh))]))
            self.fresh = set()
        return True

    def __contains__(self, value: int) -> bool:
        if value in self.fresh:
            return True
        place = int(np.searchsorted(self.sorted, np.uint64(value)))
        return place < len(self.sorted) and int(self.sorted[place]) == value


class Duplicates:
    """Remembers what it has seen. Of duplicates the first stays."""

    def __init__(self, near: bool) -> None:
        self.near = near
        self.texts = HashIndex()
        self.bands = [HashIndex() for _ in range(BANDS)]
        self.exact_found = self.near_found = 0

    def is_new(self, text_hash: int, bands: np.ndarray | None) -> bool:
        if not self.texts.add(text_hash):
            self.exact_found += 1
            return False
        if self.near and bands is not None:
            values = [int(value) for value in bands]
            if any(value in index for value, index in zip(values, self.bands, strict=True)):
                self.near_found += 1
                return False
            for value, index in zip(values, self.bands, strict=True):
                index.add(value)
        return True
