import torch


def rnn(x_btd, lengths_b, wx_dh, wh_hh, bias_h, start_bh):
    """States after each position, then the final state of each sentence, (B, T + 1, H); see README.md."""
    B, T, _ = x_btd.shape
    if lengths_b.shape != (B,):
        raise ValueError(f"{B} sentences need {B} lengths, not the shape {tuple(lengths_b.shape)}")
    for length in lengths_b.tolist():
        if not 0 <= length <= T:
            raise ValueError(f"a length of {length} does not lie between 0 and {T}")
    alive_bt1 = (torch.arange(T) < lengths_b[:, None])[..., None]
    # Padding is replaced before the arithmetic: a nan times 0 is a nan, in the gradient too.
    read_bth = torch.where(alive_bt1, x_btd, torch.zeros_like(x_btd)) @ wx_dh + bias_h
    h_bh, states = start_bh, []
    for t in range(T):
        h_bh = torch.where(alive_bt1[:, t], torch.tanh(read_bth[:, t] + h_bh @ wh_hh), h_bh)
        states.append(torch.where(alive_bt1[:, t], h_bh, torch.zeros_like(h_bh)))
    return torch.stack([*states, h_bh], dim=1)
