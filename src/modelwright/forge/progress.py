"""Where tuning or reinforcement stands, so that a stage that was killed goes on from there and ends as if it had not been.

Kept beside the stage's model while it runs, and removed at its end: weights, optimisers, the step, and what the stage itself counts.
Everything else a step needs is a function of the seed and the step, so the result is the same to the bit. What is kept belongs to one
starting model and one set of settings; with others the stage begins anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from modelwright.forge.checkpoint import write_folder
from modelwright.forge.errors import CheckpointError


class Progress:
    def __init__(self, folder: Path, belongs_to: Mapping[str, Any], every: int) -> None:
        """`belongs_to`: the settings and what stands for the starting model, as JSON."""
        self.folder, self.every = folder / "progress", every
        self._belongs_to = json.dumps(belongs_to, sort_keys=True, default=str)
        self.kept: dict[str, Any] = {}
        try:
            kept = torch.load(self.folder / "progress.pt", weights_only=True)
            if kept["belongs_to"] == self._belongs_to:
                self.kept = kept
        except FileNotFoundError:
            pass
        except Exception as error:  # a damaged file: torch raises what it finds
            raise CheckpointError(f"{self.folder} is damaged ({type(error).__name__}); remove it, and the stage begins anew") from None

    @property
    def step(self) -> int:
        """Steps that are done; 0 at the beginning."""
        return int(self.kept.get("step", 0))

    def restore(self, model: nn.Module, optimisers: Sequence[torch.optim.Optimizer]) -> dict[str, Any]:
        """Weights and optimisers as they were; what the stage kept, empty at the beginning."""
        if not self.kept:
            return {}
        model.load_state_dict(self.kept["model"])
        for optimiser, state in zip(optimisers, self.kept["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        told: dict[str, Any] = self.kept["told"]
        return told

    def save(self, step: int, steps: int, model: nn.Module, optimisers: Sequence[torch.optim.Optimizer], told: Mapping[str, Any]) -> None:
        """Every so many steps, and not after the last, whose model is the stage's own."""
        if step % self.every or step == steps:
            return
        kept = {
            "belongs_to": self._belongs_to, "step": step, "told": dict(told), "model": model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        }  # fmt: skip
        write_folder(self.folder, lambda fresh: torch.save(kept, fresh / "progress.pt"))

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
