"""What machines can do, from their makers' data sheets: for model-flop utilisation and for `forge plan`. Imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Accelerator:
    name: str
    flops: float
    """Dense bfloat16 operations a second (float16 where there is no bfloat16)."""
    memory: float
    """Bytes."""
    bandwidth: float
    """Bytes a second to its own memory."""
    link: float
    """Bytes a second to the other accelerators of its node, one way."""
    network: float
    """Bytes a second to other nodes, for each accelerator."""
    kernel: float
    """What large matrix products reach of the peak. A100s come near it; an H100 is held back by its power."""
    dollars: float
    """An hour, at the price that clouds asked in 2025; a plan may say another."""


ACCELERATORS = {
    a.name: a
    for a in (
        Accelerator("H200", 989e12, 141e9, 4.8e12, 450e9, 50e9, 0.62, 3.0),
        Accelerator("H100", 989e12, 80e9, 3.35e12, 450e9, 50e9, 0.62, 2.2),
        Accelerator("A100", 312e12, 80e9, 2.0e12, 300e9, 25e9, 0.75, 1.3),
        Accelerator("A100-40", 312e12, 40e9, 1.55e12, 300e9, 25e9, 0.75, 1.1),
        Accelerator("V100", 125e12, 32e9, 0.9e12, 150e9, 12.5e9, 0.7, 0.6),
        Accelerator("L40", 181e12, 48e9, 0.86e12, 32e9, 12.5e9, 0.65, 0.9),
        Accelerator("4090", 165e12, 24e9, 1.0e12, 32e9, 1.25e9, 0.75, 0.4),
        Accelerator("T4", 65e12, 16e9, 0.3e12, 16e9, 1.25e9, 0.55, 0.2),
    )
}


def accelerator_flops(device_name: str) -> float | None:
    """The peak of a device by the name that it reports; None for one that is not in the table."""
    for name in sorted(ACCELERATORS, key=len, reverse=True):
        if name in device_name:
            return ACCELERATORS[name].flops
    return None
