"""Chat tuning: a base model becomes one that answers, by learning what the assistant says in conversations and nothing else.

The loss is pretraining's cross-entropy, counted only where the assistant speaks. It is summed over a whole step and divided by the tokens
counted in that step, so that a micro-batch with few of them weighs little and one with none weighs nothing; a step without any is left out.
`conversations.py` makes the rows, `lora.py` the adapters; tuning on preferences is `prefer.py`. A
run that was killed goes on where `progress.py` kept it, to the bit.

Shapes: b rows   t tokens.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modelwright.forge import lora, optim, references
from modelwright.forge.checkpoint import load_model, model_sha256, save_model
from modelwright.forge.conversations import Encoded, Example, Rows, encode, lay, open_conversations, pack
from modelwright.forge.errors import ConfigError, TrainingError
from modelwright.forge.fingerprint import fingerprint
from modelwright.forge.model import Grok, Loss, document_mask
from modelwright.forge.progress import Progress
from modelwright.forge.template import RenderTurns, render_turns
from modelwright.forge.tokenizer import END, Tokenizer
from modelwright.forge.train import metrics_line, read_metrics

if TYPE_CHECKING:
    from modelwright.forge.recipe import Run


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """A recipe's [tune]."""

    source: str = "primer:4000"
    """`primer`, `primer:N`, or a file of conversations."""
    steps: int = 200
    batch: int = 16
    """Rows a step."""
    accumulation: int = 1
    """Micro-batches that a step is cut into."""
    packing: bool = True
    """Lay several conversations into a row, kept apart by the mask; otherwise a row holds one."""
    too_long: str = "cut"
    """What happens to a conversation over the context: `cut` its oldest exchanges, or `refuse`."""
    validation: float = 0.05
    lr: float = 1e-3
    warmup: float = 0.05
    decay: float = 0.5
    clip: float = 1.0
    weight_decay: float = 0.0
    optimiser: str = "adamw"
    balance_weight: float = 0.01
    """Keeps the experts busy, as in pretraining."""
    lora_rank: int = 0
    """0 tunes every weight; otherwise only adapters of this rank on attention's matrices, merged at the end."""
    lora_alpha: float = 16.0
    eval_every: int = 50
    save_every: int = 50
    """Steps between two points that a run which was killed can go on from."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "accumulation", "eval_every", "save_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.batch % self.accumulation:
            raise ConfigError(f"a batch of {self.batch} rows cannot be cut into {self.accumulation} equal micro-batches")
        if self.optimiser not in ("adamw", "muon"):
            raise ConfigError(f"optimiser is '{self.optimiser}'; it may be adamw or muon")
        if not 0 <= self.validation < 1:
            raise ConfigError(f"validation is {self.validation}; it is the part held out, from 0 to less than 1")


@dataclass(frozen=True)
class TuneParts:
    """The parts of tuning that a learner can replace."""

    render: RenderTurns = render_turns
    lora: lora.Lora = references.lora
    learning_rate: Callable[..., float] = optim.learning_rate


@dataclass(frozen=True)
class TuneStep:
    step: int
    loss: float
    """A token of the assistant, in nats."""
    lr: float
    grad_norm: float
    counted: int
    """Tokens that were learned from; 0 is a step that was left out."""


@dataclass(frozen=True)
class TuneEvaluation:
    step: int
    val_loss: float


@dataclass(frozen=True)
class TuneResult:
    steps: int
    left_out: int
    """Steps in which no token counted."""
    train_loss: float | None
    """None where no step counted a token."""
    val_loss_before: float | None
    """None where nothing was held out."""
    val_loss: float | None


def batches(rows: Sequence[Sequence[Example]], batch: int, seed: int) -> Iterator[list[Sequence[Example]]]:
    """Endless; each row once an epoch, in an order of its own. A batch larger than an epoch goes on into the next."""
    rng = np.random.default_rng(seed)
    waiting: list[Sequence[Example]] = []
    while True:
        while len(waiting) < batch:
            waiting += [rows[i] for i in rng.permutation(len(rows))]
        yield waiting[:batch]
        waiting = waiting[batch:]


def masked_loss(model: Grok, rows: Rows, balance: float = 0.0) -> Loss:
    """The mean loss over the counted targets, and the balancing term. Zero, not NaN, where none counts."""
    x_bt, y_bt, counted_bt = rows.tokens_bt[:, :-1], rows.tokens_bt[:, 1:], rows.mask_bt[:, 1:]
    # Each conversation sees itself alone. Padding stands behind the last <|end|>: a conversation of its own, which counts nothing.
    return model.loss(x_bt, y_bt, counted_bt, balance, visible_bts=document_mask(x_bt, END))


def step_gradients(model: Grok, rows: Sequence[Sequence[Example]], accumulation: int, balance: float) -> tuple[float, int]:
    """Backward through a step in `accumulation` micro-batches: (mean loss, tokens counted over all of them).

    Micro-batches hold different numbers of counted tokens, so their means are weighed by them: the gradient is the whole step's.
    """
    micro = [lay(rows[i::accumulation]) for i in range(accumulation)]
    total = sum(part.counted for part in micro)
    mean = 0.0
    for part in micro:
        if part.counted == 0:
            continue  # nothing to learn here, and balancing the experts alone is no reason for a step
        loss = masked_loss(model, part, balance)
        (loss.total * (part.counted / total)).backward()
        mean += float(loss.cross_entropy) * part.counted / total
    return mean, total


@torch.no_grad()
def held_out_loss(model: Grok, rows: Sequence[Sequence[Example]], batch: int) -> float | None:
    """Nats a token of the assistant; None where nothing is held out."""
    nats, count = 0.0, 0
    model.eval()
    for i in range(0, len(rows), batch):
        part = lay(rows[i : i + batch])
        nats += float(masked_loss(model, part).cross_entropy) * part.counted
        count += part.counted
    model.train()
    return nats / count if count else None


def tune(
    model: Grok,
    examples: Sequence[Example],
    config: TuneConfig,
    *,
    parts: TuneParts = TuneParts(),
    progress: Progress | None = None,
    on_event: Callable[[Any], None] = lambda event: None,
) -> TuneResult:
    """Tune the model in place. With a LoRA rank only adapters learn, and they are merged before it returns."""
    context = model.config.context
    if not examples:
        raise ConfigError("there is no conversation to tune on")
    order = np.random.default_rng(config.seed).permutation(len(examples))
    held_count = round(config.validation * len(examples))
    held, kept = ([examples[i] for i in part] for part in (order[:held_count], order[held_count:]))
    arrange = (lambda some: pack(some, context + 1)) if config.packing else (lambda some: [[one] for one in some])
    rows, held_rows = arrange(kept), arrange(held)
    if config.lora_rank:
        lora.adapt(model, config.lora_rank, config.lora_alpha, config.seed, parts.lora)
    found = optim.optimisers(model, config.lr, weight_decay=config.weight_decay, muon=config.optimiser == "muon" and not config.lora_rank)
    told = progress.restore(model, found) if progress else {}
    start = progress.step if progress else 0
    if not told:
        before = held_out_loss(model, held_rows, config.batch)
        if before is not None:
            on_event(TuneEvaluation(0, before))
        told = {"before": before, "after": before, "loss": None, "left_out": 0}
    before, after, loss, left_out = (told[name] for name in ("before", "after", "loss", "left_out"))
    model.train()
    for step, batch in islice(zip(range(config.steps), batches(rows, config.batch, config.seed), strict=False), start, None):
        rate = parts.learning_rate(
            step, config.steps, config.lr, round(config.warmup * config.steps), round(config.decay * config.steps), 0.0
        )
        optim.set_rate(found, rate)
        step_loss, counted = step_gradients(model, batch, config.accumulation, config.balance_weight)
        norm = 0.0
        if counted:
            norm = float(optim.clip(model.parameters(), config.clip or math.inf))
            if not (math.isfinite(step_loss) and math.isfinite(norm)):
                raise TrainingError(f"the loss or its gradient is not a number at step {step + 1} of tuning; lower lr, or look at the data")
            for optimiser in found:
                optimiser.step()
            loss = step_loss
        else:
            left_out += 1
        model.zero_grad(set_to_none=True)
        on_event(TuneStep(step + 1, step_loss, rate, norm, counted))
        if (step + 1) % config.eval_every == 0 or step + 1 == config.steps:
            after = held_out_loss(model, held_rows, config.batch)
            if after is not None:
                on_event(TuneEvaluation(step + 1, after))
        if progress:
            told = {"before": before, "after": after, "loss": loss, "left_out": left_out}
            progress.save(step + 1, config.steps, model, found, told)
    if config.lora_rank:
        lora.merge(model)
    model.eval()
    return TuneResult(config.steps, left_out, loss, before, after)


def tune_folder(
    source: Path,
    out: Path,
    config: TuneConfig,
    *,
    ops: Any = None,
    parts: TuneParts = TuneParts(),
    on_event: Callable[[Any], None] = lambda event: None,
) -> dict[str, Any]:
    """A model folder in, a tuned one out (`out/model`), with `out/metrics.jsonl` beside it. What it gives is for the run's record."""
    from modelwright.forge import fast

    loaded = load_model(source, ops or fast.ops())
    tokenizer = with_tokenizer(loaded.tokenizer, source)
    encoded = encode(
        open_conversations(config.source, config.seed), tokenizer, loaded.config.context + 1, too_long=config.too_long, part=parts.render
    )
    progress = Progress(out, {"settings": dataclasses.asdict(config), "from": model_sha256(source)}, config.save_every)
    with Metrics(out / "metrics.jsonl", on_event, progress.step) as tell:
        result = tune(loaded.model, encoded.examples, config, parts=parts, progress=progress, on_event=tell)
    meta = {**loaded.meta, "stage": "tune", "chat": fingerprint(tokenizer, parts.render)}
    save_model(out / "model", loaded.model, tokenizer, meta)
    progress.clear()
    return {**told(encoded), **dataclasses.asdict(result)}


