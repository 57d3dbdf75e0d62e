"""Direct preference optimisation: of two answers to one question, make the better one likelier (Rafailov et al. 2023, arXiv 2305.18290).

There is no reward model and nothing is sampled. The loss (their eq. 7) is -log sigmoid(beta * (how much likelier the chosen answer became
than it was under the frozen reference, minus the same of the rejected one)). The reference is the model as it was at the start; its
log-probabilities are computed once, before the first step, so that it need not be kept.

Shapes: b answers   t tokens   v vocabulary.
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from modelwright.forge import optim, references, template
from modelwright.forge.checkpoint import load_model, model_sha256, save_model
from modelwright.forge.conversations import Example, Rows, check_mask, lay, read_messages
from modelwright.forge.data.lines import json_list_or_rows
from modelwright.forge.errors import ConfigError, DataError, TrainingError
from modelwright.forge.fingerprint import fingerprint
from modelwright.forge.model import Grok
from modelwright.forge.progress import Progress
from modelwright.forge.template import Message, RenderTurns, render_turns
from modelwright.forge.tokenizer import Tokenizer
from modelwright.forge.tune import Metrics, with_tokenizer

if TYPE_CHECKING:
    from modelwright.forge.recipe import Run

DpoLoss = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]


class Preference(NamedTuple):
    messages: tuple[Message, ...]
    """What came before, a user's turn last."""
    chosen: str
    rejected: str


