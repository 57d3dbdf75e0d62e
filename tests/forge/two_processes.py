"""What each of two processes does in `test_distributed.py`: not a test, the program of each process."""

import json
import sys
from pathlib import Path

import torch

from modelwright.forge.config import ModelConfig
from modelwright.forge.distributed import gather, join, leave
from modelwright.forge.train import TrainConfig, build, train

if __name__ == "__main__":
    job = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(1)
    world = join("cpu", expert_parallel=job["expert_parallel"])
    folder = Path(job["folder"])
    config = TrainConfig(**job["train"])
    model = build(ModelConfig.from_dict(job["model"]), config.seed)
    train(folder, model, config, Path(job["data"]), world=world, stop_at=job["stop_at"])
    whole = gather(model, world)
    if world.main:
        torch.save(whole, folder / "whole.pt")
    leave()
