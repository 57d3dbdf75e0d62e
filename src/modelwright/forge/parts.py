"""The parts of the forge: for each one a protocol, a reference and a contract; and the learner's own put in their places.

A part is one or two functions (once a class) of a given name and signature. An implementation is anything with attributes of those names,
such as the module of a learner's file. Rooms above pass a *resolver*, a function from a part's name to such a thing or None; the forge
knows neither workshops nor files. Before a part is put in, its contract is run: random inputs with edge cases, the same output and the
same gradients as the reference, inputs left as they were, and a bound on time. A part that breaks its contract is refused with the
failing check."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import importlib.util
import inspect
import math
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor

from modelwright.forge import native
from modelwright.forge.errors import PartError
from modelwright.forge.model import Ops

if TYPE_CHECKING:
    from modelwright.forge.config import ModelConfig
    from modelwright.forge.data.sources import Source
    from modelwright.forge.tokenizer import Tokenizer
    from modelwright.forge.train import TrainParts

Resolver = Callable[[str], Any]
"""A part's name -> something with its functions as attributes, or None where there is none."""

# The protocols. Their methods' names are the names that a learner's file must define; docstrings say shapes and meaning.


class BpeTrain(Protocol):
    def train_bpe(self, text: str, merges: int) -> list[tuple[bytes, bytes]]:
        """Byte-pair merges in order; pieces, ties and the least count as `tokenizer.py` states."""


