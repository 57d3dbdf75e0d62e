"""Takes the state at length - 1, which for an empty sentence is the last position. Caught by: an empty sentence keeps its start."""

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
        h = torch.where(alive[:, t], torch.tanh(read[:, t] + h @ wh_hh), h)
        states.append(torch.where(alive[:, t], h, 0.0))
    states = torch.stack(states, dim=1)
    return torch.cat([states, states[torch.arange(B), lengths_b - 1][:, None]], dim=1)
