"""Every part has a protocol, a reference and a contract; a learner's part goes in if it keeps the contract and is refused if not."""

from __future__ import annotations

import types
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from modelwright.forge import references
from modelwright.forge.cli import app
from modelwright.forge.errors import ConfigError, PartError
from modelwright.forge.parts import PARTS, Parts, check, choose, cost, from_folder, part
from modelwright.forge.plan import KNOWN, Published, plan_run
from modelwright.forge.recipe import Run, changes, load, parse, recipes
from modelwright.forge.train import read_metrics

RMS = """
import torch
calls = 0
def rms_norm(x, scale, eps):
    global calls
    calls += 1
    y = x.float()
    return (y / (y.pow(2).mean(-1, keepdim=True) + eps).sqrt() * scale).to(x.dtype)
"""
WRONG_RMS = "import torch\ndef rms_norm(x, scale, eps):\n    return x / (x.norm(dim=-1, keepdim=True) + eps) * scale\n"


def namespace(**functions: object) -> types.SimpleNamespace:
    return types.SimpleNamespace(**functions)


def test_there_is_a_part_for_each_lab_that_makes_one() -> None:
    assert len(PARTS) == 27
    for it in PARTS.values():
        reference = it.reference_module()
        assert it.functions
        assert all(callable(getattr(reference, name)) for name in it.functions)
        assert all(getattr(it.protocol, name).__doc__ for name in it.functions)


@pytest.mark.parametrize("slug", PARTS)
def test_each_reference_keeps_its_own_contract(slug: str) -> None:
    result = check(slug, part(slug).reference_module())
    assert result.failure is None
    assert result.checks


def plain_sample(logits, temperature, top_k, top_p, u):
    return int(logits.argmax())


def forgets_the_scale(x, w, a, b, alpha):
    return x @ w + alpha * (x @ a) @ b


def clamps(grads, limit):
    norm = torch.stack([g.norm() for g in grads]).norm()
    for g in grads:
        g.clamp_(-limit, limit)
    return norm


def in_place(x, scale, eps):
    x /= (x.square().mean(-1, keepdim=True) + eps).sqrt()
    return x * scale


WRONG = {
    "rms-norm": namespace(rms_norm=in_place),
    "sampler": namespace(sample=plain_sample),
    "lora": namespace(lora=forgets_the_scale),
    "clipping": namespace(clip_=clamps),
    "router": namespace(
        router=lambda x, w, c: (lambda p: (p.topk(c).values / p.topk(c).values.sum(-1, keepdim=True), p.topk(c).indices, p))(
            (x @ w).softmax(-1)
        )
    ),
    "cross-entropy": namespace(cross_entropy=lambda logits, t, m: torch.nn.functional.cross_entropy(logits[m], t[m])),
    "schedule": namespace(learning_rate=lambda step, steps, peak, warmup, decay, floor: peak),
    "advantage": namespace(advantage=lambda r: r - r.mean(-1, keepdim=True)),
    "mask": namespace(visible_keys=lambda tokens, t, pad: torch.ones(len(tokens), t, tokens.shape[1], dtype=torch.bool).tril()),
    "all-reduce": namespace(all_reduce=lambda rank, world, values, send, receive: values),
    "checkpoint": namespace(save=references.save, load=lambda path: {}),
    "reward": namespace(reward=lambda text, answer: float(answer in text)),
    "bpe-code": namespace(encode=lambda text, merges: [bytes([b]) for b in text.encode()], decode=lambda tokens: b"".join(tokens).decode()),
    "rope": namespace(),
    "dpo": namespace(dpo_loss=lambda *a: 1 / 0),
}


@pytest.mark.parametrize("slug", WRONG)
def test_a_wrong_part_fails_its_contract_and_says_where(slug: str) -> None:
    failure = check(slug, WRONG[slug]).failure
    assert failure is not None
    assert failure.message


def test_a_detached_part_is_caught_by_its_gradient() -> None:
    from modelwright.forge.model import rms_norm

    failure = check("rms-norm", namespace(rms_norm=lambda x, scale, eps: rms_norm(x.detach(), scale, eps))).failure
    assert failure is not None
    assert "gradient" in failure.message


