"""What a model is measured against: chance, word counts, and a five-gram model; each in a page, none of them learned by gradient.

The five-gram model is interpolated Kneser-Ney (Kneser and Ney 1995; Chen and Goodman 1999, section 2.7, with one fixed discount): the
highest order counts how often, every lower one after how many different histories. Below single tokens lies the uniform distribution, so
that nothing is impossible.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from modelwright.forge.errors import DataError
from modelwright.forge.tokenizer import FIRST_BYTE


class Uniform:
    """Every ordinary token is as likely as any other."""

    name = "random"

    def __init__(self, vocab: int) -> None:
        self.vocab = vocab

    def log_prob(self, history: Sequence[int], token: int) -> float:
        return -math.log(self.vocab)

    def next(self, history: Sequence[int], rng: random.Random) -> int:
        return rng.randrange(FIRST_BYTE, self.vocab)


class Unigram:
    """How often each token occurs, with one added to every count."""

    name = "unigram"

    def __init__(self, tokens: Sequence[int], vocab: int) -> None:
        self.vocab, self.counts = vocab, Counter(token for token in tokens if token >= FIRST_BYTE)
        self.total = sum(self.counts.values()) + vocab
        self._ids, self._weights = list(self.counts), list(self.counts.values())

    def log_prob(self, history: Sequence[int], token: int) -> float:
        return math.log((self.counts[token] + 1) / self.total)

    def next(self, history: Sequence[int], rng: random.Random) -> int:
        return rng.choices(self._ids, self._weights)[0]


class KneserNey:
    """`counts[n][history][token]` for histories of n tokens, n < order."""

    name = "five-gram"

    def __init__(self, tokens: Sequence[int], vocab: int, order: int = 5, discount: float = 0.75) -> None:
        if len(tokens) < order:
            raise DataError(f"{len(tokens)} tokens are too few for an n-gram model of order {order}")
        self.vocab, self.order, self.discount = vocab, order, discount
        self.counts: list[defaultdict[tuple[int, ...], Counter[int]]] = [defaultdict(Counter) for _ in range(order)]
        for i in range(order - 1, len(tokens)):
            self.counts[-1][tuple(tokens[i - order + 1 : i])][tokens[i]] += 1
        for n in range(order - 2, -1, -1):  # each lower order counts the different tokens that stood before
            for history, followers in self.counts[n + 1].items():
                for token in followers:
                    self.counts[n][history[1:]][token] += 1
        self._totals = [{history: sum(followers.values()) for history, followers in level.items()} for level in self.counts]

    def probability(self, history: Sequence[int], token: int) -> float:
        """(max(c - D, 0) + D * different followers * what the shorter history says) / total, from the shortest history up."""
        p = 1.0 / self.vocab
        for n in range(min(self.order - 1, len(history)) + 1):
            key = tuple(history[len(history) - n :])
            followers = self.counts[n].get(key)
            if followers is None:
                break  # what is unseen at this length is unseen at every greater one
            total = self._totals[n][key]
            p = (max(followers[token] - self.discount, 0.0) + self.discount * len(followers) * p) / total
        return p

    def log_prob(self, history: Sequence[int], token: int) -> float:
        return math.log(self.probability(history, token))

    def next(self, history: Sequence[int], rng: random.Random) -> int:
        """The commonest follower of the longest history that was seen."""
        for n in range(min(self.order - 1, len(history)), -1, -1):
            if followers := self.counts[n].get(tuple(history[len(history) - n :])):
                return max(followers, key=lambda token: (followers[token], -token))
        return FIRST_BYTE


Baseline = Uniform | Unigram | KneserNey


def baselines(tokens: Sequence[int], vocab: int) -> list[Baseline]:
    """All three, from the text that the model was trained on."""
    return [Uniform(vocab), Unigram(tokens, vocab), KneserNey(tokens, vocab)]
