"""The references of those parts whose fast form lives elsewhere in another shape: each in its plainest form, one function a part.

What the model itself is made of is in `model.py`, `experts.py` and `optim.py`; `parts.py` says which function is the reference of which
part."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

# Tokenizer.


def train_bpe(text: str, merges: int) -> list[tuple[bytes, bytes]]:
    from modelwright.forge import bpe_reference

    return bpe_reference.train([text], merges)


def encode(text: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    """The text's tokens as bytes."""
    from modelwright.forge.bpe_reference import Encoder

    encoder = Encoder(merges)
    return [encoder.spelling[i] for i in encoder.encode(text)]


def decode(tokens: list[bytes]) -> str:
    return b"".join(tokens).decode(errors="replace")


# Generation.


class KeyValueCache:
    """Keys and values of rows of equal length: `append` writes after what is there and returns all of it; `advance` moves on."""

    def __init__(self, layers: int, batch: int, capacity: int, key_heads: int, head_size: int) -> None:
        self.k_lbskd = torch.zeros(layers, batch, capacity, key_heads, head_size)
        self.v_lbskd = torch.zeros(layers, batch, capacity, key_heads, head_size)
        self.length = 0

    def append(self, layer: int, k_btkd: Tensor, v_btkd: Tensor) -> tuple[Tensor, Tensor]:
        end = self.length + k_btkd.shape[1]
        if end > self.k_lbskd.shape[2]:
            raise ValueError(f"{end} positions do not fit a cache of {self.k_lbskd.shape[2]}")
        self.k_lbskd[layer, :, self.length : end] = k_btkd
        self.v_lbskd[layer, :, self.length : end] = v_btkd
        return self.k_lbskd[layer, :, :end], self.v_lbskd[layer, :, :end]

    def advance(self, t: int) -> None:
        self.length += t


def sample(logits_v: Tensor, temperature: float, top_k: int, top_p: float, u: float) -> int:
    """One token. Probabilities are put in order, the unlikely tail is cut, and u in [0, 1) picks where the running sum passes it."""
    if temperature == 0:
        return int(logits_v.argmax())
    probs_v = (logits_v.float() / temperature).softmax(-1)
    probs_v, order_v = probs_v.sort(descending=True, stable=True)
    keep = len(probs_v) if top_k == 0 else min(top_k, len(probs_v))
    if top_p < 1:
        keep = min(keep, int((probs_v.cumsum(0) < top_p).sum()) + 1)
    kept = probs_v[:keep].double()
    running = (kept / kept.sum()).cumsum(0)
    return int(order_v[min(int((running <= u).sum()), keep - 1)])


# Training.


def clip_(grads: list[Tensor], limit: float) -> Tensor:
    """Scale gradients in place so that their joint norm is at most `limit`; the norm before."""
    norm: Tensor = torch.stack([grad.float().norm() for grad in grads]).norm()
    scale = (limit / (norm + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale.to(grad.dtype))
    return norm


def all_reduce(
    rank: int, world: int, values: np.ndarray, send: Callable[[np.ndarray], None], receive: Callable[[], np.ndarray]
) -> np.ndarray:
    """The sum over all ranks, in 2 (world - 1) messages of a world-th each: first each part goes round and is summed, then round again.

    `send` gives to the next rank, `receive` takes from the one before.
    """
    parts = [part.copy() for part in np.array_split(values.reshape(-1), world)]
    for step in range(world - 1):
        send(parts[(rank - step) % world])
        parts[(rank - step - 1) % world] += receive()
    for step in range(world - 1):
        send(parts[(rank + 1 - step) % world])
        parts[(rank - step) % world] = receive()
    return np.concatenate(parts).reshape(values.shape)


def save(path: str | Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Whole or not at all: written under another name, with a length and a checksum, and then renamed."""
    import hashlib

    buffer = io.BytesIO()
    arrays: dict[str, Any] = {name.replace("/", "\\"): array for name, array in tensors.items()}
    np.savez(buffer, **arrays)
    body = buffer.getvalue()
    path = Path(path)
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(b"forge1" + hashlib.sha256(body).digest() + body)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def load(path: str | Path) -> dict[str, np.ndarray]:
    import hashlib

    raw = Path(path).read_bytes()
    body = raw[38:]
    if raw[:6] != b"forge1" or hashlib.sha256(body).digest() != raw[6:38]:
        raise ValueError(f"{path} is damaged or not a checkpoint")
    with np.load(io.BytesIO(body)) as file:
        return {name.replace("\\", "/"): file[name] for name in file.files}


# Tuning and reinforcement.


def render(turns: list[tuple[str, list[int]]], ids: Mapping[str, int]) -> tuple[list[int], list[bool]]:
    """Tokens of a conversation, and which of them the assistant is to be trained to say."""
    tokens, mask = [ids["start"]], [False]
    for role, text in turns:
        said = role == "assistant"
        tokens += [ids[role], *text, ids["turn"]]
        mask += [False] + [said] * (len(text) + 1)
    return [*tokens, ids["end"]], [*mask, False]


def lora(x: Tensor, w_ab: Tensor, a_ar: Tensor, b_rb: Tensor, alpha: float) -> Tensor:
    """A frozen matrix and a low-rank change of it (arXiv 2106.09685)."""
    return x @ w_ab + (alpha / a_ar.shape[1]) * ((x @ a_ar) @ b_rb)


def dpo_loss(chosen_b: Tensor, rejected_b: Tensor, ref_chosen_b: Tensor, ref_rejected_b: Tensor, beta: float) -> Tensor:
    """Direct preference optimisation (arXiv 2305.18290, eq. 7) from summed log-probabilities."""
    return -F.logsigmoid(beta * ((chosen_b - ref_chosen_b) - (rejected_b - ref_rejected_b))).mean()


def advantage(rewards_pg: Tensor, eps: float = 1e-6) -> Tensor:
    """How much better each answer is than its group, in the group's standard deviations (arXiv 2402.03300)."""
    return (rewards_pg - rewards_pg.mean(-1, keepdim=True)) / (rewards_pg.std(-1, keepdim=True, unbiased=False) + eps)


_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def reward(text: str, answer: str) -> float:
    """1 if the last number said is the answer; after '####' only what follows counts."""
    numbers = _NUMBER.findall(text.rsplit("####", 1)[-1])
    wanted = _NUMBER.findall(answer)
    if not numbers or not wanted:
        return 0.0

    def value(number: str) -> float:
        return float(number.replace(",", ""))

    return 1.0 if value(numbers[-1]) == value(wanted[-1]) else 0.0


# Serving.


def quantise(w_ab: Tensor, group: int) -> tuple[Tensor, Tensor]:
    """8-bit weights with one scale for each `group` rows of a column; a group of zeros has scale 1."""
    a, b = w_ab.shape
    if a % group:
        raise ValueError(f"{a} rows cannot be cut into groups of {group}")
    grouped = w_ab.float().view(a // group, group, b)
    scale = grouped.abs().amax(1) / 127
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    return (grouped / scale[:, None]).round().clamp(-127, 127).to(torch.int8).view(a, b), scale


def dequantise(q_ab: Tensor, scale_nb: Tensor) -> Tensor:
    n, b = scale_nb.shape
    return (q_ab.view(n, -1, b).float() * scale_nb[:, None]).view(q_ab.shape)
