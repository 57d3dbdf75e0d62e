"""Pretraining: batches in, a model out, and everything that a person wants to see on the way.

`train` is one loop, read top to bottom; it knows no terminal and no clock but the one that measures speed. What it promises: batch k and
the schedule are functions of the step, and a checkpoint holds the model, the optimisers and the step, so that a run killed at any step
and resumed gives the same curve to the bit on the same CPU with the same number of threads. A loss that is not a number or a disk that
fills ends the run with one sentence and leaves the last good checkpoint. On several processes (`torchrun`) each takes its rows of the
same batches."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from modelwright.forge import native, optim, references
from modelwright.forge.cache import KeyValueCache
from modelwright.forge.checkpoint import checkpoints, load_weights, write_folder, write_model
from modelwright.forge.config import ModelConfig
from modelwright.forge.data.lines import finite
from modelwright.forge.data.shards import Batches, TokenData, get_batch
from modelwright.forge.distributed import World, load_sharded, save_sharded, single
from modelwright.forge.errors import CheckpointError, ConfigError, TrainingError
from modelwright.forge.experts import health
from modelwright.forge.model import Grok, Loss, Ops, document_mask
from modelwright.forge.tokenizer import END, FIRST_BYTE, Tokenizer


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One pretraining run. Everything here is in a recipe's `[train]` table under the same name."""

    steps: int = 1000
    batch: int = 16
    """Windows a step, over all processes and all micro-batches."""
    context: int | None = None
    """Tokens a window; None is the model's context."""
    accumulation: int = 1
    """Micro-batches that a step's gradient is summed over."""
    optimiser: str = "muon"
    """`muon` (matrices by Muon, the rest by AdamW) or `adamw`."""
    lr: float = 4e-3
    warmup: float = 0.02
    """As a fraction of the steps."""
    decay: float = 0.4
    floor: float = 0.02
    """Where the decay ends, as a fraction of `lr`."""
    beta1: float = 0.9
    beta2: float = 0.98
    weight_decay: float = 0.1
    clip: float = 1.0
    """Largest norm of the gradient; 0 does not clip."""
    balance: str = "loss"
    """How experts are kept busy: `loss` (Switch's auxiliary loss), `bias` (arXiv 2408.15664) or `none`."""
    balance_weight: float = 0.01
    balance_rate: float = 1e-3
    document_mask: bool = False
    """Keep attention inside a document; otherwise windows are packed and see across."""
    dtype: str = "float32"
    """`bfloat16` computes products in bfloat16 with float32 weights: faster on a graphics card, slower on most CPUs."""
    compile: bool = False
    checkpointing: bool = False
    device: str = "cpu"
    threads: int = 0
    """CPU threads; 0 is all. Results are equal to the bit only for the same number."""
    seed: int = 1337
    eval_every: int = 200
    eval_batches: int = 8
    sample_every: int = 0
    sample_prompts: tuple[str, ...] = ("The ",)
    sample_tokens: int = 48
    save_every: int = 200
    keep: int = 2
    """Checkpoints that stay."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "accumulation", "eval_every", "eval_batches", "save_every", "keep"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name, allowed in (("optimiser", ("muon", "adamw")), ("balance", ("loss", "bias", "none")), ("dtype", ("float32", "bfloat16"))):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} is '{getattr(self, name)}'; it may be {' or '.join(allowed)}")
        if self.batch % self.accumulation:
            raise ConfigError(f"a batch of {self.batch} cannot be cut into {self.accumulation} equal micro-batches")
        if not self.lr > 0:
            raise ConfigError(f"lr is {self.lr}; it must be more than 0")


@dataclass(frozen=True)
class TrainParts:
    """The parts of training that a learner can replace."""

    learning_rate: Callable[..., float] = optim.learning_rate
    orthogonalise: Callable[..., Tensor] = optim.orthogonalise
    get_batch: Callable[..., Any] = get_batch
    clip: Callable[[list[Tensor], float], Tensor] | None = None
    adamw: type[torch.optim.Optimizer] | None = None
    checkpoint: Any = None
    """Something with `save(path, arrays)` and `load(path)`, for the weights in a run's checkpoints."""
    cache: Callable[..., Any] = KeyValueCache
    sample: Callable[..., int] = references.sample


