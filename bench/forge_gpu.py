"""Training speed on one graphics card: nanoGPT with flash attention, the forge's dense twin, and its mixture, in bfloat16.

    PYTHONPATH=src python bench/forge_gpu.py --nanogpt PATH/TO/nanoGPT/model.py [--batch 16] [--rounds 3] [--steps 12]

It needs torch and numpy only. All three have 12 layers, width 768, 12 heads, context 1024 and a vocabulary of 50,304; the forge's have
about 124 million active parameters. One JSON object a line; the rounds are interleaved and the best and median of them are told."""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import statistics
import time
import traceback
from collections.abc import Callable

import torch

from modelwright.forge import gpu
from modelwright.forge.config import ModelConfig, preset
from modelwright.forge.experts import router, straight_experts
from modelwright.forge.hardware import accelerator_flops
from modelwright.forge.model import Grok, attention


def show(**values: object) -> None:
    print(json.dumps(values), flush=True)


def check(device: str, length: int) -> None:
    """The fused functions against the plain ones, forward and backward, before anything is timed."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, length, heads, 64, device=device, requires_grad=True) for heads in (12, 4, 4))
    weight = torch.randn(2, length, 12, 64, device=device)
    want = attention(q, k, v, 30.0)
    want_grads = torch.autograd.grad((want * weight).sum(), (q, k, v))
    fused = torch.compile(gpu.capped_attention(length, 30.0, device))
    got = fused(q.bfloat16(), k.bfloat16(), v.bfloat16(), 30.0).float()
    got_grads = torch.autograd.grad((got * weight).sum(), (q, k, v))
    relative = lambda a, b: float((a - b).norm() / b.norm())
    show(row="check attention", forward=relative(got, want), backward=[relative(a, b) for a, b in zip(got_grads, want_grads, strict=True)])

    n, e, c, m, f = 4096, 8, 2, 768, 1024
    x = torch.randn(n, m, device=device, requires_grad=True)
    w, u, w1 = (torch.randn(e, a, b, device=device, requires_grad=True) for a, b in ((m, f), (m, f), (f, m)))
    w.data, u.data, w1.data = w.data * m**-0.5, u.data * m**-0.5, w1.data * f**-0.5
    gates, chosen, _ = router(x.detach(), torch.randn(m, e, device=device) * m**-0.5, c)
    weight = torch.randn(n, m, device=device)
    want = straight_experts(x, chosen, gates, w, u, w1)
    want_grads = torch.autograd.grad((want * weight).sum(), (x, w, u, w1))
    got = torch.compile(gpu.grouped_experts)(x, chosen, gates, w, u, w1, None)
    got_grads = torch.autograd.grad((got * weight).sum(), (x, w, u, w1))
    show(row="check experts", forward=relative(got, want), backward=[relative(a, b) for a, b in zip(got_grads, want_grads, strict=True)])


class Runner:
    """One model that is trained step by step on random tokens."""

    def __init__(
        self, name: str, model: torch.nn.Module, loss: Callable[..., torch.Tensor], flops: float, parameters: int, active: int
    ) -> None:
        self.name, self.model, self.loss, self.flops = name, model, loss, flops
        self.parameters, self.active = parameters, active
        self.optimiser = torch.optim.AdamW(model.parameters(), lr=6e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
        self.times: list[float] = []
        self.last = float("nan")

    def step(self, x: torch.Tensor, y: torch.Tensor) -> None:
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            loss = self.loss(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.last = loss.detach()


def nanogpt(path: str, length: int, device: str) -> Runner:
    spec = importlib.util.spec_from_file_location("nanogpt_model", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["nanogpt_model"] = module
    spec.loader.exec_module(module)
    config = module.GPTConfig(block_size=length, vocab_size=50_304, n_layer=12, n_head=12, n_embd=768, dropout=0.0, bias=False)
    model = module.GPT(config).to(device)
    n = sum(p.numel() for p in model.parameters()) - model.transformer.wpe.weight.numel()
    compiled = torch.compile(model)
    return Runner("nanoGPT, flash attention", model, lambda x, y: compiled(x, y)[1], 6 * n + 12 * 12 * 768 * length, n, n)


def forge(name: str, config: ModelConfig, length: int, device: str, grouped: bool = True) -> Runner:
    config = config.replace(context=length, pad=None)
    with torch.device(device):
        model = Grok(config, gpu.ops(length, config.attention_cap, device, grouped))
    compiled = torch.compile(model.loss)
    loss = lambda x, y: compiled(x, y, balance=0.01, packed=True).total
    return Runner(name, model, loss, config.training_flops_per_token(length), config.parameters, config.active_parameters)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nanogpt", help="path to nanoGPT's model.py; without it only the forge is measured")
    options.add_argument("--batch", type=int, default=16)
    options.add_argument("--context", type=int, default=1024)
    options.add_argument("--steps", type=int, default=12)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--device", default="cuda")
    given = options.parse_args()
    device, length = given.device, given.context
    torch.set_float32_matmul_precision("high")
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    peak = accelerator_flops(name) or float("nan")
    show(row="machine", device=name, torch=torch.__version__, peak_flops=peak, batch=given.batch, context=length)
    try:
        check(device, length)
    except Exception as error:
        show(row="check", error=repr(error)[:500], where=traceback.format_exc()[-1500:])

    x = torch.randint(1, 50_304, (given.batch, length), device=device)
    y = torch.randint(1, 50_304, (given.batch, length), device=device)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    base = preset("base")
    makers: list[tuple[str, Callable[[], Runner]]] = [
        ("dense twin", lambda: forge("forge, dense twin", base.dense_twin(), length, device)),
        ("mixture", lambda: forge("forge, mixture 8 choose 2, grouped products", base, length, device)),
    ]
    if given.nanogpt:
        makers.insert(0, ("nanoGPT", lambda: nanogpt(given.nanogpt, length, device)))
    runners = []
    for label, make in makers:
        try:
            began = time.perf_counter()
            runner = make()
            for _ in range(4):
                runner.step(x, y)
            wait()
            show(row="ready", what=label, seconds=time.perf_counter() - began, loss=float(runner.last))
            runners.append(runner)
        except Exception as error:
            show(row="failed", what=label, error=repr(error)[:500], where=traceback.format_exc()[-2500:])
        gc.collect()
    for _ in range(given.rounds):
        for runner in runners:
            runner.step(x, y)
            wait()
            began = time.perf_counter()
            for _ in range(given.steps):
                runner.step(x, y)
            wait()
            runner.times.append((time.perf_counter() - began) / given.steps)
    tokens = given.batch * length
    first = min(runners[0].times) if runners else 1.0
    for runner in runners:
        best, middle = min(runner.times), statistics.median(runner.times)
        show(
            row="result", what=runner.name, device=name, parameters=runner.parameters, active=runner.active,
            ms=best * 1e3, ms_median=middle * 1e3,
            tokens_per_second=tokens / best, mfu=runner.flops * tokens / best / peak, ratio_to_first=first / best,
        )  # fmt: skip
    if device == "cuda":
        show(row="memory", peak_gib=torch.cuda.max_memory_allocated() / 2**30, what="all models together")


if __name__ == "__main__":
    main()
