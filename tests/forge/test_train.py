"""Training: the same to the bit after a kill at any step, and one clear sentence where it cannot go on."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from modelwright.forge import optim
from modelwright.forge.checkpoint import checkpoints, load_model, save_model
from modelwright.forge.config import ModelConfig, preset
from modelwright.forge.data.shards import prepare, train_tokenizer
from modelwright.forge.data.sources import Source, open_source
from modelwright.forge.errors import CheckpointError, ConfigError, DataError, TrainingError
from modelwright.forge.model import Grok
from modelwright.forge.parts import Parts
from modelwright.forge.recipe import Run, load
from modelwright.forge.train import Sample, Step, TrainConfig, TrainParts, build, read_metrics, train

pytestmark = pytest.mark.usefixtures("one_thread")

MODEL = preset("nano").replace(width=32, layers=2, query_heads=4, key_heads=2, head_size=8, expert_size=24, context=32, experts=4)
QUICK = TrainConfig(steps=9, batch=4, eval_every=4, eval_batches=2, save_every=3, threads=1)
IN_TWO = TrainConfig(**{**QUICK.__dict__, "steps": 5, "accumulation": 2, "balance": "none"})
CLOCK = ("seconds", "tokens_per_second", "mfu")


class Corpus:
    def __init__(self, folder: Path) -> None:
        source = open_source("primer:300")
        self.tokenizer = train_tokenizer(source, 380)
        self.folder = folder
        prepare(source, folder, self.tokenizer, validation=0.1, near=False)
        self.model = MODEL.replace(vocab=self.tokenizer.size)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("data"))


def curve(folder: Path) -> list[dict]:
    return [{key: value for key, value in line.items() if key not in CLOCK} for line in read_metrics(folder)]


def run(folder: Path, corpus: Corpus, config: TrainConfig = QUICK, model: ModelConfig | None = None, **rest):
    return train(folder, build(model or corpus.model, config.seed), config, corpus.folder, corpus.tokenizer, **rest)


@pytest.mark.parametrize("balance", ["loss", "bias"])
def test_a_run_stopped_anywhere_and_resumed_is_the_same_to_the_bit(tmp_path: Path, corpus: Corpus, balance: str) -> None:
    config = TrainConfig(**{**QUICK.__dict__, "balance": balance, "accumulation": 2})
    run(tmp_path / "whole", corpus, config)
    for stop in (1, 5, 6, 8):
        run(tmp_path / "cut", corpus, config, stop_at=stop)
    run(tmp_path / "cut", corpus, config)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    a, b = (load_model(tmp_path / name).model.state_dict() for name in ("whole", "cut"))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_that_is_killed_by_the_system_goes_on_to_the_same_curve(tmp_path: Path, corpus: Corpus) -> None:
    run(tmp_path / "whole", corpus)
    program = f"""
import os, torch
from pathlib import Path
from modelwright.forge.config import ModelConfig
from modelwright.forge.train import Step, TrainConfig, build, train
def killed(event):
    if isinstance(event, Step) and event.step == 5:
        os.kill(os.getpid(), 9)
config = TrainConfig(**{QUICK.__dict__!r})
model = build(ModelConfig.from_dict({corpus.model.to_dict()!r}), config.seed)
train(Path({str(tmp_path / "cut")!r}), model, config, Path({str(corpus.folder)!r}), on_event=killed)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    assert [folder.name for folder in checkpoints(tmp_path / "cut" / "checkpoints")] == ["step-00000003"]
    run(tmp_path / "cut", corpus)
    whole, cut = curve(tmp_path / "whole"), curve(tmp_path / "cut")
    assert [line for line in cut if line["kind"] == "step"] == [line for line in whole if line["kind"] == "step"]


def test_it_learns(tmp_path: Path, corpus: Corpus) -> None:
    losses = []
    config = TrainConfig(steps=60, batch=8, eval_every=60, save_every=60, lr=1e-2, threads=1)
    result = run(tmp_path, corpus, config, on_event=lambda e: losses.append(e.loss) if isinstance(e, Step) else None)
    assert losses[0] > 5.5
    assert result.val_loss < 4.2
    assert 0.5 < result.bits_per_byte < 4


def test_what_is_seen_on_the_way(tmp_path: Path, corpus: Corpus) -> None:
    events = []
    config = TrainConfig(**{**QUICK.__dict__, "sample_every": 9, "sample_tokens": 5})
    run(tmp_path, corpus, config, on_event=events.append)
    step = next(event for event in events if isinstance(event, Step))
    assert step.load is not None
    assert [len(row) for row in step.load] == [4, 4]
    assert sum(step.load[0]) == pytest.approx(1, abs=1e-3)
    assert 0 < step.router_entropy <= 1
    assert step.tokens == 4 * 32
    assert step.mfu > 0
    assert any(isinstance(event, Sample) for event in events)
    kinds = [line["kind"] for line in read_metrics(tmp_path)]
    assert kinds.count("step") == 9
    assert kinds.count("evaluation") == 3
    assert len(checkpoints(tmp_path / "checkpoints")) == 2


