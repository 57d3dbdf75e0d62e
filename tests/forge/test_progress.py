"""A stage that was killed and run again ends as if it had not been: the same weights, the same curve, the same record, to the bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from modelwright.forge import prefer, reinforce, tune
from modelwright.forge.checkpoint import model_sha256, save_model
from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import CheckpointError
from modelwright.forge.model import Grok
from modelwright.forge.tokenizer import Tokenizer

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENIZER = Tokenizer.from_merges([(b"t", b"h"), (b"th", b"e"), (b" ", b"the"), (b"o", b"n")])
CONFIG = ModelConfig(
    vocab=TOKENIZER.size, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, context=96, experts=4, expert_size=24
)


class Killed(Exception):
    pass


@pytest.fixture
def source(tmp_path) -> Path:
    torch.manual_seed(0)
    save_model(tmp_path / "source", Grok(CONFIG), TOKENIZER)
    return tmp_path / "source"


STAGES = {
    "tuning": lambda **change: (
        tune.tune_folder,
        tune.TuneConfig(source="primer:40", steps=5, batch=4, eval_every=2, save_every=2, **change),
    ),
    "adapters": lambda **change: (
        tune.tune_folder,
        tune.TuneConfig(source="primer:40", steps=5, batch=4, eval_every=2, save_every=2, lora_rank=2, **change),
    ),
    "preferences": lambda **change: (
        prefer.prefer_folder,
        prefer.PreferConfig(source="primer:12", steps=5, batch=4, save_every=2, **change),
    ),
    "reinforcement": lambda **change: (
        reinforce.reinforce_folder,
        reinforce.ReinforceConfig(
            problems="sums:1+words",
            steps=5,
            groups=2,
            group_size=4,
            max_tokens=6,
            samples=2,
            save_every=2,
            kl=0.1,
            drop_even=False,
            **change,
        ),
    ),
}


def killed_at(step: int):
    def tell(event) -> None:
        if event.step == step:
            raise Killed

    return tell


def left(out: Path) -> tuple[str, list[dict]]:
    return model_sha256(out), [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_killed_twice_ends_as_one_that_was_not(name, source, tmp_path):
    stage, config = STAGES[name]()
    whole = stage(source, tmp_path / "whole", config)
    for step in (3, 5):  # between two points that are kept, and again after going on
        with pytest.raises(Killed):
            stage(source, tmp_path / "cut", config, on_event=killed_at(step))
    again = stage(source, tmp_path / "cut", config)
    assert again == whole
    assert left(tmp_path / "cut") == left(tmp_path / "whole")
    assert not (tmp_path / "cut" / "progress").exists()


def test_what_was_kept_is_not_used_for_other_settings(source, tmp_path):
    stage, config = STAGES["tuning"]()
    with pytest.raises(Killed):
        stage(source, tmp_path / "out", config, on_event=killed_at(5))
    stage, other = STAGES["tuning"](lr=2e-3)
    stage(source, tmp_path / "out", other)
    stage(source, tmp_path / "whole", other)
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_a_damaged_record_of_progress_is_said(source, tmp_path):
    stage, config = STAGES["tuning"]()
    (tmp_path / "out" / "progress").mkdir(parents=True)
    (tmp_path / "out" / "progress" / "progress.pt").write_bytes(b"half of a file")
    with pytest.raises(CheckpointError, match="remove it"):
        stage(source, tmp_path / "out", config)
