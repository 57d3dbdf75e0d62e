"""Bends with a relu. Caught by: two steps by hand."""

import torch


def rnn(x_btd, lengths_b, wx_dh, wh_hh, bias_h, start_bh):
    B, T, _ = x_btd.shape
    if lengths_b.shape != (B,):
        raise ValueError(f"{B} sentences and lengths of shape {tuple(lengths_b.shape)}")
    bad = [n for n in lengths_b.tolist() if not 0 <= n <= T]
    if bad:
        raise ValueError(f"length {bad[0]} is not in 0 to {T}")
    alive = (torch.arange(T) < lengths_b[:, None])[:, :, None]
    read = torch.where(alive, x_btd, 0.0) @ wx_dh + bias_h
    h, states = start_bh, []
    for t in range(T):
        h = torch.where(alive[:, t], torch.relu(read[:, t] + h @ wh_hh), h)
        states.append(torch.where(alive[:, t], h, 0.0))
    return torch.stack([*states, h], dim=1)
