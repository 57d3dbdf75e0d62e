"""Every size of a model, as one frozen value: what a checkpoint records, what a preset names, and what the arithmetic of cost needs.

It holds no tensors and imports no torch. The fields follow Grok-1's release (https://github.com/xai-org/grok-1, `run.py` and
`model.py`); those that only Grok-2 uses default to "off", so that a Grok-2 is the same model with six numbers changed.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any

from modelwright.forge.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    vocab: int
    width: int
    layers: int
    query_heads: int
    key_heads: int
    head_size: int
    context: int = 256
    """Positions that training uses; rotary positions need no table, so a longer text still runs."""

    experts: int = 8
    """Experts in each layer; 1 means a plain gated MLP without a router (the dense twin)."""
    chosen: int = 2
    """Experts that each token visits."""
    widening: float = 8.0
    """Grok-1 derives an expert's width from this: int(widening * width) * 2 // 3, rounded up to a multiple of 8."""
    expert_size: int | None = None
    """An expert's width, where the formula above is not wanted."""

    rope_base: float = 10_000.0
    norm_eps: float = 1e-5
    attention_scale: float | None = None
    """What attention logits are multiplied by; None is 1 / sqrt(head_size)."""
    attention_cap: float = 30.0
    """Attention logits become cap * tanh(logit / cap); 0 leaves them as they are."""
    embedding_scale: float | None = None
    """What embeddings are multiplied by; None is sqrt(width)."""
    output_scale: float = 0.5773502691896257
    """What the final logits are multiplied by: 1 / sqrt(3) in Grok-1."""
    pad: int | None = 0
    """A token that no query may attend to and that is no target; None where a corpus never pads."""

    # Only Grok-2 changes what follows.
    tied: bool = True
    """Whether the output head is the embedding."""
    residual_size: int = 0
    """Width of a dense gated MLP beside the experts; their sum is divided by sqrt(2). 0: none."""
    router_cap: float = 0.0
    final_cap: float = 0.0
    temperature_start: int = 0
    """From this position on, capped attention logits are multiplied by log(position) / log(start). 0: never."""

    def __post_init__(self) -> None:
        for name in ("vocab", "width", "layers", "query_heads", "key_heads", "head_size", "context", "experts", "chosen"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.query_heads % self.key_heads:
            raise ConfigError(
                f"{self.query_heads} query heads cannot share {self.key_heads} key heads evenly; "
                "choose a number of query heads that is a multiple of the key heads"
            )
        if self.head_size % 2:
            raise ConfigError(f"head_size is {self.head_size}; rotary positions turn pairs of channels, so it must be even")
        if self.chosen > self.experts:
            raise ConfigError(f"each token is to visit {self.chosen} experts but there are only {self.experts}")

    # Sizes that follow from the fields.

    @property
    def ffn(self) -> int:
        """Width of one expert."""
        if self.expert_size is not None:
            return self.expert_size
        return (int(self.widening * self.width) * 2 // 3 + 7) // 8 * 8

    @property
    def scale_of_attention(self) -> float:
        return self.head_size**-0.5 if self.attention_scale is None else self.attention_scale

    @property
    def scale_of_embedding(self) -> float:
        return math.sqrt(self.width) if self.embedding_scale is None else self.embedding_scale

    @property
    def routed(self) -> bool:
        return self.experts > 1

    # What a model of these sizes costs.

    @property
    def attention_parameters(self) -> int:
        """Of one layer."""
        return 2 * self.width * self.head_size * (self.query_heads + self.key_heads)

    @property
    def parameters(self) -> int:
        """All of them, whether a token uses them or not."""
        return self._parameters(self.experts)

    @property
    def active_parameters(self) -> int:
        """Those that one token's forward pass multiplies by, the router and the embedding included."""
        return self._parameters(self.chosen)

    def _parameters(self, experts: int) -> int:
        mlp = 3 * self.width * (experts * self.ffn + self.residual_size)
        router = self.width * self.experts if self.routed else 0
        layer = self.attention_parameters + mlp + router + 4 * self.width
        return self.layers * layer + self.width + (1 if self.tied else 2) * self.vocab * self.width

    def training_flops_per_token(self, context: int | None = None) -> float:
        """Multiply-adds count two, backward counts twice forward: 6 a weight, as in PaLM's appendix B (arXiv 2204.02311).

        The embedding look-up multiplies nothing, the output head does. Attention adds 12 * layers * heads * head_size * context,
        counted in full, as is usual, although a causal kernel may skip half.
        """
        unused = 0 if self.tied else self.vocab * self.width
        attention = 12 * self.layers * self.query_heads * self.head_size * (self.context if context is None else context)
        return 6.0 * (self.active_parameters - unused) + attention

    # Neighbours of this configuration.

    def replace(self, **changes: Any) -> ModelConfig:
        return dataclasses.replace(self, **changes)

    def dense_twin(self) -> ModelConfig:
        """The same model with one MLP as wide as the experts that a token visits: equal active parameters, the router aside."""
        return self.replace(experts=1, chosen=1, expert_size=self.chosen * self.ffn)

    # On disk.

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        names = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - names):
            raise ConfigError(f"a model has no field '{unknown[0]}'; its fields are {', '.join(sorted(names))}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError(f"this model's configuration is not complete: {error}") from error

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)


def _grok1() -> ModelConfig:
    return ModelConfig(vocab=131_072, width=6144, layers=64, query_heads=48, key_heads=8, head_size=128, context=8192)


def _grok2() -> ModelConfig:
    """Grok-2 as sglang runs it; the difference from Grok-1 is what is said here."""
    return _grok1().replace(
        width=8192,
        query_heads=64,
        context=131_072,
        expert_size=16_384,
        residual_size=32_768,
        tied=False,
        output_scale=0.5,
        router_cap=30.0,
        final_cap=50.0,
        rope_base=208_533_496.0,
        temperature_start=1024,
    )


PRESETS: dict[str, ModelConfig] = {
    # Named sizes, smallest first. Up to `small` they are meant for one machine without a graphics card.
    "nano": ModelConfig(vocab=512, width=96, layers=3, query_heads=4, key_heads=2, head_size=24, context=128, expert_size=128),
    "micro": ModelConfig(vocab=1024, width=160, layers=4, query_heads=5, key_heads=1, head_size=32, context=192, expert_size=208),
    "mini": ModelConfig(vocab=4096, width=256, layers=6, query_heads=8, key_heads=2, head_size=32, context=256, expert_size=352),
    "small": ModelConfig(vocab=16_384, width=512, layers=8, query_heads=8, key_heads=2, head_size=64, context=512, expert_size=680),
    # GPT-2's 124 million active parameters: what one graphics card is measured with.
    "base": ModelConfig(vocab=50_304, width=768, layers=12, query_heads=12, key_heads=12, head_size=64, context=1024, expert_size=1024),
    "grok-1": _grok1(),
    "grok-2": _grok2(),
}


def preset(name: str) -> ModelConfig:
    try:
        return PRESETS[name]
    except KeyError:
        raise ConfigError(f"there is no preset '{name}'; there are {', '.join(PRESETS)}") from None
