"""Training against nanoGPT on the CPU: time to a loss, and tokens a second at equal shape. Peer: nanoGPT's own model.py, brought by you.

    python bench/forge_training.py --nanogpt PATH/TO/nanoGPT [--threads 2] [--clock cpu] [--only curve|speed] [--out curves.json]

*Curve*: tiny Shakespeare by characters in the setting of nanoGPT's README for a laptop (4 layers, 4 heads, width 128, context 64, batch
12, 2000 steps, no dropout, no torch.compile), each with its own optimiser and schedule, and one estimate of the loss for all: nanoGPT's,
the mean over 20 random validation batches of 12, every 250 steps (the forge, which ends earlier, every 50; its target is met at the first
estimate at or below 1.886 that the next confirms, or at its last). All train side by side, each a fortieth of its run in turn, so that
what else the machine does falls on all alike. Time is that of training steps, batches included; estimates are not counted for either. The
forge's models have at most nanoGPT's number of active parameters.

*Speed*: single steps of all in turn. *Equal shape* is equal width, layers, heads, head size, context, batch, vocabulary, and matrices of
equal size within a fiftieth: nanoGPT's two of 4 x width against the twin's three of 2.6 x width. Grok's layer has two norms, a rotation and
capped logits more; a row without the cap says what that costs. The last columns are ratios: to nanoGPT, and to the dense twin.

`--clock cpu` counts the process's own processor time, for a machine that is busy with other things: use it with one thread only, since a
thread that waits for another counts too.
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

TARGET, CONTEXT, BATCH, NANO_STEPS, TURNS = 1.886, 64, 12, 2000, 40
DENSE, MIXTURE = "forge, dense twin", "forge, mixture 8 choose 2"


def configurations(vocab: int) -> dict[str, ModelConfig]:
    mixture = ModelConfig(
        vocab=vocab, width=128, layers=4, query_heads=4, key_heads=4, head_size=32, context=CONTEXT,
        experts=8, chosen=2, expert_size=168, pad=None,
    )  # fmt: skip
    dense = mixture.dense_twin()
    return {DENSE: dense, MIXTURE: mixture, "forge, dense twin, no cap": dense.replace(attention_cap=0.0)}


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
        self,
        name: str,
        model: torch.nn.Module,
        loss: Callable,
        estimate: Callable,
        optimisers: list,
        rate: Callable,
        steps: int,
        clip: Callable,
    ) -> None:
        self.name, self.model, self.loss, self.estimate, self.clip = name, model, loss, estimate, clip
        self.optimisers, self.rate, self.steps = optimisers, rate, steps
        self.parameters = sum(p.numel() for p in model.parameters())
        self.seconds = 0.0
        self.curve: list[tuple[int, float, float]] = []

    def step(self, k: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.rate(self.optimisers, k)
        self.loss(x, y).backward()
        self.clip(self.model.parameters(), 1.0)
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
    return Contender("nanoGPT", model, loss, loss, [optimiser], rate, NANO_STEPS, torch.nn.utils.clip_grad_norm_)


def forge(name: str, config: ModelConfig, steps: int, lr: float) -> Contender:
    torch.manual_seed(1337)
    model = Grok(config, native.ops())
    optimisers = optim.optimisers(model, lr, (0.9, 0.98), 0.1, muon=False)

    def rate(found: list, k: int) -> None:
        optim.set_rate(found, optim.learning_rate(k, steps, lr, steps // 20, int(0.6 * steps), 0.02))

    loss, estimate = lambda x, y: model.loss(x, y, balance=0.01).total, lambda x, y: model.loss(x, y).cross_entropy
    return Contender(name, model, loss, estimate, optimisers, rate, steps, optim.clip)


def run_curves(contenders: list[Contender], text: Text, clock: Callable[[], float]) -> None:
    """Train all to the end, a part of each run in turn."""
    batches = [torch.Generator().manual_seed(1337) for _ in contenders]
    for turn in range(TURNS):
        for one, generator in zip(contenders, batches, strict=True):
            every = 250 if one.name == "nanoGPT" else 50
            for k in range(turn * one.steps // TURNS, (turn + 1) * one.steps // TURNS):
                began = clock()
                one.step(k, *text.batch("train", generator))
                one.seconds += clock() - began
                if (k + 1) % every == 0 or k + 1 == one.steps:
                    one.curve.append((k + 1, round(one.seconds, 2), round(one.loss_now(text), 4)))


def met(curve: list[tuple[int, float, float]]) -> tuple[int, float] | None:
    """Step and seconds at which the target was met: the first estimate from which on all are at or below it."""
    found = None
    for step, seconds, loss in reversed(curve):
        if loss > TARGET:
            break
        found = (step, seconds)
    return found


def speed(contenders: list[Contender], text: Text, clock: Callable[[], float], limit: float) -> dict[str, list[float]]:
    """Seconds of each step, single steps in turn, for at most `limit` seconds."""
    x, y = text.batch("train", torch.Generator().manual_seed(1))
    times: dict[str, list[float]] = {one.name: [] for one in contenders}
    began = time.perf_counter()
    for round_ in range(200):
        for one in contenders:
            start = clock()
            one.step(200, x, y)
            if round_ >= 3:
                times[one.name].append(clock() - start)
        if round_ >= 12 and time.perf_counter() - began > limit:
            break
    return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nanogpt", type=Path, default=os.environ.get("NANOGPT"), help="a checkout of nanoGPT (or NANOGPT)")
    options.add_argument(
        "--text", type=Path, default=Path(os.environ.get("MODELWRIGHT_DATA", "../shared")) / "data/llm/tinyshakespeare.txt"
    )
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--only", choices=("curve", "speed"))
    options.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    options.add_argument("--steps", type=int, default=480, help="of the forge's models")
    options.add_argument("--lr", type=float, default=2.5e-3)
    options.add_argument("--limit", type=float, default=60.0, help="seconds for the comparison of speed")
    options.add_argument("--out", type=Path, help="write what was measured as JSON")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    keep_memory()
    text = Text(given.text)
    shapes = configurations(text.vocab)
    clock = time.perf_counter if given.clock == "wall" else time.process_time

    def make(names: list[str]) -> list[Contender]:
        peers = [nanogpt(load_nanogpt(Path(given.nanogpt)), text.vocab)] if given.nanogpt else []
        return peers + [forge(name, shapes[name], given.steps, given.lr) for name in names]

    where = f"{processor()}, {given.threads} threads, {given.clock} clock, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}"
    found: dict[str, Any] = {"machine": where, "target": TARGET}
    print(where)
    if given.only != "curve":
        contenders = make(list(shapes))
        times = speed(contenders, text, clock, given.limit)
        first, typical = contenders[0].name, {name: statistics.median(seconds) for name, seconds in times.items()}
        print(f"\n{'Speed':<28}{'parameters':>12}{'active':>10}{'steps':>7}{'ms, median':>12}{'best':>8}{'tokens/s':>10}", end="")
        print(f"{'to ' + first:>12}{'to twin':>9}")
        for one in contenders:
            active = shapes[one.name].active_parameters if one.name in shapes else one.parameters
            s, best = typical[one.name], min(times[one.name])
            print(f"{one.name:<28}{one.parameters:>12,}{active:>10,}{len(times[one.name]):>7}{s * 1e3:>12.1f}{best * 1e3:>8.1f}", end="")
            print(f"{BATCH * CONTEXT / s:>10,.0f}{typical[first] / s:>12.2f}{typical[DENSE] / s:>9.2f}")
            found.setdefault("milliseconds a step, median and best", {})[one.name] = [round(s * 1e3, 1), round(best * 1e3, 1)]
    if given.only != "speed":
        contenders = make([DENSE, MIXTURE])
        run_curves(contenders, text, clock)
        peer = None
        if contenders[0].name == "nanoGPT":  # if it ends a little above the target, its whole run is its time
            peer = (met(contenders[0].curve) or (0, contenders[0].seconds))[1]
        print(f"\n{f'Time to {TARGET}':<28}{'steps':>8}{'met at':>8}{'seconds':>9}{'last loss':>11}{'of nanoGPT':>12}")
        for one in contenders:
            step, seconds = met(one.curve) or ("never", one.seconds)
            part = f"{seconds / peer:>12.2f}" if peer else f"{'':>12}"
            print(f"{one.name:<28}{one.steps:>8}{step:>8}{seconds:>9.1f}{one.curve[-1][2]:>11.4f}{part}")
        print("\nCurves: step, seconds, validation loss")
        for one in contenders:
            print(f"  {one.name}: " + "  ".join(f"{step}/{seconds:.1f}s/{loss:.3f}" for step, seconds, loss in one.curve))
        found["curves: step, seconds, validation loss"] = {one.name: one.curve for one in contenders}
    if given.out:
        given.out.write_text(json.dumps(found) + "\n")


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