@dataclass(frozen=True)
class Step:
    """What one step tells. Written to metrics.jsonl as it is; `seconds` and `tokens_per_second` are the only fields that differ between
    two runs of one recipe."""

    step: int
    loss: float
    lr: float
    grad_norm: float
    tokens: int
    seconds: float
    tokens_per_second: float
    mfu: float
    """Model-flop utilisation: useful operations a second as a fraction of what this machine can do."""
    balance: float | None = None
    most_loaded: float | None = None
    router_entropy: float | None = None
    dead_experts: int | None = None
    load: tuple[tuple[float, ...], ...] | None = None
    """Layer by layer, each expert's share."""


@dataclass(frozen=True)
class Evaluation:
    step: int
    val_loss: float
    bits_per_byte: float


@dataclass(frozen=True)
class Sample:
    step: int
    prompt: str
    text: str


@dataclass(frozen=True)
class Saved:
    step: int
    folder: str


Event = Step | Evaluation | Sample | Saved


@dataclass(frozen=True)
class Result:
    step: int
    train_loss: float
    val_loss: float
    bits_per_byte: float
    tokens: int
    seconds: float
    checkpoint: Path


def build(config: ModelConfig, seed: int, ops: Ops | None = None, compiled: bool = False) -> Grok:
    """A new model with the run's seed. Without `torch.compile` the hand-written backward passes are used."""
    torch.manual_seed(seed)
    return Grok(config, ops if ops is not None else (Ops() if compiled else native.ops()))


