"""Loops over the batch in Python. Caught by: time."""

import torch


def rnn(x_btd, lengths_b, wx_dh, wh_hh, bias_h, start_bh):
    B, T, _ = x_btd.shape
    if lengths_b.shape != (B,):
        raise ValueError(f"{B} sentences and lengths of shape {tuple(lengths_b.shape)}")
    bad = [n for n in lengths_b.tolist() if not 0 <= n <= T]
    if bad:
        raise ValueError(f"length {bad[0]} is not in 0 to {T}")
    out = []
    for x, length, h in zip(x_btd, lengths_b.tolist(), start_bh):
        states = []
        for t in range(T):
            h = torch.tanh(x[t] @ wx_dh + h @ wh_hh + bias_h) if t < length else h
            states.append(h if t < length else torch.zeros_like(h))
        out.append(torch.stack([*states, h]))
    return torch.stack(out)
