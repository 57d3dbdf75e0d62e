"""A folder that `AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)` loads, with tokenizer and chat template; and back.

The weights are in safetensors under names that `transformers` is used to; the modelling code that goes with them is in `transformers_code/`
and copied as it is. One file holds all weights: sharding is for models that this project does not train.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from modelwright.forge.checkpoint import Loaded, write_folder
from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import CheckpointError, ForgeError
from modelwright.forge.model import Grok
from modelwright.forge.template import JINJA, STOPS
from modelwright.forge.tokenizer import END, PAD, SPECIALS, START, Tokenizer

CODE = Path(__file__).parent / "transformers_code"
FIELDS = {  # ours -> theirs
    "vocab": "vocab_size", "width": "hidden_size", "layers": "num_hidden_layers", "query_heads": "num_attention_heads",
    "key_heads": "num_key_value_heads", "head_size": "head_dim", "context": "max_position_embeddings", "experts": "num_experts",
    "chosen": "num_experts_per_tok", "rope_base": "rotary_base", "norm_eps": "rms_norm_eps", "attention_scale": "attention_multiplier",
    "attention_cap": "attention_cap", "embedding_scale": "embedding_multiplier", "output_scale": "output_multiplier",
    "residual_size": "residual_size", "router_cap": "router_cap", "final_cap": "final_cap", "temperature_start": "temperature_start",
    "tied": "tie_word_embeddings", "pad": "masked_token", "expert_size": "intermediate_size",
}  # fmt: skip
NORMS = ("pre_attn_norm", "post_attn_norm", "pre_moe_norm", "post_moe_norm")
PROJECTIONS = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "out": "o_proj"}
MLP = {"linear": "gate_proj", "linear_v": "up_proj", "linear_1": "down_proj"}


def their_config(config: ModelConfig) -> dict[str, Any]:
    values = {theirs: getattr(config, ours) for ours, theirs in FIELDS.items()} | {"intermediate_size": config.ffn}
    return {
        "architectures": ["ModelwrightGrokForCausalLM"],
        "model_type": "modelwright_grok",
        "auto_map": {
            "AutoConfig": "configuration_modelwright.ModelwrightGrokConfig",
            "AutoModel": "modeling_modelwright.ModelwrightGrokModel",
            "AutoModelForCausalLM": "modeling_modelwright.ModelwrightGrokForCausalLM",
        },
        **values,
        "bos_token_id": START,
        "eos_token_id": END,
        "pad_token_id": PAD,
        "use_cache": True,
        "dtype": "float32",
    }


def our_config(values: Mapping[str, Any]) -> ModelConfig:
    return ModelConfig.from_dict({ours: values[theirs] for ours, theirs in FIELDS.items()})


def their_tensors(model: Grok) -> dict[str, Tensor]:
    """Weights under their names; matrices turned to (out, in)."""
    c, state = model.config, model.state_dict()
    out = {"model.embed_tokens.weight": state["embedding"], "model.norm.weight": state["final_norm"]}
    if not c.tied:
        out["lm_head.weight"] = state["head"]
    for i in range(c.layers):
        ours, theirs = f"layers.{i}.", f"model.layers.{i}."
        for a, b in PROJECTIONS.items():
            out[f"{theirs}self_attn.{b}.weight"] = state[f"{ours}attention.{a}"].T
        for j, b in enumerate(NORMS):
            out[f"{theirs}{b}.weight"] = state[f"{ours}norms.{j}"]
        for a, b in MLP.items():
            weight = state[f"{ours}experts.{a}"]
            if c.routed:
                for e in range(c.experts):
                    out[f"{theirs}mlp.experts.{e}.{b}.weight"] = weight[e].T
            else:
                out[f"{theirs}mlp.{b}.weight"] = weight.T
            if c.residual_size:
                out[f"{theirs}residual_mlp.{b}.weight"] = state[f"{ours}mlp.{a}"].T
        if c.routed:
            out[f"{theirs}mlp.router.weight"] = state[f"{ours}experts.router"].T
            out[f"{theirs}mlp.choice_bias"] = state[f"{ours}experts.bias_e"]
    return {name: tensor.detach().float().contiguous().clone() for name, tensor in out.items()}


def our_tensors(config: ModelConfig, theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The way back. Raises KeyError with the name of what is missing."""
    c = config
    out = {"embedding": theirs["model.embed_tokens.weight"], "final_norm": theirs["model.norm.weight"]}
    if not c.tied:
        out["head"] = theirs["lm_head.weight"]
    for i in range(c.layers):
        a, b = f"layers.{i}.", f"model.layers.{i}."
        for name, other in PROJECTIONS.items():
            out[f"{a}attention.{name}"] = theirs[f"{b}self_attn.{other}.weight"].T
        for j, other in enumerate(NORMS):
            out[f"{a}norms.{j}"] = theirs[f"{b}{other}.weight"]
        for name, other in MLP.items():
            if c.routed:
                experts = [theirs[f"{b}mlp.experts.{e}.{other}.weight"].T for e in range(c.experts)]
                out[f"{a}experts.{name}"] = torch.stack(experts)
            else:
                out[f"{a}experts.{name}"] = theirs[f"{b}mlp.{other}.weight"].T
            if c.residual_size:
                out[f"{a}mlp.{name}"] = theirs[f"{b}residual_mlp.{other}.weight"].T
        if c.routed:
            out[f"{a}experts.router"] = theirs[f"{b}mlp.router.weight"].T
            out[f"{a}experts.bias_e"] = theirs[f"{b}mlp.choice_bias"]
    return out


