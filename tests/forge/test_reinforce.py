"""Reinforcement: each term of the objective is what its paper says, and a reward that can be checked goes up."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from modelwright.forge import fast, references, reinforce, rewards
from modelwright.forge.checkpoint import load_model, save_model
from modelwright.forge.config import ModelConfig
from modelwright.forge.conversations import Conversation, encode
from modelwright.forge.engine import Engine
from modelwright.forge.errors import ConfigError, DataError
from modelwright.forge.model import Grok
from modelwright.forge.prefer import token_log_probs
from modelwright.forge.reinforce import ReinforceConfig, ReinforceParts, Rollout, attempt_all, policy_loss, wanted
from modelwright.forge.rewards import Answered, Problem, judge
from modelwright.forge.template import Message
from modelwright.forge.tokenizer import END_THINK, THINK, Tokenizer
from modelwright.forge.tune import TuneConfig, tune

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENIZER = Tokenizer.from_merges([(b"t", b"h"), (b"th", b"e")])
CONFIG = ModelConfig(
    vocab=TOKENIZER.size, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, context=48, experts=4, expert_size=24
)
ASK = Problem((Message("user", "go"),), check=lambda text: sum(c.isdigit() for c in text) / max(6, len(text)))


def model(seed: int = 0) -> Grok:
    torch.manual_seed(seed)
    return Grok(CONFIG, fast.ops())


def forever(problem: Problem):
    while True:
        yield problem


# The objective.

NOW = torch.tensor([[0.5, -1.0, 0.3], [-0.2, 0.1, 0.0]]).log_softmax(-1)
THEN = torch.tensor([[0.1, -0.2, 0.6], [0.3, -0.4, 0.9]]).log_softmax(-1)
MASK = torch.tensor([[True, True, True], [True, False, False]])
ADVANTAGE = torch.tensor([1.0, -2.0])


def objective(**changes) -> ReinforceConfig:
    return ReinforceConfig(**{"normalise": "token", "clip_low": 0.2, "clip_high": 0.28, **changes})


def by_hand(config: ReinforceConfig) -> list[list[float]]:
    """Each counted token's loss, in scalars."""
    rows = []
    for now, then, mask, a in zip(NOW.tolist(), THEN.tolist(), MASK.tolist(), ADVANTAGE.tolist(), strict=True):
        row = []
        for x, y, counted in zip(now, then, mask, strict=True):
            ratio = math.exp(x - y)
            clipped = min(max(ratio, 1 - config.clip_low), 1 + config.clip_high)
            if counted:
                row.append(-min(ratio * a, clipped * a))
        rows.append(row)
    return rows


@pytest.mark.parametrize("normalise", ["sequence", "token", "constant"])
def test_the_loss_is_the_papers_sum_divided_as_it_says(normalise: str):
    config = objective(normalise=normalise, max_tokens=64)
    rows = by_hand(config)
    expected = {
        "sequence": sum(sum(row) / len(row) for row in rows) / 2,
        "token": sum(map(sum, rows)) / 4,
        "constant": sum(map(sum, rows)) / (64 * 2),
    }[normalise]
    assert float(policy_loss(NOW, THEN, ADVANTAGE, MASK, config).loss) == pytest.approx(expected, rel=1e-5)


def test_the_clip_stops_the_gradient_only_where_there_is_more_to_gain():
    now = torch.zeros(1, 4, requires_grad=True)
    then = -torch.tensor([[math.log(1.5), math.log(1.1), math.log(0.5), math.log(1.25)]])  # ratios 1.5, 1.1, 0.5, 1.25
    mask = torch.ones(1, 4, dtype=torch.bool)
    terms = policy_loss(now, then, torch.tensor([1.0]), mask, objective(clip_high=0.28))
    terms.loss.backward()
    assert [g != 0 for g in now.grad[0].tolist()] == [False, True, True, True]
    assert terms.clipped == pytest.approx(0.25)
    narrow = policy_loss(now, then, torch.tensor([1.0]), mask, objective(clip_high=0.2))
    assert narrow.clipped == pytest.approx(0.5)
    worse = policy_loss(now, then, torch.tensor([-1.0]), mask, objective())
    assert worse.clipped == pytest.approx(0.25)  # only what is already unlikely enough


