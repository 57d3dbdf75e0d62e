from torch import Tensor


def rnn(x_btd: Tensor, lengths_b: Tensor, wx_dh: Tensor, wh_hh: Tensor, bias_h: Tensor, start_bh: Tensor) -> Tensor:
    """States after each position, then the final state of each sentence, (B, T + 1, H); see README.md."""
    raise NotImplementedError
