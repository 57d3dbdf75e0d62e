"""Duplicates: exact ones by a hash of the text, near ones by MinHash (Broder 1997).

A near duplicate shares, with an earlier document, one of 14 bands of 8 minima of hashed five-word shingles, as FineWeb does it
(arXiv 2406.17557): a pair that shares 75% of its shingles is caught with probability 0.77, one that shares 90% with 0.9995, one that shares
50% with 0.05. Only the bands' hashes are kept, 8 bytes each, and of a bounded number of documents: of the last million at least are near
duplicates found, of the last eight million exact ones. So memory does not grow with the corpus beyond that.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np

BANDS, ROWS, SHINGLE = 14, 8, 5
NEAR_REACH, EXACT_REACH = 1_000_000, 8_000_000
"""How many documents back a duplicate is found for sure."""


def exact_hash(text: str) -> int:
    """64 bits of the text, white space at the ends aside."""
    return int.from_bytes(hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@cache
def _multipliers() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.Generator(np.random.PCG64(20240617))
    odd = rng.integers(0, 2**31, (BANDS * ROWS, 1), dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return odd, rng.integers(0, 2**32, (BANDS * ROWS, 1), dtype=np.uint32)


@cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Whether a byte is of a word (letters, digits, _ and all beyond ASCII), and 64 random bits for it."""
    word = np.array([chr(i).isalnum() or chr(i) == "_" or i > 127 for i in range(256)])
    return word, np.random.Generator(np.random.PCG64(5)).integers(0, 2**63, 256, dtype=np.uint64)


def word_hashes(text: str) -> np.ndarray:
    """64 bits for each word, in order; large and small letters are alike."""
    is_word, values = _tables()
    data = np.frombuffer(text.lower().encode("utf-8", "surrogatepass"), dtype=np.uint8)
    inside = is_word[data]
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return np.empty(0, dtype=np.uint64)
    # The sum of each byte's bits times an odd number for its place, which multiply-xorshift spreads.
    place = np.arange(len(data), dtype=np.uint64)
    place[inside] -= np.repeat(starts, ends - starts).astype(np.uint64)
    mixed = np.where(inside, values[data] * (place * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)), np.uint64(0))
    hashes = np.add.reduceat(mixed, starts)  # what lies between a word and the next adds nothing
    hashes = (hashes ^ (hashes >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    spread: np.ndarray = hashes ^ (hashes >> np.uint64(32))
    return spread


def band_hashes(text: str) -> np.ndarray | None:
    """One 64-bit hash a band; None for a text of fewer than five words, of which only exact copies are duplicates."""
    w = word_hashes(text)
    if len(w) < SHINGLE:
        return None
    shingles = np.zeros(len(w) - SHINGLE + 1, dtype=np.uint64)
    for i in range(SHINGLE):  # a polynomial of the five words' hashes, modulo 2^64
        shingles = shingles * np.uint64(0x9E3779B97F4A7C15) + w[i : len(w) - SHINGLE + 1 + i]
    shingles = np.unique(((shingles ^ (shingles >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(32)).astype(np.uint32))
    # Random odd multipliers and shifts, modulo 2^32.
    odd, shift = _multipliers()
    minima = np.full(BANDS * ROWS, np.uint32(2**32 - 1))
    for start in range(0, len(shingles), 512):  # in pieces that stay in the processor's cache
        minima = np.minimum(minima, (shingles[start : start + 512] * odd + shift).min(1))
    bands = minima.astype(np.uint64).reshape(BANDS, ROWS)
    mixed = np.arange(BANDS, dtype=np.uint64)
    for i in range(ROWS):
        mixed = (mixed ^ bands[:, i]) * np.uint64(0xFF51AFD7ED558CCD)
        mixed ^= mixed >> np.uint64(33)
    return mixed


class HashIndex:
    """The last `reach` 64-bit numbers at least, and at most twice as many, at 8 bytes each.

    Two sorted arrays, an older and a younger one that takes the older's place when it is full; and a small Python set on the way there.
    """

    FRESH = 16_384

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.older = self.younger = np.empty(0, dtype=np.uint64)
        self.fresh: set[int] = set()

    def add(self, value: int) -> bool:
        """Whether it was new."""
        if value in self:
            return False
        self.fresh.add(value)
        if len(self.fresh) >= min(self.FRESH, self.reach):
            self.younger = np.concatenate([self.younger, np.fromiter(self.fresh, dtype=np.uint64, count=len(self.fresh))])
            self.younger.sort()
            self.fresh = set()
            if len(self.younger) >= self.reach:
                self.older, self.younger = self.younger, np.empty(0, dtype=np.uint64)
        return True

    def __contains__(self, value: int) -> bool:
        if value in self.fresh:
            return True
        key = np.uint64(value)
        for held in (self.younger, self.older):
            place = held.searchsorted(key)
            if place < len(held) and held[place] == key:
                return True
        return False


class Duplicates:
    """Remembers what it has seen. Of duplicates the first stays."""

    def __init__(self, near: bool) -> None:
        self.near = near
        self.texts = HashIndex(EXACT_REACH)
        self.bands = [HashIndex(NEAR_REACH) for _ in range(BANDS)]
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