def test_the_first_pass_is_the_plain_policy_gradient():
    now = THEN.clone().requires_grad_()
    terms = policy_loss(now, THEN, ADVANTAGE, MASK, objective())
    terms.loss.backward()
    assert (terms.ratio, terms.clipped) == (1.0, 0.0)
    assert torch.allclose(now.grad, -(ADVANTAGE[:, None] * MASK) / MASK.sum())


def test_the_divergence_estimators_agree_in_the_mean_and_k3_is_never_negative():
    torch.manual_seed(0)
    p, q = torch.randn(2, 50).log_softmax(-1)
    drawn = torch.multinomial(p.exp(), 40_000, replacement=True)
    true = float((p.exp() * (p - q)).sum())
    estimates = {name: reinforce.divergence(p[drawn], q[drawn], name) for name in ("k1", "k3")}
    assert all(float(values.mean()) == pytest.approx(true, rel=0.05) for values in estimates.values())
    assert bool((estimates["k3"] >= 0).all())
    assert bool((estimates["k1"] < 0).any())
    assert float(reinforce.divergence(p, p, "k2").sum()) == 0.0


def test_the_divergence_is_added_with_its_weight():
    free = policy_loss(NOW, THEN, ADVANTAGE, MASK, objective())
    held = policy_loss(NOW, THEN, ADVANTAGE, MASK, objective(kl=0.5), THEN)
    assert float(held.loss - free.loss) == pytest.approx(0.5 * held.kl, rel=1e-4)
    assert held.kl > 0


def test_advantages_sum_to_zero_in_every_group():
    rewards_pg = torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.1, 0.0, 0.0, 0.0]])
    for advantage in (references.advantage, reinforce.centred):
        values = advantage(rewards_pg)
        assert torch.allclose(values.sum(-1), torch.zeros(3), atol=1e-5)
        assert values[1].abs().max() == 0
    assert references.advantage(rewards_pg)[2, 0] > 1  # divided by its deviation
    assert reinforce.centred(rewards_pg)[2, 0] < 0.1


# The loop.


def test_a_checkable_reward_rises_by_a_clear_margin():
    curve: list[Rollout] = []
    config = ReinforceConfig(steps=24, groups=1, group_size=16, max_tokens=6, lr=2e-2, form_weight=0.0, samples=1, seed=1)
    learner = model()
    result = reinforce.reinforce(learner, TOKENIZER, forever(ASK), config, on_event=curve.append)
    assert len(curve) == 24
    assert result.reward_first < 0.25
    assert result.reward_last > result.reward_first + 0.4
    assert result.right_after > result.right_before


def test_the_same_seed_gives_the_same_curve():
    config = ReinforceConfig(steps=2, groups=2, group_size=4, max_tokens=6, samples=2, passes=2, kl=0.01)
    curves: list[list[Rollout]] = [[], []]
    for curve in curves:
        reinforce.reinforce(model(), TOKENIZER, forever(ASK), config, on_event=curve.append)
    assert curves[0] == curves[1]


def test_groups_whose_answers_are_all_as_good_teach_nothing():
    learner = model()
    before = {name: tensor.clone() for name, tensor in learner.state_dict().items()}
    same = Problem((Message("user", "go"),), check=lambda text: 1.0)
    result = reinforce.reinforce(
        learner, TOKENIZER, forever(same), ReinforceConfig(steps=2, groups=2, group_size=2, max_tokens=4, form_weight=0.0)
    )
    assert result.idle == 2
    assert all(torch.equal(before[name], tensor) for name, tensor in learner.state_dict().items())


