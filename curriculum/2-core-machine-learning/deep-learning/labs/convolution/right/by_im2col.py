"""Copies the windows into a matrix by index arrays (im2col), and scatters back with np.add.at."""

import numpy as np


def places(x, w, stride, padding):
    n, c, h, wid = x.shape
    o, c2, kh, kw = w.shape
    if c != c2:
        raise ValueError(f"{c} != {c2} channels")
    if stride <= 0 or padding < 0:
        raise ValueError(f"stride {stride}, padding {padding}")
    if kh > h + 2 * padding or kw > wid + 2 * padding:
        raise ValueError(f"no window of {kh} x {kw} fits into {h + 2 * padding} x {wid + 2 * padding}")
    oh, ow = (h + 2 * padding - kh) // stride + 1, (wid + 2 * padding - kw) // stride + 1
    ch = np.repeat(np.arange(c), kh * kw)[:, None]
    r = np.tile(np.repeat(np.arange(kh), kw), c)[:, None] + stride * np.repeat(np.arange(oh), ow)[None]
    q = np.tile(np.arange(kw), kh * c)[:, None] + stride * np.tile(np.arange(ow), oh)[None]
    return ch, r, q, oh, ow


def pad(x, p):
    out = np.zeros((x.shape[0], x.shape[1], x.shape[2] + 2 * p, x.shape[3] + 2 * p))
    out[:, :, p : p + x.shape[2], p : p + x.shape[3]] = x
    return out


def conv2d(x, w, b, stride=1, padding=0):
    ch, r, q, oh, ow = places(x, w, stride, padding)
    if b.shape != (len(w),):
        raise ValueError("bias")
    columns = pad(x, padding)[:, ch, r, q]
    return (w.reshape(len(w), -1) @ columns + b[:, None]).reshape(len(x), len(w), oh, ow)


def conv2d_backward(grad_y, x, w, stride=1, padding=0):
    ch, r, q, oh, ow = places(x, w, stride, padding)
    if grad_y.shape != (x.shape[0], w.shape[0], oh, ow):
        raise ValueError("gradient")
    xp = pad(x, padding)
    g = grad_y.reshape(len(x), len(w), oh * ow)
    grad_w = np.tensordot(g, xp[:, ch, r, q], axes=((0, 2), (0, 2))).reshape(w.shape)
    grad_columns = w.reshape(len(w), -1).T @ g
    grad_p = np.zeros_like(xp)
    np.add.at(grad_p, (slice(None), ch, r, q), grad_columns)
    grad_x = grad_p[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
    return grad_x, grad_w, g.sum(axis=(0, 2))
