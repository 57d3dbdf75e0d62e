"""Export: what goes out computes the same elsewhere, and comes back as it went."""

from __future__ import annotations

import json
import os

import pytest
import torch

from modelwright.forge.checkpoint import Loaded
from modelwright.forge.config import ModelConfig
from modelwright.forge.engine import Engine, Request, generate
from modelwright.forge.errors import CheckpointError, ConfigError
from modelwright.forge.export import gguf_file, huggingface
from modelwright.forge.export.card import card
from modelwright.forge.generate import Sampling
from modelwright.forge.model import Grok
from modelwright.forge.template import Message, Tool, prompt
from modelwright.forge.tokenizer import PAD, SPECIALS, Tokenizer

TEXT = "The cat sat on the mat, and the dog barked at the cat. What is 12 + 30? It is 42. Zürich 東京 🙂 " * 4
TOKENIZER = Tokenizer.train([TEXT], 330)
GROK1 = ModelConfig(vocab=336, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, experts=4, chosen=2, expert_size=32, context=96)
CONFIGS = {
    "grok-1": GROK1,
    "dense": GROK1.dense_twin(),
    "grok-2": GROK1.replace(
        tied=False, output_scale=0.5, router_cap=30.0, final_cap=50.0, residual_size=64, temperature_start=4, rope_base=2e8
    ),
    "scaled": GROK1.replace(attention_scale=0.3, embedding_scale=7.0, pad=None),
}


def build(config: ModelConfig) -> Grok:
    torch.manual_seed(1)
    model = Grok(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter += 0.1 * torch.randn_like(parameter)
        for name, buffer in model.named_buffers():
            if name.endswith("bias_e"):
                buffer += 0.1 * torch.randn_like(buffer)
    return model


def logits(model: Grok, tokens: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(tokens)


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.tensor([TOKENIZER.encode(TEXT)[:40], TOKENIZER.encode(TEXT)[7:47]])


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))


def load(folder):
    transformers = pytest.importorskip("transformers")
    transformers.utils.logging.set_verbosity_error()
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, trust_remote_code=True
    ).eval(), transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("name", CONFIGS)
def test_transformers_loads_the_folder_and_computes_the_same(name, tmp_path, tokens):
    model = build(CONFIGS[name])
    theirs, _ = load(huggingface.export(tmp_path / "out", model, TOKENIZER))
    tokens[1, 5] = PAD  # a masked key, where the configuration masks
    with torch.no_grad():
        got = theirs(tokens).logits
    assert torch.allclose(got, logits(model, tokens), atol=2e-5)
    assert sum(p.numel() for p in theirs.parameters()) == model.config.parameters


def test_transformers_generates_what_the_engine_generates(tmp_path):
    model = build(GROK1)
    theirs, tokenizer = load(huggingface.export(tmp_path / "out", model, TOKENIZER))
    texts = ["The cat sat", "What is 12 + 30? It"]
    ours = generate(
        Engine(model, TOKENIZER), [Request(prompt=TOKENIZER.encode(t), sampling=Sampling(temperature=0, max_tokens=24)) for t in texts]
    )
    for text, reply in zip(texts, ours, strict=True):
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        specials = [[i] for i in range(16) if i != 2]
        out = theirs.generate(
            **ids,
            do_sample=False,
            max_new_tokens=24,
            eos_token_id=2,
            bad_words_ids=[*specials, *([i] for i in range(TOKENIZER.size, GROK1.vocab))],
        )
        assert tokenizer.decode(out[0, ids.input_ids.shape[1] :], skip_special_tokens=True) == reply.text
    padded = tokenizer(texts, return_tensors="pt", padding=True, padding_side="left")
    out = theirs.generate(
        **padded,
        do_sample=False,
        max_new_tokens=24,
        eos_token_id=2,
        bad_words_ids=[*specials, *([i] for i in range(TOKENIZER.size, GROK1.vocab))],
    )
    assert [tokenizer.decode(row[padded.input_ids.shape[1] :], skip_special_tokens=True) for row in out] == [reply.text for reply in ours]