def test_the_probabilities_of_training_are_those_of_sampling():
    learner = model()
    learner.eval()
    config = ReinforceConfig(max_tokens=6)
    [attempt] = attempt_all(Engine(learner, TOKENIZER), [ASK], [wanted(config, 3)], [False], 0)
    chosen = [i for i, counted in enumerate(attempt.example.mask) if counted]
    with torch.no_grad():
        trained = token_log_probs(learner, torch.tensor([attempt.example.tokens]))[0]
        direct = learner(torch.tensor([attempt.example.tokens])).log_softmax(-1)[0]
    assert chosen
    for i in chosen:
        assert float(trained[i - 1]) == pytest.approx(float(direct[i - 1, attempt.example.tokens[i]]), abs=1e-5)


# Thinking.


def test_thoughts_are_closed_at_the_budget_hidden_from_the_reply_and_counted():
    learner = model()
    learner.eval()
    config = ReinforceConfig(max_tokens=12, think=True, think_budget=5)
    attempts = attempt_all(Engine(learner, TOKENIZER), [ASK] * 6, [wanted(config, i) for i in range(6)], [True] * 6, 5)
    forced = [a for a in attempts if a.thought == 5]
    assert forced
    for attempt in forced:
        tokens, mask = attempt.example.tokens, attempt.example.mask
        at = tokens.index(END_THINK)
        assert tokens[at - 6] == THINK
        assert not mask[at]  # the budget closed it: not the model's choice, so not trained
        assert mask[at - 1]
        assert not attempt.reply.closed
        assert attempt.reply.think == TOKENIZER.decode(tokens[at - 5 : at])
        assert attempt.reply.think not in attempt.reply.text or not attempt.reply.think
        assert attempt.said >= 6


def test_a_model_learns_to_close_its_thoughts_in_time():
    talks = [Conversation((Message("user", "go"), Message("assistant", "1", think="a" * (2 + i % 9)))) for i in range(16)]
    learner = model()
    tune(learner, encode(talks, TOKENIZER, 48).examples, TuneConfig(steps=30, batch=4, lr=1e-2, validation=0.0))
    curve: list[Rollout] = []
    config = ReinforceConfig(
        steps=16, groups=1, group_size=16, max_tokens=12, think=True, think_budget=6, lr=5e-3, form_weight=1.0, samples=0
    )
    nothing = Problem((Message("user", "go"),), check=lambda text: 0.0)
    reinforce.reinforce(learner, TOKENIZER, forever(nothing), config, on_event=curve.append)
    assert sum(r.closed for r in curve[-4:]) / 4 > sum(r.closed for r in curve[:4]) / 4 + 0.2
    assert curve[-1].thought < curve[0].thought


def test_some_problems_get_a_scratchpad_and_the_others_are_answered_at_once(monkeypatch: pytest.MonkeyPatch):
    made = []

    def watched(*given):
        made.extend(attempt_all(*given))
        return made[-len(given[1]) :]

    monkeypatch.setattr(reinforce, "attempt_all", watched)
    config = ReinforceConfig(steps=1, groups=4, group_size=2, max_tokens=8, think=True, think_budget=4, think_share=0.5, samples=0)
    reinforce.reinforce(model(), TOKENIZER, forever(ASK), config)
    assert [attempt.thinking for attempt in made] == [True] * 4 + [False] * 4
    assert [THINK in attempt.example.tokens for attempt in made] == [True] * 4 + [False] * 4
    assert all(attempt.reply.think is None and attempt.reply.closed for attempt in made[4:])  # nothing to close, so well formed
    with pytest.raises(ConfigError, match="think_share is 0"):
        ReinforceConfig(think=True, think_share=0.0)


# Rewards.


@pytest.mark.parametrize(
    ("said", "answer", "expected"),
    [
        ("So 2 + 2 = 4.", "4", 1.0),
        ("1,204", "1204", 1.0),
        ("It is 5", "4", 0.0),
        ("#### 7 and done", "7", 1.0),
        ("no idea", "4", 0.0),
        ("-3", "3", 0.0),
    ],
)
def test_a_number_is_right_or_it_is_not(said: str, answer: str, expected: float):
    judged = judge(Problem((), answer), Answered(said), form_weight=0.1)
    assert judged.right == expected
    assert judged.total == pytest.approx(expected + 0.1)


