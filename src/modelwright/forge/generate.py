"""From logits to a token, and from tokens to text that may be shown: everything about one reply that does not depend on the model.

A `Sampling` says how to choose, `choose` chooses for many replies at once, and a `Writer` turns tokens into text piece by piece, holding
back what may turn out to be the start of a stop string or half of a character. The engine that runs the model is `engine.py`.

Order of what is done to the logits: repetition, presence and frequency penalties; what is forbidden; temperature; then min-p, top-k and
top-p, each on what the one before it left. The draw is by inverse cumulative: the kept tokens stand in order of falling probability (equal
ones by id), and `u` in [0, 1) points at one of them. So a reply is a function of its seed and of nothing else in the batch.
"""

from __future__ import annotations

import codecs
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from modelwright.forge.errors import ConfigError

SampleOp = Callable[[Tensor, float, int, float, float], int]


@dataclass(frozen=True, kw_only=True)
class Sampling:
    temperature: float = 1.0
    """0 takes the likeliest."""
    top_k: int = 0
    """Keep so many of the likeliest; 0 keeps all."""
    top_p: float = 1.0
    """Keep the likeliest until their sum is at least this."""
    min_p: float = 0.0
    """Keep what is at least this fraction as likely as the likeliest."""
    repetition_penalty: float = 1.0
    """What the logits of tokens already seen are divided by, if positive, or multiplied by (arXiv 1909.05858)."""
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    """The reply ends before the first of these."""
    seed: int | None = None
    """None draws one."""
    logprobs: int | None = None
    """None: none. A number: the chosen token's log-probability, and so many of the likeliest beside it."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("temperature", 0.0, 100.0), ("top_k", 0, 10**9), ("min_p", 0.0, 1.0), ("repetition_penalty", 0.01, 100.0),
            ("presence_penalty", -2.0, 2.0), ("frequency_penalty", -2.0, 2.0), ("max_tokens", 1, 10**9), ("top_p", 0.0, 1.0),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value}; it must lie between {low} and {high}")
        if self.top_p == 0:
            raise ConfigError("top_p is 0; it must be more than 0, since nothing would be left to choose from")
        if "" in self.stop:
            raise ConfigError("a stop string is empty; it would stop everything")

    @property
    def plain(self) -> bool:
        """Whether the logits are used as they are."""
        return not self.logit_bias and self.repetition_penalty == 1.0 and not self.presence_penalty and not self.frequency_penalty


# The part.


def sample(logits_v: Tensor, temperature: float, top_k: int, top_p: float, u: float) -> int:
    """One token; `u` in [0, 1) decides. Plain and slow: sorts the whole vocabulary. `choose` gives the same."""
    if logits_v.dim() != 1 or logits_v.shape[0] == 0:
        raise ValueError(f"logits have shape {tuple(logits_v.shape)}; one position's, (vocabulary,), are wanted")
    if temperature < 0 or top_k < 0 or not 0 < top_p <= 1 or not 0 <= u < 1:
        raise ValueError("temperature and top_k must be at least 0, top_p in (0, 1] and u in [0, 1)")
    if temperature == 0:
        return int((logits_v == logits_v.max()).nonzero()[0])
    ordered_v, ids_v = logits_v.sort(descending=True, stable=True)
    p_v = ((ordered_v - ordered_v[0]).double() / temperature).softmax(0)
    if top_k:
        p_v = p_v[:top_k]
    return int(ids_v[_draw(p_v.numpy(), top_p, u)])


def _draw(p: np.ndarray, top_p: float, u: float) -> int:
    """Index into probabilities that fall and may have been cut; top-p is of what is left."""
    cumulative = np.cumsum(p)
    kept = min(int(np.searchsorted(cumulative, top_p * cumulative[-1])) + 1, len(p)) if top_p < 1 else len(p)
    return min(int(np.searchsorted(cumulative[:kept], u * cumulative[kept - 1], side="right")), kept - 1)


_NEAR = 64
"""How many of the likeliest are looked at before a whole vocabulary is sorted."""


def choose(logits_nv: Tensor, wants: Sequence[Sampling], us: Sequence[float], part: SampleOp | None = None) -> list[int]:
    """A token for each row. The same as `sample` row by row (or a learner's), all rows at once and sorting only what can matter."""
    greedy = [want.temperature == 0 for want in wants]
    if part is None and all(greedy):
        return logits_nv.argmax(-1).tolist()
    if any(want.min_p for want in wants):
        least_n = [want.temperature * float(np.log(want.min_p)) if want.min_p else -np.inf for want in wants]
        lowest_n1 = logits_nv.amax(-1, keepdim=True) + torch.tensor(least_n)[:, None]
        logits_nv = logits_nv.masked_fill(logits_nv < lowest_n1, -torch.inf)
    if part is not None:
        return [part(row_v, want.temperature, want.top_k, want.top_p, u) for row_v, want, u in zip(logits_nv, wants, us, strict=True)]
    rows_nv = logits_nv.float().numpy()
    found = _choose(rows_nv, wants, us, _NEAR if rows_nv.shape[1] > 16 * _NEAR else rows_nv.shape[1])
    if unsure := [i for i, token in enumerate(found) if token < 0]:
        again = _choose(rows_nv[unsure], [wants[i] for i in unsure], [us[i] for i in unsure], rows_nv.shape[1])
        for i, token in zip(unsure, again, strict=True):
            found[i] = token
    return found


def _choose(logits_nv: np.ndarray, wants: Sequence[Sampling], us: Sequence[float], near: int) -> list[int]:
    """By the `near` likeliest of each row; -1 where the choice lies beyond them."""

    def column(values: list[float]) -> np.ndarray:
        return np.array(values, dtype=np.float64)[:, None]

    temperature_n1 = column([want.temperature or 1.0 for want in wants])
    ids_nk = _likeliest(logits_nv, near)
    most_n1 = np.take_along_axis(logits_nv, ids_nk[:, :1], 1).astype(np.float64)
    cumulative_nk = np.exp((np.take_along_axis(logits_nv, ids_nk, 1) - most_n1) / temperature_n1).cumsum(1)
    if near < logits_nv.shape[1]:
        total_n1 = np.exp((logits_nv - most_n1) / temperature_n1).sum(1, keepdims=True)
    else:
        total_n1 = cumulative_nk[:, -1:]
    last_n = np.full(len(wants), near)
    """How many may be chosen from; more than `near` where that is not known here."""
    for i, want in enumerate(wants):
        if want.top_k and want.top_k < logits_nv.shape[1]:
            last_n[i] = want.top_k if want.top_k <= near else near + 1
            total_n1[i] = cumulative_nk[i, min(want.top_k, near) - 1]
        elif near < logits_nv.shape[1]:
            last_n[i] = near + 1
    cut_n1 = column([want.top_p if want.top_p < 1 else np.inf for want in wants]) * total_n1
    kept_n = np.minimum((cumulative_nk < cut_n1).sum(1) + 1, last_n)
    mass_n = np.where(kept_n <= near, np.take_along_axis(cumulative_nk, np.minimum(kept_n, near)[:, None] - 1, 1)[:, 0], total_n1[:, 0])
    at_n = np.minimum((cumulative_nk <= (np.array(us) * mass_n)[:, None]).sum(1), kept_n - 1)
    sure_n = (at_n < near) & ((kept_n <= near) | np.array([want.top_p == 1 and not want.top_k for want in wants]))
    greedy_n = np.array([want.temperature == 0 for want in wants])
    tokens_n = np.take_along_axis(ids_nk, np.where(greedy_n, 0, np.minimum(at_n, near - 1))[:, None], 1)[:, 0]
    chosen: list[int] = np.where(sure_n | greedy_n, tokens_n, -1).tolist()
    return chosen


def _likeliest(logits_nv: np.ndarray, near: int) -> np.ndarray:
    """The ids of each row's `near` largest, largest first, equal ones by id: (n, near)."""
    # One integer a logit, whose order is that order: the float's bits, turned so that larger comes first, above the id.
    bits_nv = (logits_nv + 0.0).view(np.int32)  # no negative zero
    falling_nv = (bits_nv ^ (~(bits_nv >> 31) & 0x7FFFFFFF)).view(np.uint32)
    keys_nv = falling_nv.astype(np.uint64) << np.uint64(32) | np.arange(logits_nv.shape[1], dtype=np.uint64)
    if near < logits_nv.shape[1]:
        keys_nv = np.partition(keys_nv, near - 1, axis=1)[:, :near]
    keys_nv.sort(axis=1)
    return (keys_nv & np.uint64(0xFFFFFFFF)).astype(np.int64)


def penalise(logits_v: Tensor, want: Sampling, seen: Mapping[int, int], said: Mapping[int, int]) -> None:
    """In place. `seen` counts the tokens of prompt and reply, `said` those of the reply."""
    if want.repetition_penalty != 1.0 and seen:
        ids = torch.tensor(list(seen))
        values = logits_v[ids]
        logits_v[ids] = torch.where(values > 0, values / want.repetition_penalty, values * want.repetition_penalty)
    if said and (want.presence_penalty or want.frequency_penalty):
        ids = torch.tensor(list(said))
        counts = torch.tensor(list(said.values()), dtype=logits_v.dtype)
        logits_v[ids] -= want.presence_penalty + want.frequency_penalty * counts
    for token, bias in want.logit_bias.items():
        if 0 <= token < logits_v.shape[0]:
            logits_v[token] += bias


class Chance:
    """The draws of one reply: number i is a function of the seed and i."""

    def __init__(self, seed: int | None) -> None:
        self.seed = random.SystemRandom().getrandbits(48) if seed is None else seed
        self._random = random.Random(self.seed)

    def draw(self) -> float:
        return self._random.random()


class LogProbs(NamedTuple):
    """Natural logarithms of what the model gave, before temperature and everything else."""

    chosen: float
    top: tuple[tuple[int, float], ...]


def log_probs(logits_v: Tensor, token: int, top: int) -> LogProbs:
    values_v = logits_v.float().log_softmax(-1)
    best, ids = values_v.topk(min(top, values_v.shape[0])) if top else (values_v[:0], values_v[:0].long())
    return LogProbs(float(values_v[token]), tuple(zip(ids.tolist(), best.tolist(), strict=True)))


class Writer:
    """Bytes in, text out, never more than is safe: not half of a character, not the beginning of what may become a stop string.

    `stopped` is true once a stop string was met; nothing after it, and nothing of it, is ever given out.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self.stop = tuple(stop)
        self.stopped = False
        self.text = ""
        """All that was given out."""
        self._held = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> str:
        return "" if self.stopped else self._release(self._decoder.decode(data))

    def close(self) -> str:
        """At the end of the reply: what was held back, since it became nothing else."""
        if self.stopped:
            return ""
        out = self._release(self._decoder.decode(b"", final=True))
        if self.stopped:
            return out
        rest, self._held = self._held, ""
        self.text += rest
        return out + rest

    def _release(self, text: str) -> str:
        self._held += text
        found = [at for at in (self._held.find(stop) for stop in self.stop) if at >= 0]
        if found:
            self.stopped = True
            out, self._held = self._held[: min(found)], ""
        else:
            keep = max((_overlap(self._held, stop) for stop in self.stop), default=0)
            out, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        self.text += out
        return out


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a beginning of `stop`."""
    for n in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[len(text) - n :]):
            return n
    return 0