@pytest.mark.parametrize(
    "change", [{"optimiser": "adamw"}, {"document_mask": True}, {"checkpointing": True}, {"dtype": "bfloat16"}, {"balance": "none"}]
)
def test_each_option_trains(tmp_path: Path, corpus: Corpus, change: dict) -> None:
    result = run(tmp_path, corpus, TrainConfig(**{**QUICK.__dict__, **change}))
    assert result.train_loss < 6.2


def test_computing_again_and_accumulating_give_the_same_curve(tmp_path: Path, corpus: Corpus) -> None:
    plain = TrainConfig(**{**QUICK.__dict__, "balance": "none"})
    curves = []
    for name, change in (("a", {}), ("b", {"checkpointing": True}), ("c", {"accumulation": 4})):
        run(tmp_path / name, corpus, TrainConfig(**{**plain.__dict__, **change}))
        curves.append([line["loss"] for line in curve(tmp_path / name) if line["kind"] == "step"])
    assert curves[1] == pytest.approx(curves[0], rel=1e-5)
    assert curves[2] == pytest.approx(curves[0], rel=1e-4)


# What can go wrong.


def test_a_loss_that_is_not_a_number_keeps_the_last_good_checkpoint(tmp_path: Path, corpus: Corpus) -> None:
    model = build(corpus.model, 1)

    def poison(event: object) -> None:
        if isinstance(event, Step) and event.step == 4:
            with torch.no_grad():
                model.embedding[:] = float("nan")

    with pytest.raises(TrainingError, match="not a number at step 5; the last good checkpoint is step-00000003"):
        train(tmp_path, model, QUICK, corpus.folder, corpus.tokenizer, on_event=poison)
    assert bool(torch.isfinite(load_model(tmp_path).model.embedding).all())


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, corpus, stop_at=3)
    import modelwright.forge.checkpoint as checkpoint

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(CheckpointError, match="the disk is full; free some space and resume"):
        run(tmp_path, corpus)
    monkeypatch.undo()
    assert [folder.name for folder in checkpoints(tmp_path / "checkpoints")] == ["step-00000003"]
    assert not list((tmp_path / "checkpoints").glob(".*"))
    assert run(tmp_path, corpus).step == 9


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_measurements_that_cannot_be_written_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    import modelwright.forge.train as module

    with pytest.raises(TrainingError, match="could not be written"):
        module._write_line(tmp_path / "metrics.jsonl", module.Saved(1, "x"), tmp_path)


def test_a_checkpoint_of_another_model_or_run_is_refused_by_name(tmp_path: Path, corpus: Corpus) -> None:
    run(tmp_path, corpus, stop_at=3)
    with pytest.raises(CheckpointError, match="of another model: its layers is 2, this one's is 3"):
        run(tmp_path, corpus, model=corpus.model.replace(layers=3))
    with pytest.raises(CheckpointError, match="of another run: its lr is"):
        run(tmp_path, corpus, TrainConfig(**{**QUICK.__dict__, "lr": 0.5}))
    (tmp_path / "checkpoints" / "step-00000003" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="damaged"):
        run(tmp_path, corpus)