def test_form_wants_thoughts_closed_a_reply_and_an_end():
    good = Answered("4", "hm", closed=True, finished=True)
    assert rewards.form(good, thinking=True) == 1.0
    for change in ({"closed": False}, {"finished": False}, {"text": " "}, {"think": None}):
        assert rewards.form(Answered(**{**good.__dict__, **change}), thinking=True) == 0.0
    assert rewards.form(Answered("4"), thinking=False) == 1.0


def in_this_machine(script: str, seconds: float) -> str:
    """Only for code that these tests wrote."""
    return subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=20, check=False).stdout


def test_python_is_rewarded_by_the_part_of_its_tests_that_hold():
    run = rewards.from_script_runner(in_this_machine)
    reply = "Here it is:\n```python\ndef add(a, b):\n    print('noise')\n    return a + b\n```\nDone."
    assert rewards.python(reply, ["add(1, 2) == 3", "add(0, 0) == 1", "add() == 0"], run) == pytest.approx(1 / 3)
    assert rewards.python("def f(:\n", ["True"], run) == 0.0
    assert rewards.python("import sys; sys.exit()", ["True"], run) == 0.0


def test_output_that_is_no_judgement_is_no_reward():
    for output in ("", "nonsense", "[true]", "[1, 1]", '{"a": 1}'):
        assert rewards.held_tests(output, 2) == [False, False]
    assert rewards.held_tests("x\n[true, false]\n", 2) == [True, False]


def test_python_is_never_run_without_an_isolated_runner():
    with pytest.raises(ConfigError, match="isolated runner"):
        judge(Problem((), tests=("True",)), Answered("def f(): pass"))
    with pytest.raises(ConfigError, match="isolated runner"):
        next(rewards.open_problems("python", 0))


def test_code_is_found_with_and_without_a_fence():
    assert rewards.code_in("Sure:\ndef f():\n    return 1") == "def f():\n    return 1"
    assert rewards.code_in("```\nx = 1\n```\nand") == "x = 1"


def test_problems_come_from_names_and_files(tmp_path: Path):
    file = tmp_path / "gsm.jsonl"
    file.write_text(json.dumps({"question": "How many?", "answer": "1 + 1 = 2\n#### 2"}) + "\n")
    assert next(rewards.open_problems(str(file), 0)).answer == "2"
    mixed = rewards.open_problems("sums:1+words", 5)
    first = [next(mixed) for _ in range(20)]
    assert all(p.answer for p in first)
    again = rewards.open_problems("sums:1+words", 5)
    assert [next(again) for _ in range(20)] == first
    file.write_text("{}\n")
    with pytest.raises(DataError, match="row 1 needs question and answer"):
        next(rewards.open_problems(str(file), 0))


def test_settings_that_cannot_work_get_one_sentence():
    for values, sentence in (
        ({"group_size": 1}, "group_size is 1"),
        ({"normalise": "words"}, "may be sequence, token, constant"),
        ({"temperature": 0.0}, "must be more than 0"),
        ({"think": True, "think_budget": 64, "max_tokens": 64}, "leaves nothing"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            ReinforceConfig(**values)


def test_a_folder_in_and_a_folder_out_with_samples_before_and_after(tmp_path: Path):
    save_model(tmp_path / "in", model(), TOKENIZER, {})
    config = ReinforceConfig(problems="sums:1", steps=1, groups=1, group_size=2, max_tokens=4, samples=2)
    gave = reinforce.reinforce_folder(tmp_path / "in", tmp_path / "out", config, parts=ReinforceParts())
    assert gave["steps"] == 1
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())
    assert [set(one) >= {"question", "before", "after"} for one in samples] == [True, True]
    assert load_model(tmp_path / "out").meta["stage"] == "reinforce"
