"""Keys and values of the positions that a model has already seen, so that the next token costs one position and not all of them.

Rows may be of different lengths: a row's keys lie at their own positions from 0 on, and what lies beyond a row's length is hidden by
the mask and overwritten by the row's next tokens. So a batch of prompts is given padded on the right, and `set_lengths` then says how long
each one is.
"""

from __future__ import annotations

import torch
from torch import Tensor

from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import ConfigError


class KeyValueCache:
    """Room for `capacity` positions of `batch` rows. Shapes as in `model.py`; keys are stored after their rotation."""

    def __init__(
        self,
        config: ModelConfig,
        batch: int,
        capacity: int,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        shape = (config.layers, batch, capacity, config.key_heads, config.head_size)
        self.k_lbskd = torch.zeros(shape, device=device, dtype=dtype)
        self.v_lbskd = torch.zeros(shape, device=device, dtype=dtype)
        self.lengths_b = torch.zeros(batch, dtype=torch.long, device=device)
        self.capacity = capacity
        self._longest = 0
        self._even = True

    def positions(self, t: int) -> Tensor:
        return self.lengths_b[:, None] + torch.arange(t, device=self.lengths_b.device)

    def append(self, layer: int, k_btkd: Tensor, v_btkd: Tensor) -> tuple[Tensor, Tensor]:
        t = k_btkd.shape[1]
        end = self._longest + t
        if end > self.capacity:
            raise ConfigError(f"the cache has room for {self.capacity} positions; {end} are needed")
        k_bskd, v_bskd = self.k_lbskd[layer], self.v_lbskd[layer]
        if self._even:
            k_bskd[:, self._longest : end] = k_btkd
            v_bskd[:, self._longest : end] = v_btkd
        else:
            rows, places = torch.arange(len(self.lengths_b), device=k_btkd.device)[:, None], self.positions(t)
            k_bskd[rows, places] = k_btkd.to(k_bskd.dtype)
            v_bskd[rows, places] = v_btkd.to(v_bskd.dtype)
        return k_bskd[:, :end], v_bskd[:, :end]

    def visible(self, t: int) -> Tensor | None:
        if self._even:
            return None
        keys_s = torch.arange(self._longest + t, device=self.lengths_b.device)
        return keys_s <= self.positions(t)[:, :, None]

    def advance(self, t: int) -> None:
        self.lengths_b += t
        self._longest += t

    def set_lengths(self, lengths_b: Tensor) -> None:
        """After a batch of prompts of different lengths, padded on the right: where each row really ends."""
        self.lengths_b = lengths_b.to(self.lengths_b, copy=True)
        self._longest = int(lengths_b.max())
        self._even = bool((lengths_b == self._longest).all())