def told(encoded: Encoded) -> dict[str, int]:
    return {
        "conversations": len(encoded.examples),
        "shortened": encoded.shortened,
        "dropped": encoded.dropped,
        "silent": encoded.silent,
    }


def with_tokenizer(tokenizer: Tokenizer | None, where: Path) -> Tokenizer:
    if tokenizer is None:
        raise ConfigError(f"{where} has no tokenizer.json, so it cannot be talked to; put the tokenizer it was trained with beside it")
    return tokenizer


class Metrics:
    """Events to JSON lines and onwards to whoever watches. Lines up to `keep` steps stay, those of a run that goes on."""

    def __init__(self, file: Path, on_event: Callable[[Any], None], keep: int = 0) -> None:
        self.file, self.on_event, self.keep = file, on_event, keep

    def __enter__(self) -> Callable[[Any], None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        kept = [line for line in read_metrics(self.file.parent) if line["step"] <= self.keep] if self.keep else []
        self._open = self.file.open("w", encoding="utf-8")
        self._open.writelines(json.dumps(line) + "\n" for line in kept)
        return self.tell

    def tell(self, event: Any) -> None:
        try:
            self._open.write(metrics_line(event))
        except OSError as error:
            raise TrainingError(f"{self.file} could not be written ({error.strerror}); free some space and start again") from error
        self.on_event(event)

    def __exit__(self, *_: object) -> None:
        self._open.close()


def parts_of(run: Run) -> TuneParts:
    return TuneParts(
        render=run.parts.get("chat-template").render if "chat-template" in run.parts.mine else render_turns,
        lora=run.parts.get("lora").lora,
        learning_rate=run.parts.training().learning_rate,
    )


def stage(run: Run, values: dict[str, Any]) -> dict[str, Any]:
    """[tune] is a TuneConfig."""
    from modelwright.forge.recipe import settings_of

    config = settings_of(TuneConfig, {"seed": run.recipe.seed, **values}, "tune")
    gave = tune_folder(
        run.place("pretrain") / "model", run.place("tune"), config, ops=run.parts.ops(), parts=parts_of(run), on_event=run.on_event
    )
    if gave["shortened"] or gave["dropped"]:
        run.say(f"  {gave['shortened']} conversations lost their oldest exchanges, {gave['dropped']} were too long and left out")
    return gave