def train(
    folder: Path,
    model: Grok,
    config: TrainConfig,
    data: Path,
    tokenizer: Tokenizer | None = None,
    *,
    parts: TrainParts = TrainParts(),
    world: World | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    resume: bool = True,
    stop_at: int | None = None,
) -> Result:
    """Train `model` on the shards in `data`; checkpoints go to `folder/checkpoints`, what happened to `folder/metrics.jsonl`.

    `stop_at` ends the run after that step as if it had been killed there: for tests, and for a run that is cut into sittings.
    """
    world = world or single(config.device)
    keep_memory()
    if config.threads:
        torch.set_num_threads(config.threads)
    context = config.context or model.config.context
    micro = config.batch // config.accumulation
    if micro % world.size:
        raise ConfigError(f"a micro-batch of {micro} windows cannot be shared by {world.size} processes")
    batches = Batches(TokenData(data, "train"), config.batch, context, config.seed)
    held = TokenData(data, "val")
    if batches.data.manifest.vocab > model.config.vocab:
        raise ConfigError(f"the shards use {batches.data.manifest.vocab} tokens but the model knows {model.config.vocab}")
    evaluation = Batches(held, config.batch, context, config.seed + 1) if len(held) > context else None
    byte_lengths = token_bytes(tokenizer, model.config.vocab).to(world.device)

    model.checkpointing = config.checkpointing
    model.to(world.device)
    net: nn.Module = world.shard(model)
    optimisers = optim.optimisers(
        model,
        config.lr,
        (config.beta1, config.beta2),
        config.weight_decay,
        muon=config.optimiser == "muon",
        orthogonalise=parts.orthogonalise,
        adamw=parts.adamw,
    )
    plain_loss: Any = net.loss
    loss_of: Callable[..., Loss] = torch.compile(plain_loss, dynamic=False) if config.compile else plain_loss
    balance = config.balance_weight if config.balance == "loss" else 0.0

    metrics = folder / "metrics.jsonl"
    start = _resume(folder, model, optimisers, config, world, metrics, parts) if resume else _start_afresh(folder, metrics)
    last = min(config.steps, stop_at or config.steps)
    flops = model.config.training_flops_per_token(context)
    peak = peak_flops(world.device, config.dtype) * world.size
    train_loss, evaluated = math.nan, None
    began = time.perf_counter()

    def tell(event: Event) -> None:
        if world.main:
            _write_line(metrics, event, folder)
            on_event(event)

    def save(step: int) -> Path:
        where = folder / "checkpoints" / f"step-{step:08d}"
        _save(where, model, tokenizer, optimisers, config, step, world, parts)
        tell(Saved(step, where.name))
        for old in checkpoints(folder / "checkpoints")[: -config.keep] if world.main else ():
            shutil.rmtree(old, ignore_errors=True)
        return where

    model.train()
    step = start
    while step < last:
        clock = time.perf_counter()
        rate = parts.learning_rate(
            step, config.steps, config.lr, round(config.warmup * config.steps), round(config.decay * config.steps), config.floor
        )
        optim.set_rate(optimisers, rate)
        losses = []
        for i in range(config.accumulation):
            rows = world.rows(slice(i * micro, (i + 1) * micro))
            x_bt, y_bt = (torch.from_numpy(part).to(world.device, non_blocking=True) for part in batches(step, rows, parts.get_batch))
            visible = document_mask(x_bt, END) if config.document_mask else None
            world.sync(net, i == config.accumulation - 1)
            with precision(world.device, config.dtype):
                loss = loss_of(x_bt, y_bt, balance=balance, visible_bts=visible, packed=True)
            (loss.total / config.accumulation).backward()
            losses.append(Loss(*(part.detach() for part in loss)))
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        if parts.clip is not None and world.size == 1:
            norm = parts.clip(gradients, config.clip or math.inf)
        else:
            norm = world.clip(model, config.clip or math.inf)
        train_loss = float(world.mean(torch.stack([part.cross_entropy for part in losses]).mean()))
        grad_norm = float(norm)
        if not (math.isfinite(train_loss) and math.isfinite(grad_norm)):
            raise TrainingError(_not_a_number(train_loss, step, folder))
        for optimiser in optimisers:
            optimiser.step()
        model.zero_grad(set_to_none=True)
        load_le = world.mean(torch.stack([part.load_le for part in losses]).mean(0))
        if config.balance == "bias" and model.config.routed:
            model.steer(load_le, config.balance_rate)
        step += 1

        seconds = time.perf_counter() - clock
        speed = config.batch * context / seconds
        routed: dict[str, Any] = {}
        if model.config.routed:
            h = health(load_le.cpu(), torch.stack([part.entropy_l for part in losses]).mean(0).cpu())
            load = tuple(tuple(round(share, 4) for share in row) for row in load_le.tolist())
            auxiliary = float(torch.stack([part.balance for part in losses]).mean())
            routed = {"balance": auxiliary, "most_loaded": h.most, "router_entropy": h.entropy, "dead_experts": h.dead, "load": load}
        tokens = step * config.batch * context
        tell(Step(step, train_loss, rate, grad_norm, tokens, seconds, speed, speed * flops / peak, **routed))

        if evaluation and (step % config.eval_every == 0 or step == config.steps):
            evaluated = evaluate(model, evaluation, config, byte_lengths, step, world)
            tell(evaluated)
        if tokenizer is not None and config.sample_every and (step % config.sample_every == 0 or step == config.steps) and world.size == 1:
            for prompt in config.sample_prompts:
                tell(Sample(step, prompt, sample(model, tokenizer, prompt, config.sample_tokens, config.seed, parts)))
        if step % config.save_every == 0 or step == config.steps:
            save(step)
    found = checkpoints(folder / "checkpoints")
    return Result(
        step,
        train_loss,
        evaluated.val_loss if evaluated else math.nan,
        evaluated.bits_per_byte if evaluated else math.nan,
        step * config.batch * context,
        time.perf_counter() - began,
        found[-1] if found else folder,
    )


