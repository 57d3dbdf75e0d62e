"""The model computes what Grok-1's release computes, and every quicker way to compute it gives the same."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from modelwright.forge import fast, gpu, native
from modelwright.forge.cache import KeyValueCache
from modelwright.forge.config import PRESETS, ModelConfig, preset
from modelwright.forge.errors import ConfigError
from modelwright.forge.experts import Routing, balance_loss, grouped_experts, health, router, straight_experts
from modelwright.forge.model import PLAIN, Grok, Ops, Watch, attention, count, cross_entropy, document_mask, on_meta
from modelwright.forge.verify import GOLDEN, verify

TINY = preset("nano").replace(vocab=61, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, expert_size=24, context=24)
GROK2 = TINY.replace(residual_size=40, tied=False, router_cap=30.0, final_cap=50.0, temperature_start=4, output_scale=0.5)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


OPS = {"plain": PLAIN, "fast": fast.ops(), "in C": native.ops(), "straight experts": Ops(grouped_experts=straight_experts)}


@pytest.mark.parametrize("ops", OPS.values(), ids=OPS.keys())
def test_logits_loss_and_gradients_are_those_of_the_release(ops: Ops) -> None:
    result = verify(GOLDEN, ops)
    assert result.passed, result
    assert result.largest_logit > 40
    assert result.logits <= 3e-5
    assert result.loss <= 3e-5
    assert result.gradient <= 2e-6


def test_verify_says_so_at_the_command_line_and_fails_on_changed_numbers(tmp_path: Path) -> None:
    from modelwright.forge.cli import app

    good = CliRunner().invoke(app, ["verify", "--json"])
    assert good.exit_code == 0
    assert json.loads(good.stdout)["passed"] is True
    arrays = dict(np.load(GOLDEN))
    arrays["logits"] = arrays["logits"] + 1e-3
    np.savez(tmp_path / "changed.npz", **arrays)
    assert CliRunner().invoke(app, ["verify", "--golden", str(tmp_path / "changed.npz")]).exit_code == 1


def test_a_file_that_is_not_golden_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"no")
    with pytest.raises(ConfigError, match="is not a golden file"):
        verify(tmp_path / "x.npz")
    with pytest.raises(ConfigError, match="no golden file at"):
        verify(tmp_path / "absent.npz")


def test_grok_1_has_its_314_billion_parameters_and_grok_2_its_269() -> None:
    assert preset("grok-1").ffn == 32768
    assert count(on_meta(preset("grok-1"))) == preset("grok-1").parameters == 315_684_820_992
    assert abs(count(on_meta(preset("grok-2"))) / 269.5e9 - 1) < 0.001


@pytest.mark.parametrize("config", [*(c for n, c in PRESETS.items() if not n.startswith("grok")), GROK2])
def test_the_configuration_counts_as_the_model_does(config: ModelConfig) -> None:
    assert count(on_meta(config)) == config.parameters
    twin = config.dense_twin()
    router = config.layers * config.width * config.experts
    assert twin.parameters == twin.active_parameters == config.active_parameters - router


@pytest.mark.parametrize(
    ("change", "words"),
    [({"query_heads": 3}, "3 query heads"), ({"head_size": 7}, "even"), ({"chosen": 9}, "9 experts"), ({"layers": 0}, "layers is 0")],
)
def test_sizes_that_cannot_work_are_refused_by_name(change: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        TINY.replace(**change)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 40), e=st.integers(1, 9), m=st.sampled_from([4, 12]), data=st.data())
def test_grouped_experts_equal_the_straight_loop_forward_and_backward(n: int, e: int, m: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(1, e))
    skew = data.draw(st.sampled_from([0.0, 20.0]))  # 20: nearly all tokens to one expert, the others empty
    torch.manual_seed(n * 100 + e)
    x = torch.randn(n, m, requires_grad=True)
    weights = [torch.randn(e, a, b).mul(0.3).requires_grad_() for a, b in ((m, 8), (m, 8), (8, m))]
    gates, chosen, _ = router(torch.randn(n, m), torch.randn(m, e), c, torch.eye(e)[0] * skew)
    gates = gates.detach().requires_grad_()
    inputs = (x, gates, *weights)
    want = straight_experts(x, chosen, gates, *weights)
    got = grouped_experts(x, chosen, gates, *weights)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-4)
    pull = torch.randn_like(want)
    for a, b in zip(torch.autograd.grad((got * pull).sum(), inputs), torch.autograd.grad((want * pull).sum(), inputs), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_the_grouped_products_of_a_graphics_card_equal_the_loop_in_bfloat16s_precision() -> None:
    n, e, m, f = 48, 4, 32, 64
    x = torch.randn(n, m, requires_grad=True)
    weights = [torch.randn(e, a, b).mul(0.2).requires_grad_() for a, b in ((m, f), (m, f), (f, m))]
    gates, chosen, _ = router(x.detach(), torch.randn(m, e), 2)
    want, got = straight_experts(x, chosen, gates, *weights), gpu.grouped_experts(x, chosen, gates, *weights, None)  # type: ignore[arg-type]
    pull = torch.randn_like(want)
    pairs = [(got, want)]
    pairs += zip(
        torch.autograd.grad((got * pull).sum(), (x, *weights)), torch.autograd.grad((want * pull).sum(), (x, *weights)), strict=True
    )
    for a, b in pairs:
        assert ((a - b).norm() / b.norm()).item() < 0.02


@pytest.mark.parametrize("ops", [fast.ops(), native.ops()], ids=["fast", "in C"])
@pytest.mark.parametrize("config", [TINY, TINY.dense_twin(), GROK2], ids=["mixture", "dense", "grok-2"])
def test_hand_written_backward_passes_equal_autograd(config: ModelConfig, ops: Ops) -> None:
    plain = Grok(config)
    quick = Grok(config, ops)
    quick.load_state_dict(plain.state_dict())
    tokens = torch.randint(1, 61, (3, 21))
    for model in (plain, quick):
        model.loss(tokens[:, :-1], tokens[:, 1:], balance=0.02, packed=True).total.backward()
    for (name, p), q in zip(plain.named_parameters(), quick.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad, atol=2e-6, rtol=2e-4, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.skipif(native.library() is None, reason="no C compiler on this machine")
@pytest.mark.parametrize("t", [1, 5, 32, 33, 70])
@pytest.mark.parametrize(
    "change",
    [{}, {"attention_cap": 0.0}, {"attention_cap": 80.0}, {"query_heads": 6, "head_size": 6}, {"key_heads": 1, "attention_scale": 0.3}, {"chosen": 3}],
    ids=["usual", "no cap", "high cap", "odd sizes", "one key head", "three experts"],
)  # fmt: skip
def test_a_layers_halves_in_c_are_the_plain_ones_whatever_the_sizes(t: int, change: dict) -> None:
    config = TINY.replace(layers=1, **change)
    plain, quick = Grok(config), Grok(config, native.ops())
    with torch.no_grad():
        plain.layers[0].attention.query.mul_(6.0)  # logits that the cap bends
    quick.load_state_dict(plain.state_dict())
    tokens = torch.randint(1, 61, (2, t))
    for model in (plain, quick):
        model.loss(tokens, tokens, balance=0.1, packed=True).total.backward()
    with torch.no_grad():
        torch.testing.assert_close(quick(tokens), plain(tokens), atol=1e-5, rtol=1e-5)
    for (name, p), q in zip(plain.named_parameters(), quick.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad, atol=2e-6, rtol=2e-4, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.skipif(native.library() is None, reason="no C compiler on this machine")
@pytest.mark.parametrize("changed", ["rms_norm", "rope", "attention", "geglu", "router", "residual", "grouped_experts"])
def test_a_learners_part_is_called_and_not_passed_over_by_a_half_in_c(changed: str) -> None:
    asked = []
    inner = getattr(native.ops(), changed)
    ops = dataclasses.replace(native.ops(), **{changed: lambda *given: asked.append(changed) or inner(*given)})
    Grok(TINY, ops).loss(torch.ones(1, 4, dtype=torch.long), torch.ones(1, 4, dtype=torch.long), packed=True).total.backward()
    assert len(asked) >= TINY.layers


def test_without_a_compiler_the_forge_still_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWRIGHT_NATIVE", "0")
    native.library.cache_clear()
    assert native.ops() == fast.ops()
    monkeypatch.undo()
    native.library.cache_clear()


@pytest.mark.parametrize("config", [TINY, TINY.dense_twin(), GROK2], ids=["mixture", "dense", "grok-2"])
def test_a_cache_gives_the_logits_of_no_cache(config: ModelConfig) -> None:
    model = Grok(config).eval()
    tokens = torch.randint(1, 61, (3, 20))
    want = model(tokens)
    cache = KeyValueCache(config, 3, 20)
    got = torch.cat([model(tokens[:, :9], cache), *(model(tokens[:, i : i + 1], cache) for i in range(9, 20))], 1)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=0)


def test_prompts_of_different_lengths_share_a_cache() -> None:
    model = Grok(TINY).eval()
    tokens = torch.randint(1, 61, (3, 16))
    want = model(tokens)
    cache = KeyValueCache(TINY, 3, 24)
    model(tokens[:, :9], cache)  # rows 0 and 2 are shorter: what stands past their ends is padding
    lengths = torch.tensor([5, 9, 7])
    cache.set_lengths(lengths)
    for i in range(3):
        now = lengths + i
        got = model(tokens.gather(1, now[:, None]), cache)[:, 0]
        torch.testing.assert_close(got, want[torch.arange(3), now], atol=1e-5, rtol=0)


def test_a_full_cache_is_refused() -> None:
    with pytest.raises(ConfigError, match="room for 4 positions; 5 are needed"):
        Grok(TINY)(torch.ones(1, 5, dtype=torch.long), KeyValueCache(TINY, 1, 4))


def test_padding_changes_nothing_that_comes_after_it() -> None:
    model = Grok(TINY.replace(layers=1)).eval()
    tokens = torch.randint(1, 61, (1, 8))
    padded = torch.cat([tokens[:, :4], torch.zeros(1, 3, dtype=torch.long), tokens[:, 4:]], 1)
    changed = padded.clone()
    watch = Watch()
    model(changed, watch=watch)
    assert watch.attention[0][..., -1, 4:7].max().item() == 0.0


def test_a_batch_without_a_counted_target_has_loss_zero_and_no_nan() -> None:
    model = Grok(TINY)
    tokens = torch.randint(1, 61, (2, 8))
    loss = model.loss(tokens, tokens, torch.zeros(2, 8, dtype=torch.bool))
    loss.total.backward()
    assert float(loss.cross_entropy) == 0.0
    assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.grad is not None)
    assert float(cross_entropy(torch.randn(3, 5), torch.zeros(3, dtype=torch.long), torch.zeros(3, dtype=torch.bool))) == 0.0


def test_a_document_sees_itself_only() -> None:
    tokens = torch.tensor([[5, 6, 2, 7, 8]])
    seen = document_mask(tokens, 2)[0].int().tolist()
    assert seen == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 1]]


def test_a_query_that_sees_no_key_stays_finite_as_in_the_release() -> None:
    q, k, v = torch.randn(1, 2, 1, 4), torch.randn(1, 2, 1, 4), torch.randn(1, 2, 1, 4)
    out = attention(q, k, v, 30.0, torch.zeros(1, 2, 2, dtype=torch.bool))
    torch.testing.assert_close(out[0, 0, 0], v[0, :, 0].mean(0))


def test_the_temperature_of_grok_2_starts_late() -> None:
    early, late = Grok(GROK2.replace(temperature_start=1000)), Grok(GROK2.replace(temperature_start=0))
    late.load_state_dict(early.state_dict())
    tokens = torch.randint(1, 61, (1, 20))
    torch.testing.assert_close(early(tokens), late(tokens))
    soon = Grok(GROK2.replace(temperature_start=4))
    soon.load_state_dict(early.state_dict())
    difference = (soon(tokens) - late(tokens)).abs().amax((0, 2)).detach()
    assert float(difference[:4].max()) < 1e-5 < float(difference[8:].max())


def test_a_bias_moves_the_choice_and_not_the_gates() -> None:
    x, w = torch.randn(50, 8), torch.randn(8, 4)
    gates, chosen, probs = router(x, w, 1, torch.tensor([9.0, 0, 0, 0]))
    assert chosen.eq(0).all()
    torch.testing.assert_close(gates[:, 0], probs[:, 0])


def test_steering_sends_tokens_to_the_idle() -> None:
    model = Grok(TINY)
    load = torch.full((2, 8), 1 / 8)
    load[0, 0], load[0, 1] = 0.25, 0.0
    model.steer(load, 0.01)
    assert model.layers[0].experts.bias_e[:2].tolist() == pytest.approx([-0.01, 0.01])
    assert model.layers[1].experts.bias_e.abs().max() == 0


def test_the_balancing_loss_is_one_when_even_and_as_many_as_the_experts_when_not() -> None:
    even = torch.full((8, 4), 0.25)
    assert float(balance_loss(even, torch.arange(8)[:, None] % 4)) == pytest.approx(1.0)
    certain = torch.eye(4)[torch.zeros(8, dtype=torch.long)]
    assert float(balance_loss(certain, torch.zeros(8, 1, dtype=torch.long))) == pytest.approx(4.0)


def test_a_routers_health_names_the_dead() -> None:
    load = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    seen = health(load, torch.tensor([0.0, np.log(4.0)], dtype=torch.float32))
    assert (seen.most, seen.dead) == (2.0, 2)
    assert seen.entropy == pytest.approx(0.5)


def test_computing_again_gives_the_same_gradients() -> None:
    model = Grok(TINY)
    tokens = torch.randint(1, 61, (2, 12))
    grads = []
    for again in (False, True):
        model.checkpointing = again
        model.zero_grad()
        model.loss(tokens, tokens).total.backward()
        grads.append([p.grad.clone() for p in model.parameters()])
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b)


def test_watching_shows_attention_and_choices() -> None:
    watch = Watch()
    Grok(TINY)(torch.randint(1, 61, (2, 7)), watch=watch)
    assert [tuple(w.shape) for w in watch.attention] == [(2, 2, 2, 7, 7)] * 2
    torch.testing.assert_close(watch.attention[0].sum(-1), torch.ones(2, 2, 2, 7))
    assert all(isinstance(r, Routing) and r.chosen_nc.shape == (14, 2) for r in watch.routings)
