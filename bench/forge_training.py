"""Training against nanoGPT on the CPU: time to a loss, and tokens a second at equal shape. Peer: nanoGPT's own model.py, brought by you.

    python bench/forge_training.py --nanogpt PATH/TO/nanoGPT [--threads 2] [--only curve|speed] [--out curves.json]

*Curve*: tiny Shakespeare by characters in the setting of nanoGPT's README for a laptop (4 layers, 4 heads, width 128, context 64, batch
12, 2000 steps, no dropout), each with its own optimiser and schedule, and one estimate of the loss for all: nanoGPT's, the mean over 20
random validation batches of 12, every 250 steps (the forge, which ends earlier, every 50; its target is met at the first estimate at or
below 1.886 that the next confirms, or at its last). Time is that of training steps, batches included; estimates are not counted for
either. The forge's models have at most nanoGPT's number of active parameters.

*Speed*: steps of all, interleaved, best and median. The last two columns are ratios: to nanoGPT, and of the mixture to its dense twin.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modelwright.forge import native, optim
from modelwright.forge.config import ModelConfig
from modelwright.forge.model import Grok
from modelwright.forge.train import keep_memory

TARGET, CONTEXT, BATCH, NANO_STEPS = 1.886, 64, 12, 2000


def configurations(vocab: int) -> dict[str, ModelConfig]:
    mixture = ModelConfig(
        vocab=vocab, width=128, layers=4, query_heads=4, key_heads=4, head_size=32, context=CONTEXT,
        experts=8, chosen=2, expert_size=168, pad=None,
    )  # fmt: skip
    return {"forge, dense twin": mixture.dense_twin(), "forge, mixture 8 choose 2": mixture}


def load_nanogpt(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("nanogpt_model", folder / "model.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["nanogpt_model"] = module
    spec.loader.exec_module(module)
    return module


class Text:
    def __init__(self, file: Path) -> None:
        text = file.read_text()
        symbols = sorted(set(text))
        ids = {symbol: i for i, symbol in enumerate(symbols)}
        data = np.array([ids[c] for c in text], dtype=np.uint16)
        cut = int(0.9 * len(data))
        self.parts = {"train": data[:cut], "val": data[cut:]}
        self.vocab = len(symbols)

    def batch(self, part: str, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """As nanoGPT draws them."""
        data = self.parts[part]
        starts = torch.randint(len(data) - CONTEXT, (BATCH,), generator=generator)
        x = torch.stack([torch.from_numpy(data[i : i + CONTEXT].astype(np.int64)) for i in starts])
        y = torch.stack([torch.from_numpy(data[i + 1 : i + 1 + CONTEXT].astype(np.int64)) for i in starts])
        return x, y


class Contender:
    """A model, its optimisers, its schedule."""

    def __init__(
        self, name: str, model: torch.nn.Module, loss: Callable, estimate: Callable, optimisers: list, rate: Callable, steps: int
    ) -> None:
        self.name, self.model, self.loss, self.estimate = name, model, loss, estimate
        self.optimisers, self.rate, self.steps = optimisers, rate, steps
        self.parameters = sum(p.numel() for p in model.parameters())
        self.seconds = 0.0
        self.curve: list[tuple[int, float, float]] = []

    def step(self, k: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.rate(self.optimisers, k)
        self.loss(x, y).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    @torch.no_grad()
    def loss_now(self, text: Text) -> float:
        generator = torch.Generator().manual_seed(2024)
        self.model.eval()
        losses = [float(self.estimate(*text.batch("val", generator))) for _ in range(20)]
        self.model.train()
        return sum(losses) / len(losses)


def nanogpt(module: Any, vocab: int) -> Contender:
    torch.manual_seed(1337)
    config = module.GPTConfig(block_size=CONTEXT, vocab_size=vocab, n_layer=4, n_head=4, n_embd=128, dropout=0.0, bias=False)
    model = module.GPT(config)
    optimiser = model.configure_optimizers(0.1, 1e-3, (0.9, 0.99), "cpu")

    def rate(optimisers: list, k: int) -> None:  # its train.py's: 100 steps up, then a cosine to a tenth
        lr = 1e-3 * (k + 1) / 101 if k < 100 else 1e-4 + 0.5 * (1 + np.cos(np.pi * (k - 100) / (NANO_STEPS - 100))) * 9e-4
        for group in optimisers[0].param_groups:
            group["lr"] = lr

    loss = lambda x, y: model(x, y)[1]
    return Contender("nanoGPT", model, loss, loss, [optimiser], rate, NANO_STEPS)


def forge(name: str, config: ModelConfig, steps: int, lr: float) -> Contender:
    torch.manual_seed(1337)
    model = Grok(config, native.ops())
    optimisers = optim.optimisers(model, lr, (0.9, 0.98), 0.1, muon=False)

    def rate(found: list, k: int) -> None:
        optim.set_rate(found, optim.learning_rate(k, steps, lr, steps // 20, int(0.6 * steps), 0.02))

    return Contender(
        name, model, lambda x, y: model.loss(x, y, balance=0.01).total, lambda x, y: model.loss(x, y).cross_entropy, optimisers, rate, steps
    )


def run_curve(one: Contender, text: Text, every: int) -> tuple[float, int] | None:
    """Train to the end; when the target was met, as seconds of training and step."""
    generator = torch.Generator().manual_seed(1337)
    below: tuple[float, int] | None = None
    met: tuple[float, int] | None = None
    for k in range(one.steps):
        began = time.perf_counter()
        one.step(k, *text.batch("train", generator))
        one.seconds += time.perf_counter() - began
        if (k + 1) % every == 0 or k + 1 == one.steps:
            loss = one.loss_now(text)
            one.curve.append((k + 1, one.seconds, loss))
            if loss > TARGET:
                below = None
            elif below is None:
                below = (one.seconds, k + 1)
            elif met is None:
                met = below
    return met or below


def speed(contenders: list[Contender], text: Text, rounds: int = 12, steps: int = 6) -> dict[str, list[float]]:
    x, y = text.batch("train", torch.Generator().manual_seed(1))
    times: dict[str, list[float]] = {one.name: [] for one in contenders}
    for round_ in range(rounds + 1):
        for one in contenders:
            for k in range(steps):
                began = time.perf_counter()
                one.step(200 + k, x, y)
                if round_:
                    times[one.name].append(time.perf_counter() - began)
    return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nanogpt", type=Path, default=os.environ.get("NANOGPT"), help="a checkout of nanoGPT (or NANOGPT)")
    options.add_argument(
        "--text", type=Path, default=Path(os.environ.get("MODELWRIGHT_DATA", "../shared")) / "data/llm/tinyshakespeare.txt"
    )
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--only", choices=("curve", "speed"))
    options.add_argument("--steps", type=int, default=430, help="of the forge's models")
    options.add_argument("--lr", type=float, default=2.5e-3)
    options.add_argument("--out", type=Path, help="write the curves as JSON")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    keep_memory()
    text = Text(given.text)
    shapes = configurations(text.vocab)

    def make() -> list[Contender]:
        peers = [nanogpt(load_nanogpt(Path(given.nanogpt)), text.vocab)] if given.nanogpt else []
        return peers + [forge(name, config, given.steps, given.lr) for name, config in shapes.items()]

    print(f"{platform.processor() or platform.machine()}, {given.threads} threads, torch {torch.__version__}")
    if given.only != "curve":
        contenders = make()
        times = speed(contenders, text)
        first, best = contenders[0].name, {name: min(seconds) for name, seconds in times.items()}
        print(
            f"\n{'Speed':<28}{'parameters':>12}{'active':>10}{'ms, best':>10}{'median':>8}{'tokens/s':>10}{'to ' + first:>12}{'to twin':>9}"
        )
        for one in contenders:
            active = shapes[one.name].active_parameters if one.name in shapes else one.parameters
            ms = best[one.name]
            twin = best["forge, dense twin"] / ms if one.name in shapes else float("nan")
            print(
                f"{one.name:<28}{one.parameters:>12,}{active:>10,}{ms * 1e3:>10.1f}{statistics.median(times[one.name]) * 1e3:>8.1f}"
                f"{BATCH * CONTEXT / ms:>10,.0f}{best[first] / ms:>12.2f}{twin:>9.2f}"
            )
    if given.only != "speed":
        contenders = make()
        rows = []
        for one in contenders:
            met = run_curve(one, text, 250 if one.name == "nanoGPT" else 50)
            rows.append((one, met))
        peer = next((met[0] for one, met in rows if one.name == "nanoGPT" and met), None)
        if rows[0][0].name == "nanoGPT" and peer is None:
            peer = rows[0][0].seconds  # it ended a little above: its whole run is its time
        print(f"\n{f'Time to {TARGET}':<28}{'steps':>8}{'met at':>8}{'seconds':>9}{'last loss':>11}{'of nanoGPT':>12}")
        for one, met in rows:
            seconds, step = met or (one.seconds, one.steps)
            part = f"{seconds / peer:>12.2f}" if peer else f"{'':>12}"
            print(f"{one.name:<28}{one.steps:>8}{step if met else 'never':>8}{seconds:>9.1f}{one.curve[-1][2]:>11.4f}{part}")
        print("\nCurves: step, seconds, validation loss")
        for one, _ in rows:
            print(f"  {one.name}: " + "  ".join(f"{step}/{seconds:.1f}s/{loss:.3f}" for step, seconds, loss in one.curve))
        if given.out:
            given.out.write_text(json.dumps({one.name: one.curve for one, _ in rows}, indent=1))


if __name__ == "__main__":
    main()