@torch.no_grad()
def evaluate(model: Grok, batches: Batches, config: TrainConfig, byte_lengths: Tensor, step: int, world: World) -> Evaluation:
    """Loss a token over a fixed set of validation windows, and bits a byte, which two tokenizers can be compared by."""
    model.eval()
    nats = torch.zeros((), dtype=torch.float64, device=world.device)
    count, size = torch.zeros_like(nats), torch.zeros_like(nats)
    rows = world.rows(slice(0, config.batch))
    for i in range(config.eval_batches):
        x_bt, y_bt = (torch.from_numpy(part).to(world.device) for part in batches(i, rows))
        visible = document_mask(x_bt, END) if config.document_mask else None
        with precision(world.device, config.dtype):
            mean = model.loss(x_bt, y_bt, visible_bts=visible, packed=True).cross_entropy
        nats += mean.double() * y_bt.numel()
        count += y_bt.numel()
        size += byte_lengths[y_bt].sum()
    model.train()
    nats, count, size = (world.mean(part) for part in (nats, count, size))
    return Evaluation(step, float(nats / count), float(nats / math.log(2) / size.clamp(min=1)))


@torch.no_grad()
def sample(model: Grok, tokenizer: Tokenizer, prompt: str, tokens: int, seed: int, parts: TrainParts = TrainParts()) -> str:
    """What the model goes on with: for looking at while it trains. `generate.py` is the real thing."""
    training = model.training
    model.eval()
    device = model.embedding.device
    draw = np.random.default_rng(seed)
    out: list[int] = []
    ids = tokenizer.encode(prompt) or [END]
    where = {} if device.type == "cpu" else {"device": device}  # a learner's cache knows the CPU only
    cache = parts.cache(model.config, 1, len(ids) + tokens, **where)
    while len(out) < tokens:
        logits_v = model(torch.tensor([ids], device=device), cache)[0, -1].float().cpu()
        token = parts.sample(logits_v, 0.8, 0, 0.95, float(draw.random()))
        if token == END:
            break
        out.append(token)
        ids = [token]
    model.train(training)
    return tokenizer.decode(out)


def token_bytes(tokenizer: Tokenizer | None, vocab: int) -> Tensor:
    """How many bytes of text each token stands for; special tokens stand for none. Without a tokenizer a token is a byte."""
    if tokenizer is None:
        return torch.ones(vocab, dtype=torch.long)
    lengths = [0 if i < FIRST_BYTE else len(tokenizer.bytes_of(i)) for i in range(tokenizer.size)]
    return torch.tensor(lengths + [0] * (vocab - len(lengths)), dtype=torch.long)


def precision(device: torch.device, dtype: str) -> AbstractContextManager[Any]:
    return torch.autocast(device.type, dtype=torch.bfloat16) if dtype == "bfloat16" else nullcontext()


def keep_memory() -> None:
    """Ask glibc to keep what is freed: activations come and go every step, and each return to the system costs page faults."""
    import ctypes

    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
        libc.mallopt(-2, 64 << 20)  # M_TOP_PAD
    except (AttributeError, OSError):
        pass  # another C library; slower, not wrong


_PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L40": 181e12, "4090": 165e12, "V100": 125e12, "T4": 65e12}
"""Dense bfloat16 (float16 where there is none) operations a second, from the makers' data sheets."""


def peak_flops(device: torch.device, dtype: str) -> float:
    """What a device can do at most: from its data sheet, or on a CPU by multiplying two matrices."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        peak = next((peak for part, peak in _PEAKS.items() if part in name), 100e12)
        return peak if dtype == "bfloat16" else peak / 16
    a = torch.randn(768, 768)
    seconds = []
    for _ in range(6):
        clock = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - clock)
    return 2 * 768**3 / min(seconds)


# On disk.


def _not_a_number(loss: float, step: int, folder: Path) -> str:
    good = checkpoints(folder / "checkpoints")
    kept = f"the last good checkpoint is {good[-1].name}" if good else "no checkpoint had been written"
    what = "loss" if not math.isfinite(loss) else "gradient"
    return f"the {what} is not a number at step {step + 1}; {kept}; lower lr or clip, or look at the data, and resume"


def _write_line(metrics: Path, event: Event, folder: Path) -> None:
    try:
        metrics.parent.mkdir(parents=True, exist_ok=True)
        with metrics.open("a", encoding="utf-8") as file:
            file.write(metrics_line(event))
    except OSError as error:
        good = checkpoints(folder / "checkpoints")
        kept = f"the last good checkpoint is {good[-1].name}" if good else "no checkpoint had been written"
        raise TrainingError(f"{metrics} could not be written ({error.strerror}); {kept}; free some space and resume") from error


def metrics_line(event: Any) -> str:
    """An event as a line of metrics.jsonl. What is not a number is null: JSON has no NaN and no infinity."""
    return json.dumps({"kind": type(event).__name__.lower(), **finite(dataclasses.asdict(event))}, allow_nan=False) + "\n"


def read_metrics(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of a run's metrics.jsonl, as dictionaries with `kind`; a line that a kill cut short ends it."""
    file = folder / "metrics.jsonl"
    if not file.exists():
        return
    for line in file.read_bytes().split(b"\n"):
        try:
            values = json.loads(line, parse_constant=lambda name: None)
        except (ValueError, RecursionError):
            return
        if not isinstance(values, dict) or "kind" not in values or "step" not in values:
            return
        yield values


