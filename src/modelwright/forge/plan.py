"""What training a model would take, from a stated model of the hardware. It is arithmetic, not measurement, and says what it assumes.

The model:
- Work: `ModelConfig.training_flops_per_token` (6 a used weight, and attention), plus a third where activations are computed again.
- Time for products: that work at the share of the data sheet's peak that large bfloat16 products reach on that device
  (`Accelerator.kernel`).
- Sharding: a tensor- or expert-parallel group of one node (8), and weights, gradients and optimiser state cut over all devices (FSDP).
  Every step gathers the layers' weights twice and scatters the gradients once, in bfloat16, over the slower of node link and network;
  half of it runs beside the products. A mixture also sends each routed token to its experts and back, forward and backward.
- A pipeline bubble and input, logging, checkpoints, failures and restarts: `LOST` of the time.
- Memory: 2 bytes a weight and gradient, 12 for AdamW's float32 copy and moments; activations one layer input a token and layer, when
  they are computed again.

Against published runs (see `KNOWN`) its days are within a third: good enough to choose a size, not to sign a contract.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import ConfigError
from modelwright.forge.hardware import ACCELERATORS

LOST = 0.12
NODE = 8


@dataclass(frozen=True)
class Plan:
    gpus: int
    kind: str
    parameters: int
    active_parameters: int
    tokens: float
    batch_tokens: float
    context: int
    flops: float
    """Of the whole run, activations computed again not counted: what model-flop utilisation divides."""
    memory_gb: float
    """A device's, at the peak."""
    memory_limit_gb: float
    fits: bool
    tokens_per_second: float
    """Of all devices."""
    mfu: float
    days: float
    gpu_hours: float
    dollars: float
    seconds_of_products: float
    seconds_of_communication: float
    """Of one step, before overlap."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def to_text(self, name: str) -> str:
        rows = (
            ("parameters", f"{self.parameters:,}, of which a token uses {self.active_parameters:,}"),
            (
                "training",
                f"{self.tokens:.3g} tokens of context {self.context:,}, {self.batch_tokens:,.0f} a step; {self.flops:.2e} operations",
            ),
            ("memory", f"{self.memory_gb:.1f} GB a device of {self.memory_limit_gb:.0f} GB" + ("" if self.fits else ": it does not fit")),
            ("speed", f"{self.tokens_per_second:,.0f} tokens a second, model-flop utilisation {self.mfu:.0%}"),
            ("time", f"{self.days:,.1f} days, {self.gpu_hours:,.0f} device-hours"),
            ("cost", f"{self.dollars:,.0f} dollars"),
        )
        head = f"{name} on {self.gpus:,} {self.kind}"
        return "\n".join([head, *(f"  {what:<12}{said}" for what, said in rows), "  How it is reckoned: docs/forge.md, 'The plan'."])


def plan_run(
    config: ModelConfig, gpus: int, kind: str = "H100", *, tokens: float = 0, context: int = 0, batch_tokens: float = 0, price: float = 0
) -> Plan:
    """`tokens` 0 is twenty for each active parameter (arXiv 2203.15556), `batch_tokens` 0 four million, `price` 0 the table's."""
    if kind not in ACCELERATORS:
        raise ConfigError(f"there is no accelerator '{kind}' in the table; there are {', '.join(ACCELERATORS)}")
    device = ACCELERATORS[kind]
    context = context or min(config.context, 8192)
    tokens = tokens or 20.0 * config.active_parameters
    batch = max(batch_tokens or 4e6, gpus * 1.0)
    price = price or device.dollars

    flops_per_token = config.training_flops_per_token(context)
    per_device = batch / gpus  # tokens a step
    node = min(gpus, NODE)

    # Memory. Within a node the working layer's weights are cut again, so that a gathered layer fits.
    weights = config.parameters
    layer_bytes = 2 * weights / config.layers
    state = (2 + 2 + 12) * weights / gpus
    micro = min(per_device, float(context))  # one sequence at a time, more by accumulation
    activations = micro * config.width * 2 * config.layers
    working = micro * (8 * config.width + 6 * config.chosen * config.ffn) * 2 / (node if config.routed else 1) + 2 * layer_bytes / node
    logits = micro * config.vocab * 4 * 2 / node
    memory = state + activations + working + logits + 3e9  # the last: libraries, fragments

    # Time of a step. Activations are computed again where keeping them would not fit.
    kept = micro * config.layers * (14 * config.width + 6 * config.chosen * config.ffn) * 2
    again = state + kept > 0.8 * device.memory
    products = per_device * flops_per_token * (4 / 3 if again else 1) / (device.flops * device.kernel)
    gathered = 3 * 2 * weights / (node if config.routed or weights > 3e10 else 1)  # bytes through each device's network share
    slowest = device.network if gpus > NODE else device.link
    sent = gathered / slowest * (0 if gpus == 1 else 1)
    routed = 0.0
    if config.routed and gpus > 1:
        routed = 4 * per_device * config.chosen * config.width * 2 * config.layers / device.link
    communication = sent + routed
    # Half of the communication runs beside the products; of the other half, what is not longer than they are waits in line.
    seconds = (max(products, communication / 2) + min(products, communication) / 2) / (1 - LOST)
    speed = batch / seconds
    days = tokens / speed / 86_400
    return Plan(
        gpus=gpus,
        kind=kind,
        parameters=config.parameters,
        active_parameters=config.active_parameters,
        tokens=tokens,
        batch_tokens=batch,
        context=context,
        flops=flops_per_token * tokens,
        memory_gb=memory / 1e9,
        memory_limit_gb=device.memory / 1e9,
        fits=memory < device.memory,
        tokens_per_second=speed,
        mfu=speed * flops_per_token / (gpus * device.flops),
        days=days,
        gpu_hours=days * 24 * gpus,
        dollars=days * 24 * gpus * price,
        seconds_of_products=products,
        seconds_of_communication=communication,
    )


@dataclass(frozen=True)
class Published:
    name: str
    config: ModelConfig
    gpus: int
    kind: str
    tokens: float
    batch_tokens: float
    gpu_hours: float
    source: str


def _llama(width: int, layers: int, heads: int, keys: int, ffn: int, vocab: int, context: int) -> ModelConfig:
    return ModelConfig(
        vocab=vocab, width=width, layers=layers, query_heads=heads, key_heads=keys, head_size=width // heads, context=context,
        experts=1, chosen=1,
        expert_size=ffn, tied=False,
    )  # fmt: skip


KNOWN = (
    Published("LLaMA 7B", _llama(4096, 32, 32, 32, 11_008, 32_000, 2048), 1024, "A100", 1.0e12, 4e6, 82_432, "arXiv 2302.13971, table 15"),
    Published(
        "LLaMA 65B", _llama(8192, 80, 64, 64, 22_016, 32_000, 2048), 2048, "A100", 1.4e12, 4e6, 1_022_362, "arXiv 2302.13971, table 15"
    ),
    Published(
        "Llama 2 70B", _llama(8192, 80, 64, 8, 28_672, 32_000, 4096), 2048, "A100", 2.0e12, 4e6, 1_720_320, "arXiv 2307.09288, table 2"
    ),
    Published("Llama 3 8B", _llama(4096, 32, 32, 8, 14_336, 128_256, 8192), 8192, "H100", 15e12, 16e6, 1_300_000, "Llama 3's model card"),
    Published("Llama 3 70B", _llama(8192, 80, 64, 8, 28_672, 128_256, 8192), 8192, "H100", 15e12, 16e6, 6_400_000, "Llama 3's model card"),
)
"""Runs whose device-hours were published, with the sizes from the same sources."""