def test_choosing_parts(tmp_path: Path) -> None:
    (tmp_path / "rms_norm.py").write_text(RMS)
    resolver = from_folder(tmp_path)
    assert choose("reference", resolver).mine == {}
    assert set(choose("mine", resolver).mine) == {"rms-norm"}
    assert choose("mine,rms-norm=reference", resolver).mine == {}
    assert choose("rms-norm=mine", resolver).whose()["rms-norm"] == "mine"
    for asked, words in (
        ("rope=mine", "no part 'rope' of yours"),
        ("rms-nrm=mine", "there is no part 'rms-nrm'"),
        ("yours", "does not say whose"),
        ("rope=theirs", "'mine' or 'reference'"),
    ):
        with pytest.raises(PartError, match=words):
            choose(asked, resolver)
    (tmp_path / "rms_norm.py").write_text(WRONG_RMS)
    with pytest.raises(PartError, match="your part 'rms-norm' breaks its contract at 'one vector'"):
        choose("mine", from_folder(tmp_path))
    (tmp_path / "rms_norm.py").write_text("import nothing_of_that_name")
    with pytest.raises(PartError, match="cannot be imported"):
        choose("mine", from_folder(tmp_path))


def test_the_learners_parts_run_the_whole_pretraining(tmp_path: Path) -> None:
    """All that pretraining can use, by the references under another name: the same curve as the forge's own, and each was called."""
    called: set[str] = set()

    def spy(slug: str, name: str, function):
        if isinstance(function, type):
            return type(name, (function,), {"__init__": lambda self, *a: (called.add(slug), function.__init__(self, *a))[1]})
        return lambda *a, **k: (called.add(slug), function(*a, **k))[1]

    def resolver(slug: str):
        reference = part(slug).reference_module()
        return namespace(**{name: spy(slug, name, getattr(reference, name)) for name in part(slug).functions})

    recipe = load(
        "test",
        {
            "pretrain.steps": "4",
            "pretrain.eval_every": "4",
            "pretrain.save_every": "2",
            "pretrain.sample_every": "4",
            "tokenizer.vocab": "300",
            "tokenizer.source": "'primer:60'",
            "data.source": "'primer:120'",
        },
    )
    curves = []
    for name, parts in (("own", Parts()), ("mine", Parts({slug: resolver(slug) for slug in PARTS}))):
        run = Run.open(tmp_path / name, recipe, parts)
        run.carry_out(("tokenizer", "data", "pretrain"))
        curves.append([line["loss"] for line in read_metrics(tmp_path / name / "pretrain") if line["kind"] == "step"])
        assert (tmp_path / name / "pretrain" / "model" / "model.safetensors").exists()
    assert curves[1] == pytest.approx(curves[0], rel=1e-3)
    used = {
        slug
        for slug, it in PARTS.items()
        if "model" in it.used_in or "training" in it.used_in or it.used_in in ("tokenizer",) or "sample" in it.used_in
    }
    assert called >= used - {"mask", "all-reduce"}


def test_a_learners_attention_serves_padded_rows_too() -> None:
    from modelwright.forge.config import preset
    from modelwright.forge.model import Grok, attention

    config = preset("nano").replace(layers=2, vocab=50)
    mine = Parts({"attention": namespace(attention=lambda q, k, v, cap: attention(q, k, v, cap))})
    plain, theirs = Grok(config), Grok(config, mine.ops())
    theirs.load_state_dict(plain.state_dict())
    tokens = torch.randint(1, 50, (3, 10))
    tokens[0, :3] = 0
    tokens[2, 7:] = 0
    torch.testing.assert_close(theirs(tokens), plain(tokens), atol=1e-5, rtol=1e-4)


def test_what_parts_cost_is_told(tmp_path: Path) -> None:
    (tmp_path / "rms_norm.py").write_text(RMS)
    price = cost(choose("mine", from_folder(tmp_path)), steps=4)
    assert price.speed > 0
    assert abs(price.loss) < 1e-3


def test_the_command_lists_and_refuses(tmp_path: Path) -> None:
    (tmp_path / "rms_norm.py").write_text(RMS)
    listed = CliRunner().invoke(app, ["parts", "--parts-from", str(tmp_path)])
    assert listed.exit_code == 0
    assert "yours" in listed.stdout
    one = CliRunner().invoke(app, ["parts", "rms-norm", "--parts-from", str(tmp_path)])
    assert "passed  one vector" in one.stdout
    (tmp_path / "rms_norm.py").write_text(WRONG_RMS)
    refused = CliRunner().invoke(app, ["parts", "rms-norm", "--parts-from", str(tmp_path)])
    assert refused.exit_code == 1
    assert "FAILED  one vector" in refused.stdout


# Recipes.