@dataclass(frozen=True, kw_only=True)
class PreferConfig:
    """A recipe's [prefer]."""

    source: str = "primer:400"
    """`primer:N`, or JSON lines with `messages` (or `prompt`), `chosen` and `rejected`."""
    steps: int = 40
    batch: int = 8
    """Pairs a step."""
    beta: float = 0.1
    """How dear it is to leave the reference."""
    lr: float = 1e-4
    warmup: float = 0.1
    clip: float = 1.0
    save_every: int = 25
    """Steps between two points that a run which was killed can go on from."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "save_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if not self.beta > 0:
            raise ConfigError(f"beta is {self.beta}; it must be more than 0, or the reference means nothing")


@dataclass(frozen=True)
class PreferStep:
    step: int
    loss: float
    margin: float
    """Mean of what the sigmoid is given: 0 at the start."""
    preferred: float
    """Part of the pairs whose margin is above 0."""


@dataclass(frozen=True)
class PreferResult:
    pairs: int
    dropped: int
    """Pairs that do not fit the context."""
    first_loss: float
    last_loss: float
    preferred: float


def token_log_probs(model: Grok, tokens_bt: Tensor) -> Tensor:
    """Of each token after the first, its log-probability given those before: (b, t - 1), float32. Padding stands on the right."""
    hidden_btm, _ = model.body(tokens_bt[:, :-1], packed=True)  # no one before the padding can see it
    logits_btv = model.unembed(hidden_btm)
    return -F.cross_entropy(logits_btv.flatten(0, 1), tokens_bt[:, 1:].flatten(), reduction="none").view(tokens_bt.shape[0], -1)


def answer_log_probs(model: Grok, rows: Rows) -> Tensor:
    """The log-probability of what the assistant says in each row, summed over its tokens: (b,)."""
    return (token_log_probs(model, rows.tokens_bt) * rows.mask_bt[:, 1:]).sum(-1)


def render_pair(pair: Preference, tokenizer: Tokenizer, part: RenderTurns = render_turns) -> tuple[Example, Example]:
    """Both answers after the same conversation. Only the last turn counts, whatever the assistant said before."""
    before = len(template.prompt(pair.messages, tokenizer, part=part))
    made = []
    for answer in (pair.chosen, pair.rejected):
        rendered = template.render([*pair.messages, Message("assistant", answer)], tokenizer, part=part)
        mask = tuple(counted and i >= before for i, counted in enumerate(rendered.mask))
        made.append(Example(tuple(rendered.tokens), mask))
        check_mask(made[-1], f"the answer '{answer[:40]}'")
    return made[0], made[1]


def prefer(
    model: Grok,
    pairs: Sequence[tuple[Example, Example]],
    config: PreferConfig,
    *,
    loss_part: DpoLoss = references.dpo_loss,
    progress: Progress | None = None,
    on_event: Callable[[Any], None] = lambda event: None,
) -> PreferResult:
    """Train the model in place on (chosen, rejected) pairs."""
    fits = [pair for pair in pairs if max(len(one.tokens) for one in pair) <= model.config.context]
    if not fits:
        raise DataError(f"none of {len(pairs)} pairs fits the context of {model.config.context} tokens")

    def both(some: Any) -> Any:
        return lay([[one] for one in (*(chosen for chosen, _ in some), *(rejected for _, rejected in some))])

    model.eval()
    with torch.no_grad():
        parts = [answer_log_probs(model, both(fits[i : i + 16])).chunk(2) for i in range(0, len(fits), 16)]
    ref_chosen_p, ref_rejected_p = (torch.cat([part[side] for part in parts]) for side in (0, 1))
    found = optim.optimisers(model, config.lr, weight_decay=0.0, muon=False)
    rng = np.random.default_rng(config.seed)
    model.train()
    kept = progress.restore(model, found) if progress else {}  # after the reference, which is the model at the start
    first, loss_value = kept.get("first", math.nan), kept.get("last", math.nan)
    for step in range(config.steps):
        chosen_of = torch.from_numpy(rng.choice(len(fits), size=min(config.batch, len(fits)), replace=False))
        if progress and step < progress.step:
            continue
        optim.set_rate(found, optim.learning_rate(step, config.steps, config.lr, round(config.warmup * config.steps), config.steps // 2))
        chosen_b, rejected_b = answer_log_probs(model, both([fits[i] for i in chosen_of.tolist()])).chunk(2)
        reference = ref_chosen_p[chosen_of], ref_rejected_p[chosen_of]
        loss = loss_part(chosen_b, rejected_b, *reference, config.beta)
        loss.backward()
        norm = float(optim.clip(model.parameters(), config.clip or math.inf))
        loss_value = float(loss.detach())
        if not (math.isfinite(loss_value) and math.isfinite(norm)):
            raise TrainingError(f"the loss or its gradient is not a number at step {step + 1} of tuning on preferences; lower lr")
        for optimiser in found:
            optimiser.step()
        model.zero_grad(set_to_none=True)
        margin_b = config.beta * ((chosen_b - reference[0]) - (rejected_b - reference[1])).detach()
        first = loss_value if step == 0 else first
        on_event(PreferStep(step + 1, loss_value, float(margin_b.mean()), float((margin_b > 0).float().mean())))
        if progress:
            progress.save(step + 1, config.steps, model, found, {"first": first, "last": loss_value})
    model.eval()
    with torch.no_grad():
        now = [answer_log_probs(model, both(fits[i : i + 16])).chunk(2) for i in range(0, len(fits), 16)]
    margin_p = torch.cat([c for c, _ in now]) - ref_chosen_p - torch.cat([r for _, r in now]) + ref_rejected_p
    return PreferResult(len(fits), len(pairs) - len(fits), first, loss_value, float((margin_p > 0).float().mean()))


# Pairs.


def open_preferences(source: str, seed: int = 0) -> list[Preference]:
    name, _, count = source.partition(":")
    if name == "primer":
        return list(primer(int(count) if count.isdigit() else 400, seed))
    path = Path(source)
    if not path.exists():
        raise DataError(f"there are no preferences at {path}; give primer:N or a file")
    found = [from_row(row, f"{path}, row {number}") for number, row in json_list_or_rows(path)]
    if not found:
        raise DataError(f"{path} holds no preference")
    return found


def from_row(row: Any, where: str) -> Preference:
    """A pair of answers after a conversation. The answers are texts, or whole conversations that differ in their last message."""
    if not isinstance(row, dict) or "chosen" not in row or "rejected" not in row:
        raise DataError(f"{where} needs messages or prompt, and chosen and rejected")
    given = row["messages"] if row.get("messages") is not None else row.get("prompt")
    messages = (Message("user", given),) if isinstance(given, str) else () if given is None else read_messages(given, where)
    (before, chosen), (also_before, rejected) = (_answer(row[key], f"{where}, {key}") for key in ("chosen", "rejected"))
    if before and also_before and before != also_before:
        raise DataError(f"{where} has a chosen and a rejected answer to different conversations; they must answer the same one")
    before = before or also_before
    if before and messages and before[-len(messages) :] != messages:
        raise DataError(f"{where} has answers to another conversation than its prompt; leave the prompt out, or make them agree")
    messages = before or messages
    if not messages:
        raise DataError(f"{where} needs messages or prompt, and chosen and rejected")
    if messages[-1].role not in ("user", "tool"):
        raise DataError(f"{where} has a conversation that ends with the {messages[-1].role}; a user's turn must come before the answers")
    return Preference(messages, chosen, rejected)


def _answer(value: Any, where: str) -> tuple[tuple[Message, ...], str]:
    """What an answer says, and the messages before it where it is given with them."""
    if isinstance(value, str):
        before, text = list[Message](), value
    else:
        if not isinstance(value, list):
            raise DataError(f"{where} is {json.dumps(value)[:40]}; a text, or a list of messages, is wanted")
        *before, last = read_messages(value, where)
        if last.role != "assistant" or last.calls or last.think is not None:
            raise DataError(f"{where} must end with what the assistant says, without calls or thoughts")
        text = last.content
    if not text.strip():
        raise DataError(f"{where} is empty; there is nothing to prefer")
    return tuple(before), text


def primer(count: int, seed: int) -> Iterator[Preference]:
    """A fact of the primer's world against one of the same kind that is not true of what was asked; a sum against one that is off."""
    from modelwright.forge.data import primer as world

    rng = random.Random(f"preferences/{seed}")
    facts = world.facts()
    sums = world.sums(count, seed + 2)
    for _ in range(count):
        if rng.random() < 0.5:
            fact = rng.choice(facts)
            others = [other.answer for other in rng.sample(facts, 24) if other.answer != fact.answer]
            yield Preference((Message("user", fact.question),), fact.answer, rng.choice(others))
        else:
            made = next(sums)
            right = str(made.answer)
            head, _, tail = made.steps.rpartition(right)
            wrong = f"{head}{made.answer + rng.choice((-10, -1, 1, 2, 10))}{tail}"
            yield Preference((Message("user", made.question),), made.steps, wrong)


