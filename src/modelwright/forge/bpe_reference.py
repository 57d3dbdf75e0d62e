"""Byte-pair encoding in plain Python: what `tokenizer.py` has done by a library, written to be read.

It gives exactly the library's merges and ids (the tests compare them). Training keeps, for each pair, its count and the words that hold it,
and after a merge touches only those words: that is what makes it fast enough to use. The idea is Gage's (1994), for words Sennrich's
(arXiv 1508.07909), on bytes GPT-2's.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable

from modelwright.forge.tokenizer import FIRST_BYTE, byte_order, pieces, utf8_runs

Pair = tuple[int, int]


def train(texts: Iterable[str], merges: int) -> list[tuple[bytes, bytes]]:
    """The first `merges` merges. Fewer come back when no pair is left that occurs twice."""
    id_of_byte = {byte: FIRST_BYTE + rank for rank, byte in enumerate(byte_order())}
    spelling = {i: bytes([byte]) for byte, i in id_of_byte.items()}
    frequencies = Counter(piece for text in texts for piece in pieces(text))
    words = [[id_of_byte[byte] for byte in piece.encode()] for piece in frequencies]
    weights = list(frequencies.values())

    counts: dict[Pair, int] = defaultdict(int)
    holders: dict[Pair, set[int]] = defaultdict(set)
    for w, word in enumerate(words):
        for pair in itertools.pairwise(word):
            counts[pair] += weights[w]
            holders[pair].add(w)
    # The heap's smallest entry is the most frequent pair, and of equals the one with the smaller ids. Entries go stale when a count
    # changes; a stale one is recognised when it comes up, because it disagrees with `counts`.
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)

    learned: list[tuple[bytes, bytes]] = []
    id_of_spelling = {token: i for i, token in spelling.items()}
    while heap and len(learned) < merges:
        negative, pair = heapq.heappop(heap)
        if -negative != counts[pair]:
            if counts[pair] > 0:
                heapq.heappush(heap, (-counts[pair], pair))
            continue
        if counts[pair] < 2:
            break
        left, right = spelling[pair[0]], spelling[pair[1]]
        learned.append((left, right))
        # Two merges can spell the same bytes ("a"+"bc", "ab"+"c"): they are one token.
        new = id_of_spelling.setdefault(left + right, FIRST_BYTE + len(spelling))
        spelling[new] = left + right
        changed: set[Pair] = set()
        for w in holders.pop(pair):
            before, after = words[w], merge(words[w], pair, new)
            for old in itertools.pairwise(before):
                counts[old] -= weights[w]
            for now in itertools.pairwise(after):
                counts[now] += weights[w]
                holders[now].add(w)
                changed.add(now)
            words[w] = after
        for now in changed:
            heapq.heappush(heap, (-counts[now], now))
    return learned


def merge(word: list[int], pair: Pair, new: int) -> list[int]:
    """Replace the pair wherever it stands, from the left."""
    out: list[int] = []
    i = 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


class Encoder:
    """Encode and decode by a list of merges."""

    def __init__(self, merges: list[tuple[bytes, bytes]]) -> None:
        self.spelling = {FIRST_BYTE + rank: bytes([byte]) for rank, byte in enumerate(byte_order())}
        self.id_of = {token: i for i, token in self.spelling.items()}
        self.rank: dict[Pair, tuple[int, int]] = {}
        for position, (left, right) in enumerate(merges):
            new = self.id_of.setdefault(left + right, FIRST_BYTE + len(self.spelling))
            self.spelling[new] = left + right
            self.rank[self.id_of[left], self.id_of[right]] = (position, new)

    def encode(self, text: str | bytes) -> list[int]:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        ids: list[int] = []
        for run, raw in utf8_runs(data):
            for piece in [raw] if run is None else [piece.encode() for piece in pieces(run)]:
                ids += self.encode_piece(piece)
        return ids

    def encode_piece(self, piece: bytes) -> list[int]:
        """Merge the pair that was learned first, until no pair was learned."""
        word = [self.id_of[bytes([byte])] for byte in piece]
        while known := [self.rank[pair] + pair for pair in itertools.pairwise(word) if pair in self.rank]:
            _, new, left, right = min(known)
            word = merge(word, (left, right), new)
        return word

    def decode(self, ids: Iterable[int]) -> bytes:
        return b"".join(self.spelling.get(i, b"") for i in ids)
