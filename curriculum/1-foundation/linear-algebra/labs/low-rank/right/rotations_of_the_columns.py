"""Turns the long columns themselves, pair by pair, with the angle from arctan2."""

import numpy as np


def truncated_svd(a_nm, rank):
    a = np.array(a_nm, dtype=float)
    if a.ndim != 2 or rank < 1 or rank > min(a.shape):
        raise ValueError(f"rank {rank} of shape {a.shape}: it must be within 1 and {min(a.shape, default=0)}")
    if a.shape[1] > a.shape[0]:
        u, s, vt = truncated_svd(a.T.copy(), rank)
        return vt.T, s, u.T
    m = a.shape[1]
    a, v = np.asfortranarray(a), np.eye(m)
    floor = (1e-15 * np.linalg.norm(a)) ** 2
    busy = True
    while busy:
        busy = False
        for i in range(m):
            for j in range(i):
                x, y = a[:, j].copy(), a[:, i].copy()
                xx, yy, xy = x.dot(x), y.dot(y), x.dot(y)
                if xx <= floor or yy <= floor or abs(xy) < 3e-15 * np.sqrt(xx * yy):
                    continue
                busy = True
                angle = 0.5 * np.arctan2(2 * xy, xx - yy)
                c, s = np.cos(angle), np.sin(angle)
                a[:, j], a[:, i] = c * x + s * y, c * y - s * x
                v[:, [j, i]] = np.stack([c * v[:, j] + s * v[:, i], c * v[:, i] - s * v[:, j]], axis=1)
    lengths = np.sqrt((a**2).sum(0))
    keep = sorted(range(m), key=lambda i: -lengths[i])[:rank]
    s = lengths[keep]
    return np.divide(a[:, keep], s, out=np.zeros((len(a), rank)), where=s > 0), s, v[:, keep].T


def principal(x_nd, count):
    x = np.array(x_nd, dtype=float)
    if x.ndim != 2 or x.shape[0] < 2 or count < 1 or count > x.shape[1]:
        raise ValueError(f"{count} components of shape {x.shape}")
    mean = x.mean(0)
    # R of the centred rows is what counts, and zero rows do not change it.
    r = np.linalg.qr(np.concatenate([x - mean, np.zeros(x.shape[1:] * 2)]))[1]
    _, s, rows = truncated_svd(r, count)
    for row in rows:
        if row[np.argmax(np.abs(row))] < 0:
            row *= -1
    return mean, rows, s * s / (len(x) - 1)
