"""Reinforcement learning with verifiable rewards: let the model answer several times, check each answer, make the better ones likelier.

Group-relative policy optimisation (GRPO: Shao et al. 2024, arXiv 2402.03300) with each of its terms in the open and each choice a switch:

- *ratio*: how much likelier each token is now than when it was sampled (PPO: Schulman et al. 2017, arXiv 1707.06347, eq. 6).
- *clip*: no more gain once the ratio leaves [1 - low, 1 + high] (PPO eq. 7; high above low: DAPO, Yu et al. 2025, arXiv 2503.14476).
- *advantage*: how much better an answer is than its group. `group` divides by the group's deviation (GRPO section 4.1.2), `centred` does
  not (Dr. GRPO: Liu et al. 2025, arXiv 2503.20783).
- *kl*: how far the model has gone from where it started, estimated by k1, k2 or k3 (Schulman, joschu.net/blog/kl-approx.html; GRPO eq. 4
  uses k3). Off unless it has a weight.
- *normalise*: what the sum over tokens is divided by: each answer's own length (`sequence`: GRPO eq. 3), all tokens (`token`: DAPO), or
  a constant (`constant`: Dr. GRPO).
- *drop_even*: leave out groups whose answers are all as good, since they teach nothing (DAPO, which also samples others in their place).

Answers are sampled by `engine.py`, as in serving. A token that the engine forced (the end of thoughts at the budget) was not the model's
choice and is not trained. The probabilities at sampling are computed again by the model that is trained, so the ratio is exactly 1 in the
first pass over a batch; they include the marks that the engine forbids, which tuning has made unlikely.

Shapes: p problems   g answers of a group   b answers (p * g)   t tokens.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from modelwright.forge import optim, references, rewards, template
from modelwright.forge.checkpoint import load_model, model_sha256, save_model
from modelwright.forge.conversations import Example, lay
from modelwright.forge.engine import Engine, Request
from modelwright.forge.errors import ConfigError, TrainingError
from modelwright.forge.fingerprint import fingerprint
from modelwright.forge.generate import SampleOp, Sampling
from modelwright.forge.model import Grok
from modelwright.forge.prefer import token_log_probs
from modelwright.forge.progress import Progress
from modelwright.forge.rewards import Answered, Judged, NumberReward, Problem, RunPython
from modelwright.forge.template import RenderTurns, render_turns
from modelwright.forge.tokenizer import END, END_THINK, TURN, Tokenizer
from modelwright.forge.tune import Metrics, with_tokenizer

if TYPE_CHECKING:
    from modelwright.forge.recipe import Run

Advantage = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class ReinforceConfig:
    """A recipe's [reinforce]."""

    problems: str = "sums"
    """As `rewards.open_problems` takes it."""
    steps: int = 30
    groups: int = 8
    """Problems a step."""
    group_size: int = 8
    """Answers to each."""
    max_tokens: int = 64
    think: bool = False
    """Give the model a scratchpad first."""
    think_budget: int = 48
    think_share: float = 1.0
    """With `think`: the part of a step's problems that get the scratchpad. The others are answered at once, which so stays learned."""
    temperature: float = 1.0
    form_weight: float = 0.1
    passes: int = 1
    """Optimiser steps on each batch of answers; from the second on the ratio is not 1 and the clip acts."""

    advantage: str = "group"
    clip_low: float = 0.2
    clip_high: float = 0.28
    normalise: str = "token"
    kl: float = 0.0
    """How dear it is to leave the model of the start; 0 computes no divergence."""
    kl_estimator: str = "k3"
    drop_even: bool = True

    lr: float = 3e-4
    warmup: float = 0.1
    clip_norm: float = 1.0
    samples: int = 8
    """Problems that are answered, likeliest token by token, before and after."""
    save_every: int = 5
    """Steps between two points that a run which was killed can go on from."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "groups", "group_size", "max_tokens", "passes", "save_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.group_size < 2:
            raise ConfigError("group_size is 1; an answer is judged against others to the same problem, so there must be at least 2")
        for name, allowed in (
            ("advantage", ("group", "centred")),
            ("normalise", ("sequence", "token", "constant")),
            ("kl_estimator", ("k1", "k2", "k3")),
        ):
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} is '{getattr(self, name)}'; it may be {', '.join(allowed)}")
        if not 0 < self.think_share <= 1:
            raise ConfigError(f"think_share is {self.think_share}; it is a part of the problems, more than 0 and at most 1")
        if not self.temperature > 0:
            raise ConfigError(f"temperature is {self.temperature}; answers that are all alike teach nothing, so it must be more than 0")
        if self.think and self.think_budget >= self.max_tokens:
            raise ConfigError(f"a think_budget of {self.think_budget} leaves nothing of {self.max_tokens} tokens for the reply")


# The objective, term by term.


def centred(rewards_pg: Tensor) -> Tensor:
    """Dr. GRPO: without the division, easy and hard problems weigh by how much their answers really differ."""
    return rewards_pg - rewards_pg.mean(-1, keepdim=True)


def divergence(now_bt: Tensor, reference_bt: Tensor, estimator: str) -> Tensor:
    """An estimate of KL(now || reference) from the log-probabilities of one sampled token: (b, t).

    k1 is unbiased and noisy, k2 biased and calm, k3 both unbiased and never negative (Schulman's names).
    """
    log_ratio = reference_bt - now_bt
    if estimator == "k1":
        return -log_ratio
    if estimator == "k2":
        return log_ratio.square() / 2
    return log_ratio.exp() - 1 - log_ratio


class Terms(NamedTuple):
    loss: Tensor
    ratio: float
    """Mean over the tokens."""
    clipped: float
    """Part of the tokens from which the clip took the gradient."""
    kl: float


def policy_loss(
    now_bt: Tensor, sampled_bt: Tensor, advantage_b: Tensor, mask_bt: Tensor, config: ReinforceConfig, reference_bt: Tensor | None = None
) -> Terms:
    """What is minimised. Log-probabilities (b, t) now, at sampling and at the start; the mask says which tokens the model chose."""
    advantage_b1, mask_bt = advantage_b[:, None], mask_bt.float()
    ratio_bt = (now_bt - sampled_bt).exp()
    clipped_bt = ratio_bt.clamp(1 - config.clip_low, 1 + config.clip_high)
    gain_bt = torch.minimum(ratio_bt * advantage_b1, clipped_bt * advantage_b1)
    kl_bt = torch.zeros_like(gain_bt)
    if config.kl and reference_bt is not None:
        kl_bt = divergence(now_bt, reference_bt, config.kl_estimator)
    loss_bt = -(gain_bt - config.kl * kl_bt) * mask_bt

    if config.normalise == "sequence":  # each answer weighs the same, so a long one's tokens weigh less
        loss = (loss_bt.sum(-1) / mask_bt.sum(-1).clamp(min=1)).mean()
    elif config.normalise == "token":  # each token weighs the same
        loss = loss_bt.sum() / mask_bt.sum().clamp(min=1)
    else:  # each token weighs the same, however many there are: no answer gains by being long or short
        loss = loss_bt.sum() / (config.max_tokens * len(loss_bt))
    count = mask_bt.sum().clamp(min=1)
    with torch.no_grad():
        cut_bt = (ratio_bt * advantage_b1 > clipped_bt * advantage_b1).float()
        return Terms(loss, *(float((x * mask_bt).sum() / count) for x in (ratio_bt, cut_bt, kl_bt)))


# Answers.


@dataclass(frozen=True)
class Attempt:
    """One sampled answer, ready to be judged and trained on."""

    example: Example
    """Its mask is true for the tokens that the model chose."""
    reply: Answered
    thinking: bool
    """Whether it was given a scratchpad."""
    thought: int
    """Tokens of the scratchpad."""
    said: int
    """Tokens of the reply, thoughts included."""


def attempt_all(
    engine: Engine,
    problems: Sequence[Problem],
    sampling: Sequence[Sampling],
    thinking: Sequence[bool],
    budget: int,
    part: RenderTurns = render_turns,
) -> list[Attempt]:
    """An answer to each problem, all at once; to some of them with a scratchpad of `budget` tokens."""
    tokenizer = engine.tokenizer
    prompts = [
        template.prompt(problem.messages, tokenizer, think=think, part=part) for problem, think in zip(problems, thinking, strict=True)
    ]
    requests = [
        Request(prompt=prompt, sampling=want, chat=True, thinking=think, think_budget=budget)
        for prompt, want, think in zip(prompts, sampling, thinking, strict=True)
    ]
    replies = [engine.submit(request) for request in requests]
    while not all(reply.done for reply in replies):
        engine.step()
    made = []
    for prompt, want, think, reply in zip(prompts, sampling, thinking, replies, strict=True):
        if reply.error is not None:
            raise reply.error
        tokens = list(reply.tokens)
        thought = tokens.index(END_THINK) if think and END_THINK in tokens else len(tokens) if think else 0
        # The engine keeps one token for what comes after the thoughts.
        forced = think and thought == min(budget, want.max_tokens - 1, engine.runner.limit - len(prompt) - 1)
        finished = reply.ending == "stop"
        chosen = [True] * len(tokens)
        if forced and thought < len(tokens):
            chosen[thought] = False  # the budget closed the thoughts, not the model
        if finished:
            tokens.append(TURN)
            chosen.append(True)
        parsed = template.parse(tokens, tokenizer, think)
        answered = Answered(parsed.text, parsed.think, closed=not think or (not forced and END_THINK in tokens), finished=finished)
        example = Example((*prompt, *tokens), (*[False] * len(prompt), *chosen))
        made.append(Attempt(example, answered, think, thought, len(reply.tokens)))
    return made


@dataclass(frozen=True)
class Rollout:
    """One step, for the curve."""

    step: int
    reward: float
    """Mean of the answers, form included."""
    right: float
    """Mean of the answers, form aside."""
    closed: float
    """Part of the answers that are well formed."""
    tokens: float
    """Mean length."""
    thought: float
    uneven: float
    """Part of the groups whose answers differ in reward: those that teach."""
    ratio: float
    clipped: float
    kl: float
    grad_norm: float
    lr: float


@dataclass(frozen=True)
class Exchange:
    """One problem, before and after."""

    question: str
    answer: str
    before: str
    before_right: float
    after: str
    after_right: float
    before_think: str | None = None
    after_think: str | None = None


@dataclass(frozen=True)
class ReinforceResult:
    steps: int
    reward_first: float
    """Mean over the first fifth of the steps."""
    reward_last: float
    right_before: float
    """Of the samples, answered likeliest token by token."""
    right_after: float
    exchanges: tuple[Exchange, ...]
    idle: int
    """Steps in which every group was even, and nothing was learned."""


@dataclass(frozen=True)
class ReinforceParts:
    """The parts that a learner can replace, and the runner of Python that a room above may give."""

    advantage: Advantage = references.advantage
    number: NumberReward = references.reward
    render: RenderTurns = render_turns
    sampler: SampleOp | None = None
    run: RunPython | None = None


def reinforce(
    model: Grok,
    tokenizer: Tokenizer,
    problems: Iterator[Problem],
    config: ReinforceConfig,
    *,
    parts: ReinforceParts = ReinforceParts(),
    progress: Progress | None = None,
    on_event: Callable[[Any], None] = lambda event: None,
) -> ReinforceResult:
    """Train the model in place."""
    asked = list(itertools.islice(problems, config.samples))  # kept apart: the same stream, never trained on
    before = answer_greedily(model, tokenizer, asked, config, parts)
    reference: Grok | None = None
    if config.kl:
        reference = Grok(model.config, model.ops)
        reference.load_state_dict(model.state_dict())
        reference.eval()
    found = optim.optimisers(model, config.lr, weight_decay=0.0, muon=False)
    told = progress.restore(model, found) if progress else {}  # after what is told of the model at the start
    curve: list[float] = list(told.get("curve", ()))
    idle = told.get("idle", 0)
    for step in range(config.steps):
        if progress and step < progress.step:
            next(itertools.islice(problems, config.groups - 1, None))
            continue
        rate = optim.learning_rate(step, config.steps, config.lr, round(config.warmup * config.steps), config.steps // 4, 0.1)
        optim.set_rate(found, rate)

        # Ask each problem `group_size` times. A new engine, since it prepares the weights that it is given.
        group = [problem for problem in itertools.islice(problems, config.groups) for _ in range(config.group_size)]
        model.eval()
        engine = Engine(model, tokenizer, slots=len(group), sampler=parts.sampler)
        wants = [wanted(config, seed=hash_of(config.seed, step, i)) for i in range(len(group))]
        thinking = [config.think and i < round(config.think_share * config.groups) * config.group_size for i in range(len(group))]
        attempts = attempt_all(engine, group, wants, thinking, config.think_budget, parts.render)
        judged = [judge(problem, attempt, config, parts) for problem, attempt in zip(group, attempts, strict=True)]

        # How much better each is than its group.
        rewards_pg = torch.tensor([one.total for one in judged]).view(-1, config.group_size)
        advantage_pg = (parts.advantage if config.advantage == "group" else centred)(rewards_pg)
        uneven_p = rewards_pg.amax(-1) - rewards_pg.amin(-1) > 1e-9
        keep_b = (uneven_p if config.drop_even else torch.ones_like(uneven_p)).repeat_interleave(config.group_size)
        kept = keep_b.nonzero()[:, 0].tolist()

        terms, norm = Terms(torch.zeros(()), 1.0, 0.0, 0.0), 0.0
        if bool(uneven_p.any()) or (config.kl and kept):
            rows = lay([[attempts[i].example] for i in kept])
            mask_bt, advantage_b = rows.mask_bt[:, 1:], advantage_pg.flatten()[keep_b]
            with torch.no_grad():
                sampled_bt = token_log_probs(model, rows.tokens_bt)
                reference_bt = None if reference is None else token_log_probs(reference, rows.tokens_bt)
            model.train()
            for _ in range(config.passes):
                terms = policy_loss(token_log_probs(model, rows.tokens_bt), sampled_bt, advantage_b, mask_bt, config, reference_bt)
                terms.loss.backward()
                norm = float(optim.clip(model.parameters(), config.clip_norm or math.inf))
                if not (math.isfinite(float(terms.loss.detach())) and math.isfinite(norm)):
                    raise TrainingError(f"the loss or its gradient is not a number at step {step + 1} of reinforcement; lower lr")
                for optimiser in found:
                    optimiser.step()
                model.zero_grad(set_to_none=True)
        else:
            idle += 1
        curve.append(float(rewards_pg.mean()))
        on_event(
            Rollout(
                step + 1, curve[-1], mean([one.right for one in judged]), mean([one.by_name["form"] for one in judged]),
                mean([one.said for one in attempts]), mean([one.thought for one in attempts]), float(uneven_p.float().mean()),
                terms.ratio, terms.clipped, terms.kl, norm, rate,
            )
        )  # fmt: skip
        if progress:
            progress.save(step + 1, config.steps, model, found, {"curve": curve, "idle": idle})
    model.eval()
    after = answer_greedily(model, tokenizer, asked, config, parts)
    exchanges = tuple(
        Exchange(problem.messages[-1].content, problem.answer, b.reply.text, bj.right, a.reply.text, aj.right, b.reply.think, a.reply.think)
        for problem, (b, bj), (a, aj) in zip(asked, before, after, strict=True)
    )
    fifth = max(1, len(curve) // 5)
    return ReinforceResult(
        config.steps, mean(curve[:fifth]), mean(curve[-fifth:]),
        mean([one.right for _, one in before]), mean([one.right for _, one in after]), exchanges, idle,
    )  # fmt: skip


def mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def judge(problem: Problem, attempt: Attempt, config: ReinforceConfig, parts: ReinforceParts) -> Judged:
    return rewards.judge(
        problem, attempt.reply, thinking=attempt.thinking, form_weight=config.form_weight, number=parts.number, run=parts.run
    )


def answer_greedily(
    model: Grok, tokenizer: Tokenizer, problems: Sequence[Problem], config: ReinforceConfig, parts: ReinforceParts
) -> list[tuple[Attempt, Judged]]:
    if not problems:
        return []
    model.eval()
    engine = Engine(model, tokenizer, slots=len(problems), sampler=parts.sampler)
    wants = [wanted(config, seed=0, temperature=0.0)] * len(problems)
    attempts = attempt_all(engine, problems, wants, [config.think] * len(problems), config.think_budget, parts.render)
    return [(attempt, judge(problem, attempt, config, parts)) for problem, attempt in zip(problems, attempts, strict=True)]


def wanted(config: ReinforceConfig, seed: int, temperature: float | None = None) -> Sampling:
    """<|turn|> ends a reply, never <|end|>: tuning has shown the model nothing else."""
    return Sampling(
        temperature=config.temperature if temperature is None else temperature,
        max_tokens=config.max_tokens,
        seed=seed,
        logit_bias={END: -1e9},
    )


def hash_of(seed: int, step: int, i: int) -> int:
    """A seed for answer i of a step."""
    return (seed * 1_000_003 + step) * 1_000_003 + i


# Folders and runs.


def reinforce_folder(
    source: Path,
    out: Path,
    config: ReinforceConfig,
    *,
    ops: Any = None,
    parts: ReinforceParts = ReinforceParts(),
    on_event: Callable[[Any], None] = lambda event: None,
) -> dict[str, Any]:
    """A tuned model folder in; `out/model`, `out/metrics.jsonl` and `out/samples.json` (before and after) out."""
    from modelwright.forge import fast

    loaded = load_model(source, ops or fast.ops())
    tokenizer = with_tokenizer(loaded.tokenizer, source)
    problems = rewards.open_problems(config.problems, config.seed, parts.run)
    progress = Progress(out, {"settings": dataclasses.asdict(config), "from": model_sha256(source)}, config.save_every)
    with Metrics(out / "metrics.jsonl", on_event, progress.step) as tell:
        result = reinforce(loaded.model, tokenizer, problems, config, parts=parts, progress=progress, on_event=tell)
    exchanges = [dataclasses.asdict(one) for one in result.exchanges]
    (out / "samples.json").write_text(json.dumps(exchanges, indent=1, ensure_ascii=False), encoding="utf-8")
    save_model(out / "model", loaded.model, tokenizer, {**loaded.meta, "stage": "reinforce", "chat": fingerprint(tokenizer, parts.render)})
    progress.clear()
    gave = dataclasses.asdict(result)
    del gave["exchanges"]
    return gave


def stage(run: Run, values: dict[str, Any]) -> dict[str, Any]:
    """[reinforce] is a ReinforceConfig. A room above may give `run_python` in the run's extras."""
    from modelwright.forge.recipe import settings_of
    from modelwright.forge.tune import parts_of

    config = settings_of(ReinforceConfig, {"seed": run.recipe.seed, **values}, "reinforce")
    source = next((run.place(name) / "model" for name in ("prefer", "tune", "pretrain") if run.done(name)), run.place("tune") / "model")
    parts = ReinforceParts(
        advantage=run.parts.get("advantage").advantage,
        number=run.parts.get("reward").reward,
        render=parts_of(run).render,
        sampler=run.parts.get("sampler").sample if "sampler" in run.parts.mine else None,
        run=run.extras.get("run_python"),
    )
    return reinforce_folder(source, run.place("reinforce"), config, ops=run.parts.ops(), parts=parts, on_event=run.on_event)
