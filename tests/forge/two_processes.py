"""What each of two processes does in `test_train.py`: not a test, the program of each process. All jobs in one start: that is what takes long."""

import json
import sys
from pathlib import Path

import torch

from modelwright.forge.config import ModelConfig
from modelwright.forge.distributed import gather, join, leave
from modelwright.forge.train import TrainConfig, build, train

if __name__ == "__main__":
    torch.set_num_threads(1)
    for job in json.loads(Path(sys.argv[1]).read_text()):
        world = join("cpu", expert_parallel=job["expert_parallel"])
        folder = Path(job["folder"])
        config = TrainConfig(**job["train"])
        for stop in job["stops"]:  # each time a new model, which knows of the one before what is on disk
            model = build(ModelConfig.from_dict(job["model"]), config.seed)
            train(folder, model, config, Path(job["data"]), world=world, stop_at=stop)
        whole = gather(model, world)
        if world.main:
            torch.save(whole, folder / "whole.pt")
    leave()