def test_the_tokenizer_and_the_chat_template_go_along(tmp_path):
    _, tokenizer = load(huggingface.export(tmp_path / "out", build(GROK1), TOKENIZER))
    assert tokenizer.encode(TEXT, add_special_tokens=False) == TOKENIZER.encode(TEXT)
    assert tokenizer.decode(TOKENIZER.encode(TEXT)) == TEXT
    assert (tokenizer.pad_token, tokenizer.eos_token) == ("<|pad|>", "<|end|>")
    assert tokenizer.convert_tokens_to_ids(list(SPECIALS)) == list(range(16))
    talk = [{"role": "user", "content": "The cat?"}]
    ids = tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_dict=False)
    assert ids == prompt([Message("user", "The cat?")], TOKENIZER)
    tool = {"type": "function", "function": {"name": "look", "description": "", "parameters": {}}}
    assert tokenizer.apply_chat_template(talk, tools=[tool], add_generation_prompt=True, return_dict=False) == prompt(
        [Message("user", "The cat?")], TOKENIZER, [Tool("look")]
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_a_folder_comes_back_to_the_bit(name, tmp_path, tokens):
    model = build(CONFIGS[name])
    back = huggingface.import_(huggingface.export(tmp_path / "out", model, TOKENIZER))
    assert torch.equal(logits(back.model, tokens), logits(model, tokens))
    assert back.tokenizer.to_json() == TOKENIZER.to_json()
    assert back.config.replace(expert_size=None) == model.config.replace(expert_size=None)


@pytest.mark.parametrize("name", CONFIGS)
def test_gguf_comes_back_with_equal_logits(name, tmp_path, tokens):
    model = build(CONFIGS[name])
    back = gguf_file.import_(gguf_file.export(tmp_path / "model.gguf", model, TOKENIZER))
    tokens[0, 3] = PAD if model.config.pad == PAD else tokens[0, 3]
    assert torch.allclose(logits(back.model, tokens), logits(model, tokens), atol=2e-5)
    assert back.tokenizer.encode(TEXT) == TOKENIZER.encode(TEXT)
    assert back.tokenizer.encode("<|end|>") == TOKENIZER.encode("<|end|>")


def test_gguf_holds_llama_cpps_tensors_and_metadata(tmp_path):
    gguf = pytest.importorskip("gguf")
    model = build(CONFIGS["grok-2"])
    reader = gguf.GGUFReader(gguf_file.export(tmp_path / "model.gguf", model, TOKENIZER, name="Test"))
    read = lambda key: reader.fields[key].contents()
    assert read("general.architecture") == "grok"
    assert (read("general.name"), read("grok.block_count"), read("grok.expert_count"), read("grok.expert_used_count")) == ("Test", 2, 4, 2)
    assert (read("grok.attention.head_count"), read("grok.attention.head_count_kv"), read("grok.attention.key_length")) == (4, 2, 8)
    assert read("grok.final_logit_softcapping") == 50.0
    assert read("grok.embedding_scale") == pytest.approx(32**0.5)
    assert read("tokenizer.ggml.tokens")[:3] == ["<|pad|>", "<|start|>", "<|end|>"]
    assert len(read("tokenizer.ggml.tokens")) == 336
    assert len(read("tokenizer.ggml.merges")) == TOKENIZER.size - 272
    assert read("tokenizer.ggml.eot_token_id") == 6
    known = set()
    for tensor in gguf.MODEL_TENSORS[gguf.MODEL_ARCH.GROK]:
        known |= {gguf.TENSOR_NAMES[tensor].format(bid=i) for i in range(2)}
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    assert {name.rsplit(".", 1)[0] for name in tensors if "exp_probs" not in name} <= known
    assert tensors["blk.1.ffn_gate_exps.weight"].shape.tolist() == [32, 32, 4]
    assert tensors["blk.0.attn_q.weight"].data.reshape(32, 32) == pytest.approx(model.state_dict()["layers.0.attention.query"].T.numpy())


@pytest.mark.parametrize(("kind", "off"), [("f16", 0.02), ("q8_0", 0.3)])
def test_smaller_gguf_is_smaller_and_nearly_the_same(kind, off, tmp_path, tokens):
    model = build(GROK1.replace(experts=1, chosen=1, expert_size=64))
    small, whole = (gguf_file.export(tmp_path / f"{k}.gguf", model, TOKENIZER, k) for k in (kind, "f32"))
    assert small.stat().st_size < 0.8 * whole.stat().st_size
    back = gguf_file.import_(small)
    assert 0 < float((logits(back.model, tokens) - logits(model, tokens)).abs().max()) < off


def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path):
    gguf = pytest.importorskip("gguf")
    folder = huggingface.export(tmp_path / "out", build(GROK1), TOKENIZER)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        huggingface.import_(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(CheckpointError, match="of the kind 'llama'"):
        huggingface.import_(folder)
    with pytest.raises(CheckpointError, match="no config.json"):
        huggingface.import_(tmp_path / "none")
    (tmp_path / "junk.gguf").write_bytes(os.urandom(400))
    for file, says in (("junk.gguf", "not GGUF"), ("none.gguf", "there is no file")):
        with pytest.raises(CheckpointError, match=says):
            gguf_file.import_(tmp_path / file)
    other = gguf.GGUFWriter(tmp_path / "llama.gguf", "llama")
    other.write_header_to_file()
    other.write_kv_data_to_file()
    other.write_tensors_to_file()
    other.close()
    with pytest.raises(CheckpointError, match="architecture 'llama'"):
        gguf_file.import_(tmp_path / "llama.gguf")
    with pytest.raises(ConfigError, match="no kind of weights 'q9'"):
        gguf_file.export(tmp_path / "x.gguf", build(GROK1), None, "q9")


def test_the_card_says_what_is_known_and_that_the_rest_is_not(tmp_path):
    loaded = Loaded(build(GROK1), TOKENIZER, GROK1, {})
    alone = card("Tiny", loaded)
    for section in ("## Data", "## Training and compute", "## Evaluation", "## Limits"):
        assert section in alone
    assert "Not recorded" in alone
    record = {
        "recipe": "evening", "seed": 7, "recipe_sha256": "ab" * 32, "parts": {"rope": "mine", "router": "reference"}, "machine": {"cores": 2},
        "stages": {"data": {"seconds": 4, "gave": {"documents": 600, "duplicates": 3, "train_tokens": 1000, "val_tokens": 50}},
                   "pretrain": {"seconds": 60.0, "gave": {"tokens": 2000, "bits_per_byte": 1.25}}},
    }  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(record))
    (tmp_path / "recipe.toml").write_text('[data]\nsource = "primer:600"\n')
    told = card("Tiny", loaded, tmp_path)
    for fact in (
        "primer:600",
        "Documents: 600",
        "1000 for training",
        "pretrain (60 s)",
        "Seed 7",
        "learner: rope",
        "| pretrain: bits per byte | 1.25 |",
    ):
        assert fact in told
