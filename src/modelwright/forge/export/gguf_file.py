"""GGUF, the format of llama.cpp, under its architecture `grok` and its names for tensors and metadata; and back.

Every number that the forward pass needs is in the metadata; tokens, merges, marks and chat template too. GGUF has no place for a pattern
that cuts text before merging, so the whole `tokenizer.json` is embedded, under the key that the format has for it: a reader that ignores it
cuts differently, and its tokens then differ from training's. llama.cpp renormalises the two gates and this model does not; the norm after
the experts hides nearly all of that.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modelwright.forge.checkpoint import Loaded
from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import CheckpointError, ConfigError, ForgeError
from modelwright.forge.model import Grok
from modelwright.forge.template import JINJA
from modelwright.forge.tokenizer import END, FIRST_BYTE, PAD, SPECIALS, START, TURN, Tokenizer, byte_characters

ARCHITECTURE = "grok"
KINDS = ("f32", "f16", "q8_0")
LAYER = {  # ours -> llama.cpp's, of one layer
    "attention.query": "attn_q", "attention.key": "attn_k", "attention.value": "attn_v", "attention.out": "attn_output",
    "norms.0": "attn_norm", "norms.1": "attn_output_norm", "norms.2": "ffn_norm", "norms.3": "layer_output_norm",
    "experts.router": "ffn_gate_inp",
}  # fmt: skip
MLP = {"linear": "ffn_gate", "linear_v": "ffn_up", "linear_1": "ffn_down"}


def names(config: ModelConfig) -> dict[str, str]:
    """Our parameters -> GGUF's tensors."""
    out = {"embedding": "token_embd.weight", "final_norm": "output_norm.weight"}
    if not config.tied:
        out["head"] = "output.weight"
    for i in range(config.layers):
        for ours, theirs in LAYER.items():
            if config.routed or ours != "experts.router":
                out[f"layers.{i}.{ours}"] = f"blk.{i}.{theirs}.weight"
        for ours, theirs in MLP.items():
            out[f"layers.{i}.experts.{ours}"] = f"blk.{i}.{theirs}{'_exps' if config.routed else ''}.weight"
            if config.residual_size:
                out[f"layers.{i}.mlp.{ours}"] = f"blk.{i}.{theirs}.weight"
        if config.routed:
            out[f"layers.{i}.experts.bias_e"] = f"blk.{i}.exp_probs_b.bias"
    return out


def turned(name: str) -> bool:
    """Whether a tensor is a matrix (in, out) with us, (out, in) with them."""
    return not name.endswith("bias_e") and ("attention." in name or "experts." in name or "mlp." in name)


def export(file: Path, model: Grok, tokenizer: Tokenizer | None, kind: str = "f32", name: str = "Modelwright Grok") -> Path:
    import gguf

    if kind not in KINDS:
        raise ConfigError(f"there is no kind of weights '{kind}'; there are {', '.join(KINDS)}")
    c, state = model.config, model.state_dict()
    quantised = {"f32": gguf.GGMLQuantizationType.F32, "f16": gguf.GGMLQuantizationType.F16, "q8_0": gguf.GGMLQuantizationType.Q8_0}[kind]
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.part")
    writer = gguf.GGUFWriter(fresh, ARCHITECTURE)
    try:
        _describe(writer, c, name, kind)
        if tokenizer is not None:
            _tokens(writer, tokenizer, c.vocab)
        for ours, theirs in names(c).items():
            tensor = state[ours].detach().float()
            if ours.endswith("bias_e") and not tensor.any():
                continue
            values = np.ascontiguousarray((tensor.mT if turned(ours) else tensor).numpy())
            small = values.ndim < 2 or "router" in ours or values.shape[-1] % gguf.GGML_QUANT_SIZES[quantised][0]
            if small or kind == "f32":
                writer.add_tensor(theirs, values)
            else:
                writer.add_tensor(theirs, gguf.quants.quantize(values, quantised), raw_dtype=quantised)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        fresh.replace(file)
    except OSError as error:
        raise CheckpointError(f"{file} could not be written ({error.strerror}); free some space and try again") from error
    finally:
        fresh.unlink(missing_ok=True)
    return file


