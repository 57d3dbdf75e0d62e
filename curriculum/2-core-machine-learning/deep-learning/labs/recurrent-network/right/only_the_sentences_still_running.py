"""Takes at each step the sentences that still have a word, and puts their new states back by index; a scratch test against nn.RNN."""

import torch
from torch import Tensor


def check_lengths(lengths: Tensor, batch: int, steps: int) -> None:
    if list(lengths.shape) != [batch]:
        raise ValueError(f"expected {batch} lengths, got a tensor of shape {list(lengths.shape)}")
    for at, length in enumerate(lengths.tolist()):
        if length > steps:
            raise ValueError(f"sentence {at} is too long: {length}")
        if length < 0:
            raise ValueError(f"sentence {at} has a negative length: {length}")


class Cell:
    def __init__(self, wx: Tensor, wh: Tensor, bias: Tensor) -> None:
        self.wx, self.wh, self.bias = wx, wh, bias

    def step(self, x: Tensor, h: Tensor) -> Tensor:
        return torch.tanh(torch.einsum("bd,dh->bh", x, self.wx) + torch.einsum("bh,hk->bk", h, self.wh) + self.bias)


def rnn(x_btd: Tensor, lengths_b: Tensor, wx_dh: Tensor, wh_hh: Tensor, bias_h: Tensor, start_bh: Tensor) -> Tensor:
    batch, steps, _ = x_btd.shape
    check_lengths(lengths_b, batch, steps)
    cell = Cell(wx_dh, wh_hh, bias_h)
    now, columns = start_bh, []
    for t in range(steps):
        (running,) = torch.nonzero(lengths_b > t, as_tuple=True)
        new = cell.step(x_btd[running, t], now[running])
        now = now.index_put((running,), new)
        columns.append(torch.zeros_like(start_bh).index_put((running,), new))
    return torch.cat([column.unsqueeze(1) for column in columns + [now]], dim=1)


if __name__ == "__main__":
    theirs = torch.nn.RNN(3, 4, batch_first=True)
    x, start = torch.randn(2, 5, 3), torch.zeros(2, 4)
    w = [theirs.weight_ih_l0.T, theirs.weight_hh_l0.T, theirs.bias_ih_l0 + theirs.bias_hh_l0]
    mine = rnn(x, torch.tensor([5, 5]), *w, start)
    print((mine[:, :5] - theirs(x)[0]).abs().max())
