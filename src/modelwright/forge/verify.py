"""Golden numbers: does this model compute what xAI's released code computes, forward and backward?

The format is told in `docs/grok.md`: a compressed NumPy file with a configuration, tokens, and every weight, with the logits, the loss
and the gradients that the release gave for them. Any sizes, padding and seed will do.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import ConfigError
from modelwright.forge.model import PLAIN, Grok, Ops

GOLDEN = Path(__file__).parent / "golden" / "grok1_tiny.npz"
"""A model of a small size with random weights, and what the release computes from it. It comes with the package."""
LIMITS = {"logits": 3e-5, "loss": 3e-5, "gradient": 2e-6}
"""In float32, for logits of up to about 40: the rounding of two different orders of summation."""


@dataclass(frozen=True)
class Verification:
    file: str
    parameters: int
    largest_logit: float
    logits: float
    """Largest absolute difference of a logit."""
    loss: float
    gradient: float
    """Largest over the tensors of |difference| / |gradient|, both Euclidean norms."""
    worst_gradient: str
    passed: bool

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def golden_names(layers: int) -> dict[str, str]:
    """Our parameter names -> xAI's."""
    names = {"embedding": "language_model/in_out_embed.embeddings", "final_norm": "language_model/rms_norm.scale"}
    for i in range(layers):
        ours, theirs = f"layers.{i}.", f"transformer/decoder_layer_{i}/"
        for a, b in (("query", "query"), ("key", "key"), ("value", "value"), ("out", "linear")):
            names[f"{ours}attention.{a}"] = f"{theirs}multi_head_attention/{b}.w"
        for j in range(4):
            names[f"{ours}norms.{j}"] = f"{theirs}rms_norm{f'_{j}' if j else ''}.scale"
        names[f"{ours}experts.router"] = f"{theirs}router.w"
        for a in ("linear", "linear_v", "linear_1"):
            names[f"{ours}experts.{a}"] = f"{theirs}moe/{a}.w"
    return names


def golden_config(values: dict[str, Any], length: int) -> ModelConfig:
    return ModelConfig(
        vocab=values["vocab_size"],
        width=values["emb_size"],
        layers=values["num_layers"],
        query_heads=values["num_q_heads"],
        key_heads=values["num_kv_heads"],
        head_size=values["key_size"],
        context=length,
        experts=values["num_experts"],
        chosen=values["num_selected_experts"],
        widening=values["widening_factor"],
        rope_base=float(values["rope_base"]),
        norm_eps=values["rms_eps"],
        attention_scale=values["attn_output_multiplier"],
        attention_cap=float(values["attn_logit_cap"]),
        embedding_scale=values["embedding_multiplier_scale"],
        output_scale=values["output_multiplier_scale"],
        pad=values["pad_token"],
    )


def load_golden(path: Path, ops: Ops = PLAIN) -> tuple[Grok, dict[str, np.ndarray], dict[str, str]]:
    """The model that the file describes, with its weights; the file's arrays; the names."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        values = json.loads(str(arrays["config"]))
        tokens = arrays["tokens"]
        config = golden_config(values, tokens.shape[1])
    except FileNotFoundError:
        raise ConfigError(
            f"there is no golden file at {path}; give another with --golden, or none to use the one that comes along"
        ) from None
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{path} is not a golden file ({error}); it must be a .npz with config, tokens, logits, loss, weights") from None
    names = golden_names(config.layers)
    if not config.routed:
        names = {ours: theirs for ours, theirs in names.items() if not ours.endswith("experts.router")}
    model = Grok(config, ops)
    with torch.no_grad():
        for ours, parameter in model.named_parameters():
            key = "weight/" + names[ours]
            if key not in arrays:
                raise ConfigError(f"{path} has no {key}; a golden file carries every weight")
            weight = torch.from_numpy(np.array(arrays[key], dtype=np.float32))
            if not config.routed and weight.dim() == 3:
                weight = weight[0]
            if weight.shape != parameter.shape:
                raise ConfigError(f"{key} has shape {tuple(weight.shape)}; its configuration asks for {tuple(parameter.shape)}")
            parameter.copy_(weight)
    return model, arrays, names


def verify(path: Path, ops: Ops = PLAIN) -> Verification:
    """Run the file's tokens forward and backward in float32 on the CPU and compare."""
    model, arrays, names = load_golden(path, ops)
    tokens_bt = torch.from_numpy(arrays["tokens"].astype(np.int64))
    logits_btv = model(tokens_bt)
    targets_bt, pad = tokens_bt[:, 1:], model.config.pad
    counted_bt = torch.ne(targets_bt, -1 if pad is None else pad)
    loss = model.ops.cross_entropy(logits_btv[:, :-1].flatten(0, 1), targets_bt.flatten(), counted_bt.flatten())
    loss.backward()
    worst, worst_name = 0.0, ""
    for ours, parameter in model.named_parameters():
        key = "grad/" + names[ours]
        if key not in arrays or parameter.grad is None:
            continue
        want = arrays[key].astype(np.float64)
        got = parameter.grad.numpy().astype(np.float64).reshape(want.shape)
        size = float(np.linalg.norm(want))
        error = float(np.linalg.norm(got - want)) / size if size else float(np.linalg.norm(got))
        if error >= worst:
            worst, worst_name = error, names[ours]
    want_logits = arrays["logits"].astype(np.float64)
    logit_error = float(np.abs(logits_btv.detach().numpy() - want_logits).max())
    loss_error = abs(loss.item() - float(arrays["loss"]))
    return Verification(
        file=str(path),
        parameters=sum(p.numel() for p in model.parameters()),
        largest_logit=float(np.abs(want_logits).max()),
        logits=logit_error,
        loss=loss_error,
        gradient=worst,
        worst_gradient=worst_name,
        passed=logit_error <= LIMITS["logits"] and loss_error <= LIMITS["loss"] and worst <= LIMITS["gradient"],
    )