def _start_afresh(folder: Path, metrics: Path) -> int:
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    metrics.unlink(missing_ok=True)
    return 0


_MAY_DIFFER = {
    "eval_every",
    "sample_every",
    "save_every",
    "keep",
    "sample_prompts",
    "sample_tokens",
    "threads",
    "device",
    "compile",
    "checkpointing",
}


def _save(
    where: Path,
    model: Grok,
    tokenizer: Tokenizer | None,
    optimisers: list[torch.optim.Optimizer],
    config: TrainConfig,
    step: int,
    world: World,
    parts: TrainParts,
) -> None:
    state = {"step": step, "config": json.dumps(dataclasses.asdict(config))}
    if world.size > 1:
        save_sharded(where, model, optimisers, state, world)
        return

    def fill(fresh: Path) -> None:
        write_model(fresh, model, tokenizer, {"step": step})
        if parts.checkpoint is not None:
            parts.checkpoint.save(str(fresh / "model.part"), {name: tensor.cpu().numpy() for name, tensor in model.state_dict().items()})
        torch.save({**state, "optimisers": [optimiser.state_dict() for optimiser in optimisers]}, fresh / "training.pt")

    write_folder(where, fill)


def _resume(
    folder: Path,
    model: Grok,
    optimisers: list[torch.optim.Optimizer],
    config: TrainConfig,
    world: World,
    metrics: Path,
    parts: TrainParts,
) -> int:
    """The step to go on from; 0 where nothing was saved. Lines of the metrics past that step are dropped, since they will come again."""
    found = checkpoints(folder / "checkpoints")
    if not found:
        if world.main:
            metrics.unlink(missing_ok=True)
        return 0
    where = found[-1]
    if world.size > 1:
        state = load_sharded(where, model, optimisers, world)
    else:
        load_weights(where, model)
        if parts.checkpoint is not None and (where / "model.part").exists():
            model.load_state_dict(
                {name: torch.from_numpy(array) for name, array in parts.checkpoint.load(str(where / "model.part")).items()}
            )
        try:
            state = torch.load(where / "training.pt", map_location=world.device, weights_only=True)
            for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(saved)
            before, step = dict(json.loads(state["config"])), int(state["step"])
        except FileNotFoundError:
            raise CheckpointError(f"{where} holds a model but no training state; start a new run from it instead of resuming") from None
        except Exception as error:  # torch raises what it finds in a damaged file
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise CheckpointError(f"the training state in {where} is damaged or does not fit this run ({reason})") from error
    if world.size > 1:
        before, step = json.loads(state["config"]), int(state["step"])
    now = json.loads(json.dumps(dataclasses.asdict(config)))
    if different := [name for name in now if name not in _MAY_DIFFER and before.get(name) != now[name]]:
        name = different[0]
        raise CheckpointError(
            f"the checkpoint {where.name} is of another run: its {name} is {before.get(name)}, this one's is {now[name]}; "
            "use another run folder, or start afresh"
        )
    if world.main and metrics.exists():
        lines = []
        for line in read_metrics(folder):
            if line["step"] > step:
                break
            lines.append(json.dumps(line) + "\n")
        fresh = metrics.with_name(".metrics.jsonl")
        fresh.write_text("".join(lines), encoding="utf-8")
        fresh.replace(metrics)
    return step
