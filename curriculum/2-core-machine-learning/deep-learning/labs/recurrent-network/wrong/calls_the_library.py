"""Leaves the steps to PyTorch's own network. Stock: library-call. Caught by: the file uses only what the task allows."""

import torch
from torch import nn


def rnn(x_btd, lengths_b, wx_dh, wh_hh, bias_h, start_bh):
    B, T, _ = x_btd.shape
    if lengths_b.shape != (B,):
        raise ValueError(f"{B} sentences and lengths of shape {tuple(lengths_b.shape)}")
    bad = [n for n in lengths_b.tolist() if not 0 <= n <= T]
    if bad:
        raise ValueError(f"length {bad[0]} is not in 0 to {T}")
    cell = nn.RNN(wx_dh.shape[0], wh_hh.shape[0], batch_first=True, dtype=x_btd.dtype)
    weights = dict(zip(["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"], [wx_dh.T, wh_hh.T, bias_h, 0 * bias_h]))
    alive = (torch.arange(T) < lengths_b[:, None])[:, :, None]
    states, _ = torch.func.functional_call(cell, weights, (torch.where(alive, x_btd, 0.0), start_bh[None]))
    every = torch.cat([start_bh[:, None], states], dim=1)
    return torch.cat([torch.where(alive, states, 0.0), every[torch.arange(B), lengths_b][:, None]], dim=1)