def test_a_corpus_smaller_than_a_context_is_refused(tmp_path: Path, corpus: Corpus) -> None:
    prepare(Source("tiny", lambda: iter(["short"]), None), tmp_path / "data", corpus.tokenizer, validation=0)
    with pytest.raises(DataError, match="fewer than one context"):
        train(tmp_path, build(corpus.model, 1), QUICK, tmp_path / "data", corpus.tokenizer)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"steps": 0}, "steps is 0"), ({"optimiser": "sgd"}, "muon or adamw"), ({"batch": 5, "accumulation": 2}, "micro-batches")],
)
def test_settings_that_cannot_work_are_refused(change: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        TrainConfig(**{**QUICK.__dict__, **change})


def test_errors_end_the_command_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    command = [sys.executable, "-m", "modelwright", "forge", "tokenizer", str(tmp_path / "empty.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})
    if "No module named modelwright.__main__" in done.stderr:
        command[1:3] = ["-c", "from modelwright.cli import main; main()"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 1
    assert "is empty" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


# Checkpoints and optimisers.


def test_a_model_comes_back_with_its_tokenizer(tmp_path: Path, corpus: Corpus) -> None:
    model = Grok(corpus.model).eval()
    save_model(tmp_path / "m", model, corpus.tokenizer, {"note": "x"})
    back = load_model(tmp_path / "m")
    tokens = torch.randint(1, 300, (2, 9))
    assert torch.equal(back.model(tokens), model(tokens))
    assert back.tokenizer is not None
    assert back.tokenizer.encode("the cat") == corpus.tokenizer.encode("the cat")
    assert back.meta == {"note": "x"}
    with pytest.raises(CheckpointError, match="no model in"):
        load_model(tmp_path / "nowhere")


def test_the_plain_step_is_the_fused_kernels() -> None:
    p = torch.nn.Parameter(torch.randn(6, 4))
    mine, m, v = p.detach().clone(), torch.zeros(6, 4), torch.zeros(6, 4)
    fused = torch.optim.AdamW([p], lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, fused=True)
    for step in range(1, 6):
        p.grad = torch.randn(6, 4)
        mine, m, v = optim.adamw_step(mine, p.grad, m, v, step, 1e-2, 0.9, 0.95, 1e-8, 0.1)
        fused.step()
        torch.testing.assert_close(mine, p.detach(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (6, 20), (20, 6), (3, 10, 12)])
def test_muon_makes_all_singular_values_about_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(optim.orthogonalise(torch.randn(*shape), 5))
    assert float(values.min()) > 0.4
    assert float(values.max()) < 1.3


def test_the_schedule_rises_stays_and_falls() -> None:
    rates = [optim.learning_rate(step, 100, 1.0, 10, 20, 0.1) for step in range(101)]
    assert rates[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert set(rates[9:80]) == {1.0}
    assert rates[90] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)


# Two processes.


@pytest.fixture(scope="module")
def two_processes(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What torchrun does, without its own process in between: two processes train twice, sharded and with their experts apart."""
    import socket

    folder = tmp_path_factory.mktemp("two")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"data": str(corpus.folder), "model": corpus.model.to_dict(), "train": IN_TWO.__dict__}
    jobs = [
        {**common, "folder": str(folder / "sharded"), "expert_parallel": False, "stops": (4, None)},
        {**common, "folder": str(folder / "apart"), "expert_parallel": True, "stops": (None,)},
    ]
    (folder / "jobs.json").write_text(json.dumps(jobs))
    command = [sys.executable, str(Path(__file__).with_name("two_processes.py")), str(folder / "jobs.json")]
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    both = [
        subprocess.Popen(command, env={**os.environ, **place, "RANK": str(i), "LOCAL_RANK": str(i)}, stderr=subprocess.PIPE, text=True)
        for i in range(2)
    ]
    for one in both:
        _, said = one.communicate(timeout=250)
        assert one.returncode == 0, said[-3000:]
    run(folder / "one", corpus, IN_TWO)
    return folder


@pytest.mark.parametrize("name", ["sharded", "apart"])
def test_two_processes_give_the_curve_of_one(two_processes: Path, name: str) -> None:
    """Within 2e-5 in every step's loss; the sharded one through a stop and a sharded checkpoint."""
    one, two = (
        [line.get("loss", line.get("val_loss")) for line in curve(two_processes / each) if line["kind"] != "saved"]
        for each in ("one", name)
    )
    assert two == pytest.approx(one, abs=2e-5)
    whole = torch.load(two_processes / name / "whole.pt")
    for tensor, value in load_model(two_processes / "one").model.state_dict().items():
        torch.testing.assert_close(whole[tensor], value, atol=2e-4, rtol=1e-3)


def test_a_run_that_torchrun_trained_goes_on_to_its_report(tmp_path: Path) -> None:
    small = {"pretrain.steps": "2", "pretrain.eval_every": "2"}
    command = [sys.executable, "-m", "modelwright.forge.cli_torchrun", "test", "--folder", str(tmp_path / "run")]
    command += [word for name, value in small.items() for word in ("--set", f"{name}={value}")]
    place = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env={**os.environ, **place}, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr[-3000:]
    Run.open(tmp_path / "run", load("test", small), Parts()).carry_out(("report",))
    (row,) = [
        line for line in (tmp_path / "run" / "report.md").read_text().splitlines() if line.startswith("| pretrain | ") and "tokens" in line
    ]
    _, _, seconds, peak, gave, _ = (cell.strip() for cell in row.split("|"))
    assert float(seconds) >= 0
    assert int(peak.replace(",", "")) > 50
    assert "tokens" in gave


def test_a_learners_schedule_is_the_one_that_runs(tmp_path: Path, corpus: Corpus) -> None:
    asked = []

    def schedule(step: int, *rest: object) -> float:
        asked.append(step)
        return 1e-3

    run(tmp_path, corpus, parts=TrainParts(learning_rate=schedule))
    assert asked == list(range(9))
    assert {line["lr"] for line in read_metrics(tmp_path) if line["kind"] == "step"} == {1e-3}


def test_without_a_tokenizer_a_token_counts_as_a_byte(tmp_path: Path, corpus: Corpus) -> None:
    result = train(tmp_path, build(corpus.model, 1), QUICK, corpus.folder)
    assert result.bits_per_byte == pytest.approx(result.val_loss / 0.6931, rel=1e-3)


def test_clipping_leaves_what_is_within_the_limit_and_shrinks_what_is_beyond():
    parameters = [torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1))]
    for limit in (20.0, 13.0, 6.5, math.inf):
        parameters[0].grad, parameters[1].grad = torch.tensor([3.0, 0.0, 4.0]), torch.tensor([0.0, -12.0])
        before = [p.grad.clone() for p in parameters[:2]]
        assert float(optim.clip(parameters, limit)) == pytest.approx(13.0)
        for p, g in zip(parameters, before, strict=False):
            torch.testing.assert_close(p.grad, g * min(1.0, limit / 13.0))
    parameters[0].grad[1] = math.nan
    assert math.isnan(float(optim.clip(parameters, 1.0)))
