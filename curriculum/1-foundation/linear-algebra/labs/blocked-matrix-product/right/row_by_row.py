"""Each row of the product is a combination of the rows of b; blocks by lists of starts and ends."""

import numpy as np


def combine_columns(a_nk, x_k):
    if np.ndim(a_nk) != 2 or np.ndim(x_k) != 1 or len(x_k) != np.shape(a_nk)[1]:
        raise ValueError(f"{np.shape(a_nk)} and {np.shape(x_k)} do not fit")
    return np.sum(np.multiply(a_nk, x_k), axis=-1).astype(np.result_type(a_nk, x_k))


def matmul(a_nk, b_km):
    if np.ndim(a_nk) != 2 or np.ndim(b_km) != 2 or np.shape(a_nk)[1] != np.shape(b_km)[0]:
        raise ValueError(f"{np.shape(a_nk)} and {np.shape(b_km)} do not fit")
    out = np.empty((len(a_nk), b_km.shape[1]), np.result_type(a_nk, b_km))
    for i, row in enumerate(a_nk):
        out[i] = (row[:, None] * b_km).sum(0)
    return out


def matmul_blocked(a_nk, b_km, block=64):
    if block < 1 or np.ndim(a_nk) != 2 or np.ndim(b_km) != 2 or np.shape(a_nk)[1] != np.shape(b_km)[0]:
        raise ValueError(f"{np.shape(a_nk)} and {np.shape(b_km)} in blocks of {block} do not fit")
    pieces = lambda size: [slice(s, min(s + block, size)) for s in range(0, size, block)]
    out = np.zeros((a_nk.shape[0], b_km.shape[1]), np.result_type(a_nk, b_km))
    for ks in pieces(a_nk.shape[1]):
        for rows in pieces(a_nk.shape[0]):
            for cols in pieces(b_km.shape[1]):
                out[rows, cols] += matmul(a_nk[rows, ks], b_km[ks, cols])
    return out