def _describe(writer: Any, c: ModelConfig, name: str, kind: str) -> None:
    import gguf

    types = {"f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
    writer.add_name(name)
    writer.add_file_type(types[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(c.vocab)
    writer.add_context_length(c.context)
    writer.add_embedding_length(c.width)
    writer.add_block_count(c.layers)
    writer.add_head_count(c.query_heads)
    writer.add_head_count_kv(c.key_heads)
    writer.add_key_length(c.head_size)
    writer.add_value_length(c.head_size)
    writer.add_rope_dimension_count(c.head_size)
    writer.add_rope_freq_base(c.rope_base)
    writer.add_layer_norm_rms_eps(c.norm_eps)
    writer.add_feed_forward_length(c.residual_size or c.ffn)
    if c.routed:
        writer.add_expert_count(c.experts)
        writer.add_expert_used_count(c.chosen)
        writer.add_expert_feed_forward_length(c.ffn)
    writer.add_embedding_scale(c.scale_of_embedding)
    writer.add_logit_scale(c.output_scale)
    writer.add_attn_output_scale(c.scale_of_attention)
    writer.add_attn_logit_softcapping(c.attention_cap)
    writer.add_router_logit_softcapping(c.router_cap)
    writer.add_final_logit_softcapping(c.final_cap)
    if c.temperature_start:
        writer.add_attn_temperature_length(c.temperature_start)


def _tokens(writer: Any, tokenizer: Tokenizer, vocab: int) -> None:
    import gguf

    characters = byte_characters()

    def spell(token: bytes) -> str:
        return "".join(characters[byte] for byte in token)

    tokens = [SPECIALS[i] if i < FIRST_BYTE else spell(tokenizer.bytes_of(i)) for i in range(tokenizer.size)]
    kinds = [gguf.TokenType.CONTROL if i < FIRST_BYTE else gguf.TokenType.NORMAL for i in range(tokenizer.size)]
    unused = range(tokenizer.size, vocab)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*tokens, *(f"<|unused{i}|>" for i in unused)])
    writer.add_token_types([*kinds, *(gguf.TokenType.UNUSED for _ in unused)])
    writer.add_token_merges([f"{spell(left)} {spell(right)}" for left, right in tokenizer.merges])
    writer.add_bos_token_id(START)
    writer.add_eos_token_id(END)
    writer.add_eot_token_id(TURN)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(False)
    writer.add_chat_template(JINJA)
    writer.add_string(gguf.Keys.Tokenizer.HF_JSON, tokenizer.to_json())


def import_(file: Path) -> Loaded:
    """A model from a GGUF file of the architecture `grok`."""
    import gguf

    try:
        reader = gguf.GGUFReader(file)
    except FileNotFoundError:
        raise CheckpointError(f"there is no file {file}") from None
    except Exception as error:  # the reader raises whatever a damaged header leads it into
        raise CheckpointError(
            f"{file} is damaged or not GGUF ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        ) from None

    def read(key: str) -> Any:
        return found.contents() if (found := reader.fields.get(key)) is not None else None

    if read("general.architecture") != ARCHITECTURE:
        raise CheckpointError(
            f"{file} holds a model of the architecture '{read('general.architecture')}'; only '{ARCHITECTURE}' can be read"
        )
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    try:
        config = _config(read, tensors)
        state: dict[str, Tensor] = {}
        for ours, theirs in names(config).items():
            if ours.endswith("bias_e") and theirs not in tensors:
                state[ours] = torch.zeros(config.experts)
                continue
            tensor = tensors[theirs]
            values = torch.from_numpy(np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))
            state[ours] = values.mT if turned(ours) else values
        model = Grok(config)
        model.load_state_dict(state)
        document = read(gguf.Keys.Tokenizer.HF_JSON)
        tokenizer = None if document is None else _tokenizer(document)
    except ForgeError:
        raise
    except KeyError as error:
        raise CheckpointError(f"{file} is not whole: {error.args[0]} is missing") from None
    except (RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{file} is damaged ({str(error).splitlines()[0]})") from None
    return Loaded(model.eval(), tokenizer, config, {"imported": str(file)})


def _tokenizer(document: str) -> Tokenizer:
    import tokenizers

    return Tokenizer(tokenizers.Tokenizer.from_str(document))


def _config(read: Any, tensors: dict[str, Any]) -> ModelConfig:
    def need(key: str) -> Any:
        value = read(f"{ARCHITECTURE}.{key}")
        if value is None:
            raise KeyError(f"{ARCHITECTURE}.{key}")
        return value

    def maybe(key: str, otherwise: Any) -> Any:
        return otherwise if (value := read(f"{ARCHITECTURE}.{key}")) is None else value

    width, experts, head_size = int(need("embedding_length")), int(maybe("expert_count", 1)), int(need("attention.key_length"))

    # Scales are float32 in the file: where one is the usual value, the exact one is meant.
    def usual(value: float, exact: float) -> float | None:
        return None if math.isclose(value, exact, rel_tol=1e-6) else float(value)

    feed = int(need("feed_forward_length"))
    return ModelConfig(
        vocab=int(tensors["token_embd.weight"].shape[-1]),
        width=width,
        layers=int(need("block_count")),
        query_heads=int(need("attention.head_count")),
        key_heads=int(need("attention.head_count_kv")),
        head_size=head_size,
        context=int(need("context_length")),
        experts=experts,
        chosen=int(maybe("expert_used_count", 1)),
        expert_size=int(need("expert_feed_forward_length")) if experts > 1 else feed,
        rope_base=float(maybe("rope.freq_base", 10_000.0)),
        norm_eps=float(np.float32(need("attention.layer_norm_rms_epsilon")).astype(str)),
        attention_scale=usual(maybe("attention.output_scale", head_size**-0.5), head_size**-0.5),
        attention_cap=float(maybe("attn_logit_softcapping", 30.0)),
        embedding_scale=usual(maybe("embedding_scale", math.sqrt(width)), math.sqrt(width)),
        output_scale=float(maybe("logit_scale", 3**-0.5)),
        pad=read("tokenizer.ggml.padding_token_id"),
        tied="output.weight" not in tensors,
        residual_size=feed if experts > 1 and "blk.0.ffn_gate.weight" in tensors else 0,
        router_cap=float(maybe("router_logit_softcapping", 0.0)),
        final_cap=float(maybe("final_logit_softcapping", 0.0)),
        temperature_start=int(maybe("attention.temperature_length", 0)),
    )
