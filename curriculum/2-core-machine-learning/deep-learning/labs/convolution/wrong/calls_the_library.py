"""Leaves both passes to PyTorch. Stock: library-call. Caught by: the file uses only what the task allows."""

import torch
from torch.nn.functional import conv2d as convolve


def tensors(stride, padding, *arrays):
    x, w = arrays[-2:]
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"{x.shape[1]} channels and {w.shape[1]}")
    if stride < 1 or padding < 0:
        raise ValueError(f"stride {stride}, padding {padding}")
    if w.shape[2] > x.shape[2] + 2 * padding or w.shape[3] > x.shape[3] + 2 * padding:
        raise ValueError(f"kernel {w.shape[2:]}, padded image {x.shape[2] + 2 * padding, x.shape[3] + 2 * padding}")
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def conv2d(x, w, b, stride=1, padding=0):
    if b.shape != (len(w),):
        raise ValueError(f"bias {b.shape}")
    image, kernel = tensors(stride, padding, x, w)
    return convolve(image, kernel, torch.tensor(b), stride, padding).detach().numpy()


def conv2d_backward(grad_y, x, w, stride=1, padding=0):
    image, kernel = tensors(stride, padding, x, w)
    bias = torch.zeros(len(w), dtype=torch.float64, requires_grad=True)
    y = convolve(image, kernel, bias, stride, padding)
    if grad_y.shape != tuple(y.shape):
        raise ValueError(f"gradient {grad_y.shape}")
    return tuple(grad.numpy() for grad in torch.autograd.grad(y, (image, kernel, bias), torch.tensor(grad_y)))