class BpeCode(Protocol):
    def encode(self, text: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
        """The text's tokens, as bytes."""

    def decode(self, tokens: list[bytes]) -> str:
        """Back to text; bytes that are not UTF-8 become U+FFFD."""


class BatchesPart(Protocol):
    def get_batch(self, tokens: np.ndarray, starts: np.ndarray, context: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and, one later, targets: int64 (b, context)."""


class Embedding(Protocol):
    def embed(self, tokens_bt: Tensor, embedding_vm: Tensor, scale: float) -> Tensor:
        """(b, t, m)"""

    def unembed(self, hidden_btm: Tensor, embedding_vm: Tensor, scale: float) -> Tensor:
        """Logits (b, t, v), float32."""


class RmsNorm(Protocol):
    def rms_norm(self, x: Tensor, scale: Tensor, eps: float) -> Tensor:
        """Over the last axis, float32 inside."""


class Rope(Protocol):
    def rope(self, x_bthd: Tensor, cos_btj: Tensor, sin_btj: Tensor) -> Tensor:
        """Rotate-half; j = d / 2, and the angles' batch may be 1."""


class Attention(Protocol):
    def attention(self, q_bthd: Tensor, k_bskd: Tensor, v_bskd: Tensor, cap: float) -> Tensor:
        """Causal, grouped-query, soft-capped; the queries are the last t of s positions. (b, t, h, d)"""


class Mask(Protocol):
    def visible_keys(self, tokens_bs: Tensor, t: int, pad: int | None) -> Tensor:
        """(b, t, s), bool: no later key, no padding."""


class Cache(Protocol):
    def KeyValueCache(self, layers: int, batch: int, capacity: int, key_heads: int, head_size: int) -> Any:
        """A class: `append(layer, k_btkd, v_btkd) -> (k_bskd, v_bskd)`, `advance(t)`, `length`."""


class Geglu(Protocol):
    def geglu(self, x: Tensor, w_mf: Tensor, v_mf: Tensor, w1_fm: Tensor) -> Tensor:
        """(gelu_tanh(x w) * (x v)) w1; leading axes broadcast."""


class Router(Protocol):
    def router(self, x_nm: Tensor, w_me: Tensor, chosen: int) -> tuple[Tensor, Tensor, Tensor]:
        """Gates (n, c), chosen (n, c), probabilities (n, e)."""


class BalanceLoss(Protocol):
    def balance_loss(self, probs_ne: Tensor, chosen_nc: Tensor) -> Tensor:
        """experts * sum(share of choices * mean probability)."""


class Residual(Protocol):
    def residual(self, h: Tensor, before: Callable[..., Any], sublayer: Callable[..., Any], after: Callable[..., Any]) -> Tensor:
        """h + after(sublayer(before(h)))"""


class CrossEntropy(Protocol):
    def cross_entropy(self, logits_nv: Tensor, targets_n: Tensor, counted_n: Tensor) -> Tensor:
        """Mean over the counted targets; 0 where none is."""


class AdamW(Protocol):
    def adamw_step(
        self, param: Tensor, grad: Tensor, m: Tensor, v: Tensor, step: int, lr: float, beta1: float, beta2: float, eps: float, decay: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """New param, m, v; steps count from 1."""


class MuonPart(Protocol):
    def orthogonalise(self, g_ab: Tensor, steps: int) -> Tensor:
        """Newton-Schulz."""


class Schedule(Protocol):
    def learning_rate(self, step: int, steps: int, peak: float, warmup: int, decay: int, floor: float) -> float:
        """Warm-up, stable, decay."""


class Clipping(Protocol):
    def clip_(self, grads: list[Tensor], limit: float) -> Tensor:
        """In place; the norm before."""


class Sampler(Protocol):
    def sample(self, logits_v: Tensor, temperature: float, top_k: int, top_p: float, u: float) -> int:
        """One token; u in [0, 1) decides."""


class ChatTemplate(Protocol):
    def render(self, turns: list[tuple[str, list[int]]], ids: Mapping[str, int]) -> tuple[list[int], list[bool]]:
        """Tokens and loss mask."""


class Lora(Protocol):
    def lora(self, x: Tensor, w_ab: Tensor, a_ar: Tensor, b_rb: Tensor, alpha: float) -> Tensor:
        """x w + (alpha / r) x a b"""


class Dpo(Protocol):
    def dpo_loss(self, chosen_b: Tensor, rejected_b: Tensor, ref_chosen_b: Tensor, ref_rejected_b: Tensor, beta: float) -> Tensor:
        """A scalar."""


class Advantage(Protocol):
    def advantage(self, rewards_pg: Tensor) -> Tensor:
        """Within each group of g answers to one prompt."""


class Reward(Protocol):
    def reward(self, text: str, answer: str) -> float:
        """1 or 0."""


class Int8(Protocol):
    def quantise(self, w_ab: Tensor, group: int) -> tuple[Tensor, Tensor]:
        """int8 (a, b) and scales (a / group, b)."""

    def dequantise(self, q_ab: Tensor, scale_nb: Tensor) -> Tensor:
        """(a, b), float32."""


class AllReduce(Protocol):
    def all_reduce(
        self, rank: int, world: int, values: np.ndarray, send: Callable[[np.ndarray], None], receive: Callable[[], np.ndarray]
    ) -> np.ndarray:
        """The sum over all ranks."""


class Checkpoint(Protocol):
    def save(self, path: str, tensors: Mapping[str, np.ndarray]) -> None:
        """Whole or not at all."""

    def load(self, path: str) -> dict[str, np.ndarray]:
        """ValueError where the file is damaged."""


# Contracts.


@dataclass(frozen=True)
class Case:
    """One call that both must answer alike."""

    name: str
    call: str
    args: tuple[Any, ...]


@dataclass(frozen=True)
class Check:
    name: str
    passed: bool
    message: str = ""


@dataclass(frozen=True)
class Checked:
    part: str
    checks: tuple[Check, ...]
    time_ratio: float | None
    """Learner's time over the reference's, on the contract's largest case, forward and backward."""

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failure(self) -> Check | None:
        return next((check for check in self.checks if not check.passed), None)


@dataclass(frozen=True)
class Contract:
    cases: Callable[[torch.Generator], Iterator[Case]]
    tolerance: float = 1e-5
    exact: bool = False
    gradient: bool = True
    slowest: float = 25.0
    """Times the reference's time at which a part is refused as too slow to use."""
    own: Callable[[Any, Any, torch.Generator], Iterator[Check]] | None = None
    """Checks that are not of the form 'the same call, the same answer'."""


@dataclass(frozen=True)
class Part:
    slug: str
    title: str
    protocol: type
    reference: str
    """The module that has the reference's functions."""
    contract: Contract
    used_in: str

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(name for name, value in vars(self.protocol).items() if inspect.isfunction(value) and not name.startswith("_"))

    def reference_module(self) -> Any:
        return importlib.import_module(self.reference)


def _randn(g: torch.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    return torch.randn(*shape, generator=g) * scale


_TEXT = (
    "The cat sat on the mat. It's the cat's mat: 12 + 34 = 46!\n\n    def f(x):\n        return x\n" * 3
    + "Füße, 猫が好き, 🙂🙂 привет\n" * 2
)


def _bpe_train(g: torch.Generator) -> Iterator[Case]:
    yield Case("a repeated word", "train_bpe", ("aaab aaab aaab", 3))
    yield Case("ties go to the smaller ids", "train_bpe", ("ab cd ab cd", 2))
    yield Case("nothing occurs twice", "train_bpe", ("abc", 5))
    yield Case("runs of one letter", "train_bpe", ("aaaaa aaaa aaa aa a", 4))
    yield Case("several scripts, code and emoji", "train_bpe", (_TEXT, 60))


def _bpe_code(g: torch.Generator) -> Iterator[Case]:
    from modelwright.forge.references import train_bpe

    merges = train_bpe(_TEXT, 60)
    for name, text in (
        ("nothing", ""),
        ("one word", "mat"),
        ("the text itself", _TEXT),
        ("letters it never saw", "xyz ñ 你"),
        ("spaces", "  \n\n  a  "),
    ):
        yield Case(name, "encode", (text, merges))
    yield Case("no merges", "encode", ("mat", []))
    yield Case("broken UTF-8", "decode", ([b"ab", b"\xff", b"\xe7\x8c", b"c"],))
    yield Case("a character over two tokens", "decode", ([b"\xc3", b"\xbc"],))


def _batches(g: torch.Generator) -> Iterator[Case]:
    tokens = np.arange(1000, dtype=np.uint16)
    yield Case("three windows", "get_batch", (tokens, np.array([0, 5, 900]), 16))
    yield Case("the very last window", "get_batch", (tokens, np.array([983]), 16))
    yield Case("one token", "get_batch", (tokens, np.array([7]), 1))


def _embedding(g: torch.Generator) -> Iterator[Case]:
    tokens, table, hidden = torch.randint(50, (2, 7), generator=g), _randn(g, 50, 16), _randn(g, 2, 7, 16)
    yield Case("tokens in", "embed", (tokens, table, 4.0))
    yield Case("the same token twice", "embed", (torch.zeros(1, 3, dtype=torch.long), table, 4.0))
    yield Case("logits out", "unembed", (hidden, table, 0.577))
    yield Case("large", "unembed", (_randn(g, 8, 64, 64), _randn(g, 512, 64), 0.577))


def _rms(g: torch.Generator) -> Iterator[Case]:
    yield Case("one vector", "rms_norm", (_randn(g, 8), torch.ones(8), 1e-5))
    yield Case("zeros", "rms_norm", (torch.zeros(2, 8), torch.ones(8), 1e-5))
    yield Case("very large", "rms_norm", (_randn(g, 2, 8, scale=1e6), _randn(g, 8), 1e-5))
    yield Case("bfloat16", "rms_norm", (_randn(g, 4, 32).bfloat16(), torch.ones(32), 1e-5))
    yield Case("a batch", "rms_norm", (_randn(g, 8, 64, 128), _randn(g, 128), 1e-5))


def _rope(g: torch.Generator) -> Iterator[Case]:
    from modelwright.forge.model import rope_angles

    for name, b, t, h, d in (("one pair", 1, 3, 1, 2), ("heads", 2, 5, 3, 8), ("long", 4, 128, 4, 32)):
        yield Case(name, "rope", (_randn(g, b, t, h, d), *rope_angles(torch.arange(t)[None], d, 10_000.0)))
    positions = torch.tensor([[5, 6, 7], [0, 1, 2]])
    yield Case("rows at different positions", "rope", (_randn(g, 2, 3, 2, 4), *rope_angles(positions, 4, 10_000.0)))


def _attention(g: torch.Generator) -> Iterator[Case]:
    for name, b, t, s, h, k, d, scale in (
        ("one position", 1, 1, 1, 1, 1, 2, 1.0),
        ("groups of heads", 2, 6, 6, 4, 2, 8, 1.0),
        ("a longer cache", 2, 2, 7, 6, 3, 4, 1.0),
        ("logits beyond the cap", 1, 5, 5, 2, 1, 8, 7.0),
        ("a batch", 4, 64, 64, 4, 2, 32, 1.0),
    ):
        q, kk, v = _randn(g, b, t, h, d, scale=scale), _randn(g, b, s, k, d, scale=scale), _randn(g, b, s, k, d)
        yield Case(name, "attention", (q, kk, v, 30.0))


def _mask(g: torch.Generator) -> Iterator[Case]:
    tokens = torch.randint(1, 9, (2, 6), generator=g)
    padded = tokens.clone()
    padded[0, :3] = 0
    yield Case("causal", "visible_keys", (tokens, 6, None))
    yield Case("padding on the left", "visible_keys", (padded, 6, 0))
    yield Case("the last two of six", "visible_keys", (padded, 2, 0))


def _cache_checks(mine: Any, reference: Any, g: torch.Generator) -> Iterator[Check]:
    a, b = mine.KeyValueCache(2, 3, 8, 2, 4), reference.KeyValueCache(2, 3, 8, 2, 4)
    for t in (3, 1, 4):
        for layer in range(2):
            k, v = _randn(g, 3, t, 2, 4), _randn(g, 3, t, 2, 4)
            got, want = a.append(layer, k, v), b.append(layer, k, v)
            same = all(x.shape == y.shape and torch.equal(x, y) for x, y in zip(got, want, strict=True))
            yield Check(
                f"{t} more positions in layer {layer}", same, "" if same else f"keys are {_tell(got[0])}, should be {_tell(want[0])}"
            )
        a.advance(t)
        b.advance(t)
    yield Check("its length", a.length == b.length, f"length is {a.length}, should be {b.length}")


def _geglu(g: torch.Generator) -> Iterator[Case]:
    for name, lead, m, f in (
        ("one row", (1,), 4, 8),
        ("rows", (5,), 8, 16),
        ("batch and time", (2, 3), 8, 16),
        ("large", (256,), 128, 344),
    ):
        yield Case(name, "geglu", (_randn(g, *lead, m), *(_randn(g, a, b, scale=a**-0.5) for a, b in ((m, f), (m, f), (f, m)))))
    yield Case("all experts at once", "geglu", tuple(_randn(g, 3, a, b, scale=0.3) for a, b in ((4, 8), (8, 16), (8, 16), (16, 8))))


def _router(g: torch.Generator) -> Iterator[Case]:
    for name, n, m, e, c in (
        ("one token", 1, 8, 4, 1),
        ("two of eight", 16, 16, 8, 2),
        ("all of them", 5, 8, 3, 3),
        ("many", 2048, 128, 8, 2),
    ):
        yield Case(name, "router", (_randn(g, n, m), _randn(g, m, e), c))


def _balance(g: torch.Generator) -> Iterator[Case]:
    probs = _randn(g, 32, 8).softmax(-1)
    yield Case("random", "balance_loss", (probs, probs.topk(2).indices))
    yield Case("all to one expert", "balance_loss", (probs, torch.zeros(32, 1, dtype=torch.long)))


def _residual(g: torch.Generator) -> Iterator[Case]:
    w = _randn(g, 8, 8)
    yield Case("what each function does shows", "residual", (_randn(g, 2, 3, 8), torch.tanh, lambda x: x @ w, lambda x: 0.5 * x))


def _cross_entropy(g: torch.Generator) -> Iterator[Case]:
    logits, targets = _randn(g, 12, 9, scale=3.0), torch.randint(9, (12,), generator=g)
    yield Case("all counted", "cross_entropy", (logits, targets, torch.ones(12, dtype=torch.bool)))
    yield Case("some counted", "cross_entropy", (logits, targets, torch.arange(12) % 3 == 0))
    yield Case("none counted", "cross_entropy", (logits, targets, torch.zeros(12, dtype=torch.bool)))
    yield Case("huge logits", "cross_entropy", (logits * 1e4, targets, torch.ones(12, dtype=torch.bool)))
    yield Case(
        "large", "cross_entropy", (_randn(g, 1024, 512), torch.randint(512, (1024,), generator=g), torch.ones(1024, dtype=torch.bool))
    )


def _adamw(g: torch.Generator) -> Iterator[Case]:
    p, grad = _randn(g, 6, 5), _randn(g, 6, 5)
    rest = (3e-3, 0.9, 0.95, 1e-8, 0.1)
    yield Case("the first step", "adamw_step", (p, grad, torch.zeros(6, 5), torch.zeros(6, 5), 1, *rest))
    yield Case("a later step", "adamw_step", (p, grad, _randn(g, 6, 5), _randn(g, 6, 5).square(), 100, *rest))
    yield Case("no gradient", "adamw_step", (p, torch.zeros(6, 5), torch.zeros(6, 5), torch.zeros(6, 5), 1, *rest))


def _muon(g: torch.Generator) -> Iterator[Case]:
    for name, a, b in (("square", 8, 8), ("wide", 6, 20), ("tall", 20, 6), ("large", 128, 344)):
        yield Case(name, "orthogonalise", (_randn(g, a, b), 5))
    yield Case("zeros", "orthogonalise", (torch.zeros(4, 4), 5))


def _schedule(g: torch.Generator) -> Iterator[Case]:
    for step in (0, 4, 9, 10, 50, 79, 80, 90, 99, 100):
        yield Case(f"step {step} of 100", "learning_rate", (step, 100, 1e-2, 10, 20, 0.1))
    yield Case("no warm-up, no decay", "learning_rate", (0, 10, 1.0, 0, 0, 0.0))


def _clip_checks(mine: Any, reference: Any, g: torch.Generator) -> Iterator[Check]:
    for name, scale, limit in (("too long", 5.0, 1.0), ("short enough", 1e-3, 1.0), ("zeros", 0.0, 1.0), ("no limit", 5.0, math.inf)):
        a = [_randn(g, 3, 4, scale=scale), _randn(g, 7, scale=scale)]
        b, given = [x.clone() for x in a], list(a)  # new tensors in the caller's list would reach no optimiser
        got, want = mine.clip_(given, limit), reference.clip_(b, limit)
        same = _close(torch.as_tensor(float(got)), want, 1e-5) and all(_close(x, y, 1e-5) for x, y in zip(a, b, strict=True))
        told = f"norm {float(got):.6g}, should be {float(want):.6g}; the gradients themselves must be as long as the limit says"
        yield Check(name, same, "" if same else told)


def _sampler(g: torch.Generator) -> Iterator[Case]:
    logits = torch.linspace(-3, 3, 20)[torch.randperm(20, generator=g)]
    for temperature, k, p in ((0.0, 0, 1.0), (1.0, 0, 1.0), (0.7, 5, 1.0), (1.3, 0, 0.8), (1.0, 3, 0.5), (2.0, 100, 0.95)):
        for u in (0.0, 0.31, 0.77, 0.999):
            yield Case(f"temperature {temperature}, top-k {k}, top-p {p}, u {u}", "sample", (logits, temperature, k, p, u))


def _template(g: torch.Generator) -> Iterator[Case]:
    ids = {"start": 1, "end": 2, "system": 3, "user": 4, "assistant": 5, "turn": 6}
    yield Case("one exchange", "render", ([("user", [20, 21]), ("assistant", [30])], ids))
    yield Case(
        "a system turn and two exchanges",
        "render",
        ([("system", [9]), ("user", [20]), ("assistant", [30, 31]), ("user", [22]), ("assistant", [])], ids),
    )
    yield Case("nobody speaks", "render", ([], ids))


def _lora(g: torch.Generator) -> Iterator[Case]:
    yield Case("rank 2", "lora", (_randn(g, 3, 5, 8), _randn(g, 8, 6), _randn(g, 8, 2), _randn(g, 2, 6), 16.0))
    yield Case("as it begins", "lora", (_randn(g, 4, 8), _randn(g, 8, 6), _randn(g, 8, 1), torch.zeros(1, 6), 8.0))


def _dpo(g: torch.Generator) -> Iterator[Case]:
    yield Case("random", "dpo_loss", (*tuple(_randn(g, 6, scale=5.0) for _ in range(4)), 0.1))
    yield Case("far apart", "dpo_loss", (_randn(g, 3) - 1e4, _randn(g, 3), _randn(g, 3), _randn(g, 3) - 1e4, 0.5))


def _advantage(g: torch.Generator) -> Iterator[Case]:
    yield Case("zeros and ones", "advantage", (torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]]),))
    yield Case("all alike", "advantage", (torch.ones(2, 4),))
    yield Case("random", "advantage", (_randn(g, 5, 8),))


def _reward(g: torch.Generator) -> Iterator[Case]:
    for text, answer in (
        ("So 3 + 4 = 7.", "7"), ("7 + 4 = 11", "7"), ("#### 1,234", "1234"), ("#### 5 apples", "5"), ("no number", "3"),
        ("It is -2.0", "-2"),
        ("", "1"),
        ("3 #### 4", "3"),
    ):  # fmt: skip
        yield Case(f"{text!r} for {answer}", "reward", (text, answer))


def _int8_cases(g: torch.Generator) -> Iterator[Case]:
    w = _randn(g, 16, 6)
    w[:4, 0] = 0
    yield Case("groups of four", "quantise", (w, 4))
    yield Case("one group", "quantise", (w, 16))
    q = torch.randint(-127, 128, (16, 6), generator=g).to(torch.int8)
    yield Case("back", "dequantise", (q, _randn(g, 4, 6).abs()))


def _all_reduce_checks(mine: Any, reference: Any, g: torch.Generator) -> Iterator[Check]:
    """Ranks are threads, links are queues: a rank that waits for a message that never comes is told, not waited for."""
    import queue
    import threading

    for world, size in ((1, 5), (2, 6), (3, 10), (4, 3)):
        values = [np.random.default_rng(i).normal(size=size) for i in range(world)]
        links: list[queue.Queue[Any]] = [queue.Queue() for _ in range(world)]
        results: list[Any] = [None] * world

        def work(rank: int, world: int = world, links: list[Any] = links, results: list[Any] = results, values: list[Any] = values) -> None:
            def send(array: Any) -> None:
                links[(rank + 1) % world].put(np.array(array))

            def receive() -> Any:
                return links[rank].get(timeout=5)

            try:
                results[rank] = mine.all_reduce(rank, world, values[rank].copy(), send, receive)
            except BaseException as error:
                results[rank] = error

        threads = [threading.Thread(target=work, args=(rank,), daemon=True) for rank in range(world)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        want = np.sum(values, axis=0)
        bad = next((r for r in results if not (isinstance(r, np.ndarray) and r.shape == want.shape and np.allclose(r, want))), None)
        fine = all(isinstance(r, np.ndarray) and r.shape == want.shape and np.allclose(r, want) for r in results)
        yield Check(f"{world} ranks, {size} numbers", fine, "" if fine else f"a rank ended with {_tell(bad)}, should be {_tell(want)}")


def _checkpoint_checks(mine: Any, reference: Any, g: torch.Generator) -> Iterator[Check]:
    tensors = {"layers.0/w": np.arange(12, dtype=np.float32).reshape(3, 4), "step": np.array(7), "empty": np.zeros((0, 3))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.part"
        mine.save(str(path), tensors)
        back = mine.load(str(path))
        same = sorted(back) == sorted(tensors) and all(
            np.array_equal(back[k], v) and back[k].dtype == v.dtype and back[k].shape == v.shape for k, v in tensors.items()
        )
        yield Check(
            "what is saved comes back",
            same,
            f"names are {sorted(back)}, should be {sorted(tensors)}, with the same values, shapes and types",
        )
        left = sorted(file.name for file in Path(folder).iterdir())
        yield Check("nothing else is left behind", left == ["model.part"], f"the folder holds {left}")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        try:
            mine.load(str(path))
            refused: BaseException | None = None
        except BaseException as error:
            refused = error
        yield Check("half a file is refused", isinstance(refused, ValueError), f"load gave {refused!r}; it should raise ValueError")


_M, _E, _O, _R = (f"modelwright.forge.{name}" for name in ("model", "experts", "optim", "references"))
_SHARDS = "modelwright.forge.data.shards"

PARTS: dict[str, Part] = {
    part.slug: part
    for part in (
        Part("bpe-train", "Tokenizer training", BpeTrain, _R, Contract(_bpe_train, exact=True, slowest=200), "tokenizer"),
        Part("bpe-code", "Encoding and decoding", BpeCode, _R, Contract(_bpe_code, exact=True, slowest=200), "data, tuning, chat, serving"),
        Part("batches", "Batches from a token file", BatchesPart, _SHARDS, Contract(_batches, exact=True), "pretraining"),
        Part("embedding", "Embedding and output head", Embedding, _M, Contract(_embedding), "the model, everywhere"),
        Part("rms-norm", "RMSNorm", RmsNorm, _M, Contract(_rms), "the model, everywhere"),
        Part("rope", "Rotary positions", Rope, _M, Contract(_rope), "the model, everywhere"),
        Part("attention", "Grouped-query attention with soft-capped logits", Attention, _M, Contract(_attention), "the model, everywhere"),
        Part("mask", "Causal and padding mask", Mask, _M, Contract(_mask, exact=True), "the model, where a batch is padded"),
        Part("kv-cache", "KV cache", Cache, _R, Contract(lambda g: iter(()), own=_cache_checks), "samples, chat, serving"),
        Part("geglu", "GeGLU expert", Geglu, _M, Contract(_geglu), "the model, everywhere"),
        Part("router", "Top-2 router", Router, _M, Contract(_router), "the model, everywhere"),
        Part("balance-loss", "Load-balancing loss", BalanceLoss, _M, Contract(_balance), "pretraining, tuning"),
        Part("residual", "Residual block", Residual, _M, Contract(_residual), "the model, everywhere"),
        Part("cross-entropy", "Cross-entropy with masked targets", CrossEntropy, _M, Contract(_cross_entropy), "pretraining, tuning"),
        Part("adamw", "AdamW", AdamW, _O, Contract(_adamw, gradient=False), "pretraining"),
        Part("muon", "Muon", MuonPart, _O, Contract(_muon, tolerance=1e-4, gradient=False), "pretraining"),
        Part("schedule", "Learning-rate schedule", Schedule, _O, Contract(_schedule, slowest=1000), "pretraining, tuning"),
        Part("clipping", "Gradient clipping", Clipping, _R, Contract(lambda g: iter(()), own=_clip_checks), "pretraining"),
        Part("sampler", "Sampler", Sampler, _R, Contract(_sampler, exact=True), "samples, chat, serving, reinforcement"),
        Part("chat-template", "Chat template with loss mask", ChatTemplate, _R, Contract(_template, exact=True), "tuning, chat, serving"),
        Part("lora", "LoRA", Lora, _R, Contract(_lora), "tuning"),
        Part("dpo", "DPO loss", Dpo, _R, Contract(_dpo), "tuning on preferences"),
        Part("advantage", "Group-relative advantage", Advantage, _R, Contract(_advantage, tolerance=1e-4, gradient=False), "reinforcement"),
        Part("reward", "Verifiable reward", Reward, _R, Contract(_reward, exact=True, slowest=1000), "reinforcement"),
        Part("int8", "8-bit weights", Int8, _R, Contract(_int8_cases, gradient=False), "serving"),
        Part(
            "all-reduce",
            "Ring all-reduce",
            AllReduce,
            _R,
            Contract(lambda g: iter(()), own=_all_reduce_checks),
            "training on several processes",
        ),
        Part(
            "checkpoint",
            "Checkpoint writer",
            Checkpoint,
            _R,
            Contract(lambda g: iter(()), own=_checkpoint_checks),
            "pretraining's checkpoints",
        ),
    )
}


def part(slug: str) -> Part:
    if slug not in PARTS:
        raise PartError(f"there is no part '{slug}'; there are {', '.join(PARTS)}")
    return PARTS[slug]


# Running a contract.


def check(slug: str, mine: Any, seed: int = 0) -> Checked:
    """Run a part's contract on an implementation. Never raises for what the implementation does: that becomes a failed check."""
    it = part(slug)
    reference = it.reference_module()
    if missing := [name for name in it.functions if not callable(getattr(mine, name, None))]:
        return Checked(slug, (Check("its functions are there", False, f"there is no function '{missing[0]}' in it"),), None)
    checks: list[Check] = []
    if it.contract.own is not None:
        try:
            checks += it.contract.own(mine, reference, torch.Generator().manual_seed(seed))
        except Exception as error:
            checks.append(Check("it runs", False, f"it raised {type(error).__name__}: {error}"))
    cases = list(it.contract.cases(torch.Generator().manual_seed(seed)))
    for case in cases:
        checks.append(_compare(case, mine, reference, it.contract))
        if not checks[-1].passed:
            break
    ratio = None
    if cases and all(c.passed for c in checks):
        ratio = _time_ratio(cases[-1], mine, reference)
        if ratio > it.contract.slowest:
            checks.append(
                Check(
                    "its time", False, f"it takes {ratio:.0f} times as long as the reference; at most {it.contract.slowest:.0f} is allowed"
                )
            )
    return Checked(slug, tuple(checks), ratio)


def _fresh(args: tuple[Any, ...], gradient: bool) -> tuple[Any, ...]:
    """Copies of a call's arguments, float32 tensors among them ready for gradients."""

    def one(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.detach().clone().requires_grad_(gradient and value.dtype == torch.float32)
        return value if callable(value) else copy.deepcopy(value)

    return tuple(one(value) for value in args)


def _compare(case: Case, mine: Any, reference: Any, contract: Contract) -> Check:
    gradient = contract.gradient and not contract.exact and any(isinstance(arg, Tensor) and arg.dtype == torch.float32 for arg in case.args)
    ours, theirs = _fresh(case.args, gradient), _fresh(case.args, gradient)
    want = getattr(reference, case.call)(*theirs)
    try:
        got = getattr(mine, case.call)(*ours)
    except Exception as error:
        return Check(case.name, False, f"{case.call} raised {type(error).__name__}: {error}")
    for value, before in zip(ours, case.args, strict=True):
        if isinstance(value, Tensor | np.ndarray) and not _same(value.detach() if isinstance(value, Tensor) else value, before):
            return Check(case.name, False, f"{case.call} changed one of its arguments in place")
    if problem := _differ(got, want, contract):
        return Check(case.name, False, f"{case.call} {problem}")
    if not gradient:
        return Check(case.name, True)
    weights = torch.Generator().manual_seed(1)
    pairs = [(g, w, torch.randn(w.shape, generator=weights)) for g, w in zip(_tensors(got), _tensors(want), strict=True) if w.requires_grad]
    if not pairs:
        return Check(case.name, True)
    inputs = [(a, b) for a, b in zip(ours, theirs, strict=True) if isinstance(a, Tensor) and a.requires_grad]
    wanted = torch.autograd.grad(_weighed([(w, r) for _, w, r in pairs]), [b for _, b in inputs], allow_unused=True)
    try:
        gotten = torch.autograd.grad(_weighed([(g, r) for g, _, r in pairs]), [a for a, _ in inputs], allow_unused=True)
    except Exception as error:
        return Check(case.name, False, f"the gradient of {case.call} cannot be taken: {error}")
    for i, (g, w) in enumerate(zip(gotten, wanted, strict=True)):
        g, w = (x if x is not None else torch.zeros_like(inputs[i][0]) for x in (g, w))
        if not _close(g, w, contract.tolerance * 10):
            return Check(case.name, False, f"the gradient of {case.call} with respect to its tensor {i + 1} {_apart(g, w)}")
    return Check(case.name, True)


def _weighed(pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    """One number from several results, each of whose entries matters differently."""
    return torch.stack([(value.float() * weight).sum() for value, weight in pairs]).sum()


def _tensors(value: Any) -> list[Tensor]:
    return [value] if isinstance(value, Tensor) else [x for x in value if isinstance(x, Tensor)] if isinstance(value, tuple | list) else []


def _same(a: Any, b: Any) -> bool:
    return torch.equal(a, b) if isinstance(a, Tensor) else np.array_equal(a, b)


def _close(got: Tensor, want: Tensor, tolerance: float) -> bool:
    if got.shape != want.shape or not bool(torch.isfinite(got).all()):
        return False
    if want.dtype == torch.bfloat16:
        tolerance = max(tolerance, 1e-2)
    size = max(1.0, float(want.detach().abs().max())) if want.numel() else 1.0
    return bool(((got.detach().float() - want.detach().float()).abs() <= tolerance * size).all())


def _apart(got: Tensor, want: Tensor) -> str:
    if got.shape != want.shape:
        return f"has shape {tuple(got.shape)}, should have {tuple(want.shape)}"
    if not bool(torch.isfinite(got).all()):
        return "is not finite"
    apart = (got.detach().float() - want.detach().float()).abs().max().item()
    return f"is {_tell(got)}, should be {_tell(want)}; they differ by up to {apart:.3g}"


def _differ(got: Any, want: Any, contract: Contract) -> str | None:
    if isinstance(want, Tensor):
        if not isinstance(got, Tensor):
            return f"gave a {type(got).__name__}, should give a tensor"
        if want.dtype in (torch.bool, torch.long, torch.int8):
            if got.shape == want.shape and torch.equal(got.to(want.dtype), want):
                return None
            # Rounding half-way cases may differ by one; anything else is a mistake.
            if want.dtype == torch.int8 and got.shape == want.shape and int((got.long() - want.long()).abs().max()) <= 1:
                return None
            return f"gave {_tell(got)}, should give {_tell(want)}"
        if got.dtype != want.dtype:
            return f"gave {got.dtype}, should give {want.dtype}"
        return None if _close(got, want, contract.tolerance) else "gave what " + _apart(got, want)
    if isinstance(want, np.ndarray):
        return (
            None
            if isinstance(got, np.ndarray) and got.dtype == want.dtype and np.array_equal(got, want)
            else f"gave {_tell(got)}, should give {_tell(want)}"
        )
    if isinstance(want, tuple | list) and any(isinstance(x, Tensor | np.ndarray) for x in want):
        if not isinstance(got, tuple | list) or len(got) != len(want):
            return f"should give {len(want)} values"
        return next((problem for g, w in zip(got, want, strict=True) if (problem := _differ(g, w, contract))), None)
    if isinstance(want, float):
        fine = isinstance(got, int | float) and abs(got - want) <= 1e-9 + 1e-6 * abs(want)
        return None if fine else f"gave {got!r}, should give {want!r}"
    same = (
        (list(got) if isinstance(want, list) else got) == want
        if not isinstance(want, tuple)
        else tuple(map(list, got)) == tuple(map(list, want))
    )
    return None if same else f"gave {_tell(got)}, should give {_tell(want)}"


def _tell(value: Any) -> str:
    text = str(value.detach().flatten()[:6].tolist()) if isinstance(value, Tensor) else repr(value)
    return text if len(text) <= 160 else text[:157] + "…"


def _time_ratio(case: Case, mine: Any, reference: Any) -> float:
    """Both interleaved, the best of each: a busy machine slows both."""

    def once(it: Any) -> float:
        args = _fresh(case.args, True)
        began = time.perf_counter()
        out = _tensors(getattr(it, case.call)(*args))
        if grads := [x.float().sum() for x in out if x.requires_grad]:
            torch.autograd.backward(grads)
        return time.perf_counter() - began

    mine_best = reference_best = float("inf")
    for _ in range(5):
        reference_best, mine_best = min(reference_best, once(reference)), min(mine_best, once(mine))
    return mine_best / max(reference_best, 1e-6)


# Putting parts in.


@dataclass(frozen=True)
class Parts:
    """Which implementation each replaced part has; all others are the forge's own. `Parts()` is the forge as it is."""

    mine: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    checked: tuple[Checked, ...] = ()

    def whose(self) -> dict[str, str]:
        return {slug: "mine" if slug in self.mine else "reference" for slug in PARTS}

    def get(self, slug: str) -> Any:
        """The implementation in use: the learner's, or the reference's module."""
        return self.mine[slug] if slug in self.mine else part(slug).reference_module()

    def ops(self, compiled: bool = False, fused: tuple[int, float, bool] | None = None) -> Ops:
        """What the model is made of. `fused` is `recipe.fused_for`'s, for a graphics card."""
        base = Ops() if compiled else native.ops()
        if fused is not None:
            from modelwright.forge import gpu

            length, cap, grouped = fused
            base = gpu.ops(length, cap, grouped=grouped)
        changes: dict[str, Any] = {}
        for slug, names in (
            ("embedding", ("embed", "unembed")), ("rms-norm", ("rms_norm",)), ("rope", ("rope",)), ("mask", ("visible_keys",)),
            ("geglu", ("geglu",)),
            ("residual", ("residual",)), ("cross-entropy", ("cross_entropy",)), ("balance-loss", ("balance_loss",)),
        ):  # fmt: skip
            if slug in self.mine:
                changes |= {name: getattr(self.mine[slug], name) for name in names}
        if "attention" in self.mine:
            changes["attention"] = _with_masks(self.mine["attention"].attention)
        if "router" in self.mine:
            changes["router"] = _with_bias(self.mine["router"].router)
        return dataclasses.replace(base, **changes)

    def training(self) -> TrainParts:
        from modelwright.forge.train import TrainParts

        changes: dict[str, Any] = {}
        if "schedule" in self.mine:
            changes["learning_rate"] = self.mine["schedule"].learning_rate
        if "muon" in self.mine:
            changes["orthogonalise"] = _batched(self.mine["muon"].orthogonalise)
        if "batches" in self.mine:
            changes["get_batch"] = self.mine["batches"].get_batch
        if "clipping" in self.mine:
            changes["clip"] = self.mine["clipping"].clip_
        if "adamw" in self.mine:
            changes["adamw"] = adamw_class(self.mine["adamw"].adamw_step)
        if "checkpoint" in self.mine:
            changes["checkpoint"] = self.mine["checkpoint"]
        if "kv-cache" in self.mine:
            changes["cache"] = self.cache
        if "sampler" in self.mine:
            changes["sample"] = self.mine["sampler"].sample
        return TrainParts(**changes)

    def cache(self, config: ModelConfig, batch: int, capacity: int) -> Any:
        """A cache for rows of equal length."""
        if "kv-cache" not in self.mine:
            from modelwright.forge.cache import KeyValueCache

            return KeyValueCache(config, batch, capacity)
        return _CacheOf(self.mine["kv-cache"].KeyValueCache(config.layers, batch, capacity, config.key_heads, config.head_size), batch)

    def all_reduce(self) -> Callable[..., np.ndarray] | None:
        return self.mine["all-reduce"].all_reduce if "all-reduce" in self.mine else None

    def train_tokenizer(self, source: Source, size: int, limit: int) -> Tokenizer | None:
        """By the learner's merges; None where that part is the forge's."""
        if "bpe-train" not in self.mine:
            return None
        from modelwright.forge.tokenizer import FIRST_MERGE, Tokenizer

        texts: list[str] = []
        read = 0
        for text in source.read():
            texts.append(text)
            read += len(text)
            if read >= min(limit, 1_000_000):  # a learner's code may be slow; a megabyte is plenty for small vocabularies
                break
        return Tokenizer.from_merges(self.mine["bpe-train"].train_bpe("\n".join(texts), size - FIRST_MERGE))

    def wrap_tokenizer(self, tokenizer: Tokenizer) -> Tokenizer:
        """The same tokenizer, encoding and decoding by the learner's code where that part is theirs."""
        if "bpe-code" not in self.mine:
            return tokenizer
        return _coded(tokenizer, self.mine["bpe-code"])


def _with_masks(mine: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A learner's attention knows causal rows only; where rows are padded, each row is given the keys that it may see."""

    def attention(
        q: Tensor, k: Tensor, v: Tensor, cap: float, visible_bts: Tensor | None = None, temperature_bt: Tensor | None = None
    ) -> Tensor:
        if temperature_bt is not None:
            raise PartError("the learner's attention does not know Grok-2's temperature; use the reference for this model")
        if visible_bts is None:
            return mine(q, k, v, cap)
        from modelwright.forge.model import attention as plain

        rows = []
        for i in range(len(q)):
            seen_ts = visible_bts[i if len(visible_bts) > 1 else 0]
            keys = seen_ts[-1].nonzero().squeeze(-1)
            shown = seen_ts[:, keys]
            n, t = len(keys), seen_ts.shape[0]
            alone = n == 0 or n < t or not torch.equal(shown, torch.ones_like(shown).tril(n - t))
            of = (
                plain(q[i : i + 1], k[i : i + 1], v[i : i + 1], cap, seen_ts[None])
                if alone
                else mine(q[i : i + 1], k[i : i + 1, keys], v[i : i + 1, keys], cap)
            )
            rows.append(of)
        return torch.cat(rows)

    return attention


def _with_bias(mine: Callable[..., Any]) -> Callable[..., Any]:
    """A learner's router knows neither the balancing bias nor Grok-2's cap. With the bias, the choice is ours."""

    def router(x_nm: Tensor, w_me: Tensor, chosen: int, bias_e: Tensor | None = None, cap: float = 0.0) -> Any:
        if cap:
            raise PartError("the learner's router does not know Grok-2's cap; use the reference for this model")
        gates_nc, chosen_nc, probs_ne = mine(x_nm, w_me, chosen)
        if bias_e is not None and bool(bias_e.any()):
            chosen_nc = (probs_ne + bias_e).topk(chosen, dim=-1).indices
            gates_nc = probs_ne.gather(-1, chosen_nc)
        return gates_nc, chosen_nc, probs_ne

    return router


def _batched(mine: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda g, steps=5: torch.stack([mine(x, steps) for x in g.reshape(-1, *g.shape[-2:])]).view(g.shape)


def adamw_class(step: Callable[..., Any]) -> type[torch.optim.Optimizer]:
    """An optimiser around one function."""

    class LearnersAdamW(torch.optim.Optimizer):
        def __init__(self, params: Any, lr: float, betas: tuple[float, float], eps: float = 1e-8, weight_decay: float = 0.0) -> None:
            super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

        @torch.no_grad()
        def step(self, closure: Any = None) -> None:  # type: ignore[override]
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    state = self.state[p]
                    if not state:
                        state.update(step=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                    state["step"] += 1
                    new, state["m"], state["v"] = step(
                        p.detach(),
                        p.grad,
                        state["m"],
                        state["v"],
                        state["step"],
                        group["lr"],
                        *group["betas"],
                        group["eps"],
                        group["weight_decay"],
                    )
                    p.copy_(new)

    return LearnersAdamW


class _CacheOf:
    """A learner's cache behind the model's protocol."""

    def __init__(self, inner: Any, batch: int) -> None:
        self.inner, self.batch = inner, batch

    def positions(self, t: int) -> Tensor:
        length: int = self.inner.length
        return (length + torch.arange(t)).expand(self.batch, t)

    def append(self, layer: int, k_btkd: Tensor, v_btkd: Tensor) -> tuple[Tensor, Tensor]:
        keys_bskd, values_bskd = self.inner.append(layer, k_btkd, v_btkd)
        return keys_bskd, values_bskd

    def visible(self, t: int) -> None:
        return None

    def advance(self, t: int) -> None:
        self.inner.advance(t)


def _coded(tokenizer: Tokenizer, mine: Any) -> Tokenizer:
    from modelwright.forge.tokenizer import FIRST_BYTE, Tokenizer

    learned = tokenizer.merges
    spelled = [tokenizer.bytes_of(i) for i in range(tokenizer.size)]
    id_of = {spelled[i]: i for i in range(FIRST_BYTE, tokenizer.size)}

    class Coded(Tokenizer):
        def encode(self, text: str | bytes) -> list[int]:
            return super().encode(text) if isinstance(text, bytes) else [id_of[token] for token in mine.encode(text, learned)]

        def encode_batch(self, texts: Any) -> list[list[int]]:
            return [self.encode(text) for text in texts]

        def decode(self, ids: Any, specials: bool = False) -> str:
            return super().decode(ids, True) if specials else mine.decode([spelled[i] for i in ids])

    return Coded(tokenizer.inner)


def choose(asked: str, resolver: Resolver | None = None) -> Parts:
    """`reference`, `mine` (all that the resolver has), or a list such as `rope=mine,router=reference`; each is checked first."""
    wanted: dict[str, bool] = {}
    words = [word.strip() for word in asked.split(",") if word.strip()]
    for word in words:
        name, equals, whose = word.partition("=")
        if not equals:
            if name not in ("mine", "reference"):
                raise PartError(
                    f"'{word}' does not say whose part to use; write mine, reference, or a list such as rope=mine,router=reference"
                )
            wanted |= dict.fromkeys(PARTS, name == "mine")
            continue
        part(name)
        if whose not in ("mine", "reference"):
            raise PartError(f"'{word}': a part is 'mine' or 'reference'")
        wanted[name] = whose == "mine"
    all_of_them = "mine" in words
    mine: dict[str, Any] = {}
    for slug in (slug for slug, asked_for in wanted.items() if asked_for):
        found = resolver(slug) if resolver else None
        if found is not None:
            mine[slug] = found
        elif not all_of_them:
            lab_of = getattr(resolver, "lab_of", None)
            lab = lab_of(slug) if lab_of else None
            how = f"pass its lab first, {lab}" if lab else "no lab makes it yet" if lab_of else "pass its lab first"
            raise PartError(f"there is no part '{slug}' of yours yet; {how}, or say {slug}=reference")
    checked = []
    for slug, it in mine.items():
        result = check(slug, it)
        if result.failure:
            where = f" ({it.__file__})" if hasattr(it, "__file__") else ""
            raise PartError(f"your part '{slug}' breaks its contract at '{result.failure.name}': {result.failure.message}{where}")
        checked.append(result)
    return Parts(mine, tuple(checked))


def from_folder(folder: Path) -> Resolver:
    """A resolver for a folder of files named after the parts: `rms_norm.py` for `rms-norm`."""

    def resolve(slug: str) -> Any:
        file = folder / f"{slug.replace('-', '_')}.py"
        return load_file(file) if file.exists() else None

    return resolve


LARGEST_FILE = 8_000_000


def load_file(file: Path) -> Any:
    """A learner's file as a module of its own. It runs in this process: it is the learner's own machine and code."""
    try:
        state = os.stat(file)
    except OSError as error:
        raise PartError(f"{file} cannot be read: {error.strerror or error}") from error
    if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST_FILE:
        raise PartError(f"{file} is not an ordinary file of at most {LARGEST_FILE // 1_000_000} MB")
    name = "part_" + "".join(c if c.isalnum() else "_" for c in str(file.resolve()))
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PartError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise PartError(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
    return module


@dataclass(frozen=True)
class Cost:
    """What a set of parts costs against the reference, in a short training of the smallest model."""

    speed: float
    """Seconds a step, theirs over the reference's."""
    loss: float
    """Loss after the last step, theirs minus the reference's."""
    steps: int


def cost(parts: Parts, steps: int = 12, seed: int = 0) -> Cost:
    """Train two small models from the same weights on the same batches, step by step in turn."""
    from modelwright.forge import optim
    from modelwright.forge.config import preset
    from modelwright.forge.model import Grok

    config = preset("nano").replace(layers=2, context=64)
    g = torch.Generator().manual_seed(seed)
    data = [torch.randint(1, config.vocab, (8, 65), generator=g) for _ in range(steps)]
    models, times, last = [], [0.0, 0.0], [0.0, 0.0]
    for these in (Parts(), parts):
        with torch.random.fork_rng(devices=[]):  # a run that comes after must not notice
            torch.manual_seed(seed)
            model = Grok(config, these.ops())
        how = these.training()
        models.append((model, optim.optimisers(model, 3e-3, orthogonalise=how.orthogonalise, adamw=how.adamw), how))
    for step, batch in enumerate(data):
        for i, (model, optimisers, how) in enumerate(models):
            began = time.perf_counter()
            optim.set_rate(optimisers, how.learning_rate(step, steps, 3e-3, 2, 4, 0.0))
            loss = model.loss(batch[:, :-1], batch[:, 1:], balance=0.01, packed=True)
            loss.total.backward()
            if how.clip is not None:
                how.clip([p.grad for p in model.parameters() if p.grad is not None], 1.0)
            else:
                optim.clip(model.parameters(), 1.0)
            for optimiser in optimisers:
                optimiser.step()
            model.zero_grad(set_to_none=True)
            last[i] = float(loss.cross_entropy)
            if step >= 2:
                times[i] += time.perf_counter() - began
    return Cost(times[1] / max(times[0], 1e-9), last[1] - last[0], steps)