def prefer_folder(
    source: Path,
    out: Path,
    config: PreferConfig,
    *,
    ops: Any = None,
    loss_part: DpoLoss = references.dpo_loss,
    render: RenderTurns = render_turns,
    on_event: Callable[[Any], None] = lambda event: None,
) -> dict[str, Any]:
    """A tuned model folder in, `out/model` out, with `out/metrics.jsonl` beside it."""
    from modelwright.forge import fast

    loaded = load_model(source, ops or fast.ops())
    tokenizer = with_tokenizer(loaded.tokenizer, source)
    pairs = [render_pair(pair, tokenizer, render) for pair in open_preferences(config.source, config.seed)]
    progress = Progress(out, {"settings": dataclasses.asdict(config), "from": model_sha256(source)}, config.save_every)
    with Metrics(out / "metrics.jsonl", on_event, progress.step) as tell:
        result = prefer(loaded.model, pairs, config, loss_part=loss_part, progress=progress, on_event=tell)
    save_model(out / "model", loaded.model, tokenizer, {**loaded.meta, "stage": "prefer", "chat": fingerprint(tokenizer, render)})
    progress.clear()
    return dataclasses.asdict(result)


def stage(run: Run, values: dict[str, Any]) -> dict[str, Any]:
    """[prefer] is a PreferConfig."""
    from modelwright.forge.recipe import settings_of
    from modelwright.forge.tune import parts_of

    config = settings_of(PreferConfig, {"seed": run.recipe.seed, **values}, "prefer")
    loss_part = run.parts.get("dpo").dpo_loss
    return prefer_folder(
        run.place("tune") / "model", run.place("prefer"), config,
        ops=run.parts.ops(), loss_part=loss_part, render=parts_of(run).render, on_event=run.on_event,
    )  # fmt: skip