def test_every_recipe_that_comes_with_the_forge_is_whole() -> None:
    from modelwright.forge.recipe import model_config, train_config

    for name in recipes():
        recipe = load(name)
        assert recipe.about
        assert train_config(recipe).steps > 0
        assert model_config(recipe, 500).parameters > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = [", "is not TOML"),
        ("[model]\n", "no \\[recipe\\] table"),
        ('[recipe]\nname="a"\nstages=["bake"]', "names a stage 'bake'"),
        ('[recipe]\nname="a"\n[pretrian]\nsteps=1', "\\[pretrian\\] that no stage reads"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(text)


def test_overrides_become_part_of_the_recipe() -> None:
    plain, changed = load("test"), load("test", {"pretrain.steps": "3", "pretrain.lr": "0.5"})
    assert changed.table("pretrain")["steps"] == 3
    assert changed.table("pretrain")["lr"] == 0.5
    assert plain.sha256 != changed.sha256
    with pytest.raises(ConfigError, match="write table.key=value"):
        load("test", {"steps": "3"})


@pytest.mark.parametrize("value", ["primer:50", "~/my notes.txt", "a\nb", 'say "x"', "C:\\data", "[half", "3 = 4"])
def test_a_text_is_set_without_quotes(value: str) -> None:
    assert load("test", {"data.source": value}).table("data")["source"] == value
    assert load("test", {"data.source": value}).tables.keys() == load("test").tables.keys()


@pytest.mark.parametrize("word", ["pretrain.steps", "steps=3", "a b.c=1", "[x].y=2", "a.b.c=3", "=3"])
def test_what_is_no_setting_is_refused_as_the_option_that_it_is(word: str) -> None:
    with pytest.raises(ConfigError, match="^--set .*write table.key=value"):
        changes([word])


@pytest.mark.usefixtures("one_thread")
def test_a_run_goes_on_and_is_the_same_to_the_bit(tmp_path: Path) -> None:
    recipe = load("test", {"pretrain.steps": "6", "pretrain.eval_every": "3", "pretrain.save_every": "3"})
    for name in ("a", "b"):
        run = Run.open(tmp_path / name, recipe, Parts())
        run.carry_out(("tokenizer", "data"))
        run = Run.open(tmp_path / name, recipe, Parts())
        run.carry_out(("pretrain",))
        assert run.done("pretrain")
    records = [Run.open(tmp_path / name, recipe, Parts()).record for name in ("a", "b")]
    assert records[0]["stages"]["pretrain"]["gave"]["model_sha256"] == records[1]["stages"]["pretrain"]["gave"]["model_sha256"]
    assert records[0]["stages"]["data"]["gave"] == records[1]["stages"]["data"]["gave"]
    assert records[0]["versions"]["torch"] == torch.__version__.split("+")[0] or records[0]["versions"]["torch"] == torch.__version__
    with pytest.raises(ConfigError, match="another recipe"):
        Run.open(tmp_path / "a", load("test"), Parts())


def test_a_setting_that_does_not_exist_is_named(tmp_path: Path) -> None:
    run = Run.open(tmp_path, load("test", {"pretrain.stepz": "3"}), Parts())
    run.carry_out(("tokenizer", "data"))
    with pytest.raises(ConfigError, match="\\[pretrain\\] has no setting 'stepz'"):
        run.carry_out(("pretrain",))


# The plan.


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_the_plan_comes_near_published_runs(known: Published) -> None:
    made = plan_run(known.config, known.gpus, known.kind, tokens=known.tokens, batch_tokens=known.batch_tokens)
    assert made.gpu_hours == pytest.approx(known.gpu_hours, rel=0.34)
    assert made.fits


def test_the_plan_of_grok_1_is_said_at_the_command_line() -> None:
    said = CliRunner().invoke(app, ["plan", "--preset", "grok-1", "--gpus", "1024"])
    assert said.exit_code == 0
    assert "315,684,820,992" in said.stdout
    for word in ("memory", "tokens a second", "days", "dollars"):
        assert word in said.stdout
    assert "does not fit" in CliRunner().invoke(app, ["plan", "--preset", "grok-1", "--gpus", "8"]).stdout


def test_more_devices_take_less_time_and_memory() -> None:
    from modelwright.forge.config import preset

    few, many = (plan_run(preset("grok-1"), gpus) for gpus in (256, 1024))
    assert many.days < few.days
    assert many.memory_gb < few.memory_gb


# The live page.


def test_the_live_page_shows_a_run(tmp_path: Path) -> None:
    import json
    import threading
    import urllib.request

    from modelwright.forge.live import server

    (tmp_path / "metrics.jsonl").write_text(json.dumps({"kind": "step", "step": 1, "loss": 2.5}) + "\n" + '{"kind": "st')
    with server(tmp_path, 0) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{web.server_address[1]}"
        assert b"<svg" in urllib.request.urlopen(base + "/").read()
        state = json.loads(urllib.request.urlopen(base + "/run.json").read())
        web.shutdown()
    assert state["lines"] == [{"kind": "step", "step": 1, "loss": 2.5}]
