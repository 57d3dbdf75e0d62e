"""A class that yields the slice behind each place of the kernel; all three sums go over these slices, with einsum."""

import numpy as np


class Grid:
    def __init__(self, x, w, stride, padding):
        batch, channels, height, width = x.shape
        outputs, wanted, self.kh, self.kw = w.shape
        if channels != wanted:
            raise ValueError(f"channels: {channels} in the image, {wanted} in the kernel")
        if stride < 1:
            raise ValueError(f"stride = {stride}")
        if padding < 0:
            raise ValueError(f"padding = {padding}")
        self.shape = (batch, channels, height + 2 * padding, width + 2 * padding)
        spare = self.shape[2] - self.kh, self.shape[3] - self.kw
        if min(spare) < 0:
            raise ValueError(f"kernel {self.kh} by {self.kw}, padded image {self.shape[2]} by {self.shape[3]}")
        self.rows, self.columns = spare[0] // stride + 1, spare[1] // stride + 1
        self.output = (batch, outputs, self.rows, self.columns)
        self.inner = slice(padding, padding + height), slice(padding, padding + width)
        self.stride = stride

    def pad(self, x):
        padded = np.zeros(self.shape)
        padded[:, :, self.inner[0], self.inner[1]] = x
        return padded

    def places(self):
        for i in range(self.kh):
            for j in range(self.kw):
                rows = slice(i, i + (self.rows - 1) * self.stride + 1, self.stride)
                columns = slice(j, j + (self.columns - 1) * self.stride + 1, self.stride)
                yield i, j, (slice(None), slice(None), rows, columns)


def conv2d(x, w, b, stride=1, padding=0):
    grid = Grid(x, w, stride, padding)
    if b.ndim != 1 or len(b) != len(w):
        raise ValueError(f"bias of shape {b.shape}")
    padded = grid.pad(x)
    y = np.zeros(grid.output) + b.reshape(1, -1, 1, 1)
    for i, j, where in grid.places():
        y += np.einsum("ncpq,oc->nopq", padded[where], w[:, :, i, j], optimize=True)
    return y


def conv2d_backward(grad_y, x, w, stride=1, padding=0):
    grid = Grid(x, w, stride, padding)
    if grad_y.shape != grid.output:
        raise ValueError(f"gradient of shape {grad_y.shape}, output of shape {grid.output}")
    padded, grad_padded, grad_w = grid.pad(x), np.zeros(grid.shape), np.empty_like(w)
    for i, j, where in grid.places():
        grad_w[:, :, i, j] = np.einsum("nopq,ncpq->oc", grad_y, padded[where], optimize=True)
        grad_padded[where] += np.einsum("nopq,oc->ncpq", grad_y, w[:, :, i, j], optimize=True)
    return grad_padded[:, :, grid.inner[0], grid.inner[1]], grad_w, np.einsum("nopq->o", grad_y)


if __name__ == "__main__":
    import torch

    x, w = np.random.randn(2, 3, 7, 6), np.random.randn(4, 3, 3, 2)
    print(conv2d(x, w, np.zeros(4), 2, 1)[0, 0])
    print(torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), stride=2, padding=1)[0, 0])