def export(folder: Path, model: Grok, tokenizer: Tokenizer | None, card: str = "") -> Path:
    """Write the folder, whole or not at all."""

    def fill(fresh: Path) -> None:
        def write(name: str, values: Any) -> int:
            return (fresh / name).write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")

        write("config.json", their_config(model.config))
        ends = {"bos_token_id": START, "eos_token_id": sorted(STOPS), "pad_token_id": PAD}
        write("generation_config.json", {**ends, "do_sample": True, "temperature": 0.8, "top_p": 0.95})
        save_file(their_tensors(model), fresh / "model.safetensors", metadata={"format": "pt"})
        for file in sorted(CODE.glob("*.py")):
            shutil.copyfile(file, fresh / file.name)
        if tokenizer is not None:
            tokenizer.save(fresh)
            write("tokenizer_config.json", {
                "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": SPECIALS[START], "eos_token": SPECIALS[END],
                "pad_token": SPECIALS[PAD], "extra_special_tokens": list(SPECIALS[3:]), "model_max_length": model.config.context,
                "clean_up_tokenization_spaces": False,
            })  # fmt: skip
            (fresh / "chat_template.jinja").write_text(JINJA, encoding="utf-8")
        if card:
            (fresh / "README.md").write_text(card, encoding="utf-8")

    write_folder(folder, fill)
    return folder


def import_(folder: Path) -> Loaded:
    """A model from such a folder."""
    try:
        values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"there is no model at {folder}: it has no config.json") from None
    except ValueError as error:
        raise CheckpointError(f"{folder / 'config.json'} is not JSON ({error})") from None
    if not isinstance(values, dict) or values.get("model_type") != "modelwright_grok":
        found = values.get("model_type") if isinstance(values, dict) else None
        raise CheckpointError(f"{folder} holds a model of the kind '{found}'; only 'modelwright_grok', which `export` writes, can be read")
    try:
        config = our_config(values)
        model = Grok(config)
        model.load_state_dict(our_tensors(config, load_file(folder / "model.safetensors")))
    except ForgeError:
        raise
    except FileNotFoundError:
        raise CheckpointError(f"{folder} has no model.safetensors") from None
    except KeyError as error:
        raise CheckpointError(f"{folder} is not whole: {error.args[0]} is missing") from None
    except (SafetensorError, RuntimeError, TypeError) as error:
        raise CheckpointError(
            f"the weights in {folder} are damaged or do not fit their configuration ({str(error).splitlines()[0]})"
        ) from None
    tokenizer = Tokenizer.load(folder) if (folder / "tokenizer.json").exists() else None
    return Loaded(model.eval(), tokenizer, config, {"imported": str(folder)})
