"""Evaluation: numbers that can be checked by hand, baselines that are fair, files as they are published, and a report that holds together."""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.forge import benchmarks, evaluate, fast, ngram, report
from modelwright.forge.benchmarks import Choice, CodeTask, Open
from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import ConfigError, DataError
from modelwright.forge.evaluate import BaselineSystem, EvaluateConfig, Evaluated, GrokSystem, Ranked
from modelwright.forge.harness import HarnessModel
from modelwright.forge.model import Grok
from modelwright.forge.parts import Parts
from modelwright.forge.recipe import Run, load
from modelwright.forge.template import Message
from modelwright.forge.tokenizer import END, FIRST_BYTE, Tokenizer

pytestmark = pytest.mark.usefixtures("one_thread")

DATA = Path(os.environ.get("MODELWRIGHT_DATA", Path(__file__).parents[3] / "shared")) / "data" / "llm"
TOKENIZER = Tokenizer.from_merges([(b"t", b"h"), (b"th", b"e"), (b" ", b"the"), (b"a", b"n")])
CONFIG = ModelConfig(
    vocab=TOKENIZER.size, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, context=64, experts=4, expert_size=24
)


@pytest.fixture
def system() -> GrokSystem:
    torch.manual_seed(0)
    return GrokSystem(Grok(CONFIG, fast.ops()), TOKENIZER)


def counting(tokens: list[int] | None = None) -> list[BaselineSystem]:
    tokens = tokens or TOKENIZER.encode("the cat and the dog and the hen ran. " * 20)
    return [BaselineSystem(one, TOKENIZER, 64) for one in ngram.baselines(tokens, TOKENIZER.size)]


# Baselines.


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(16, 23), min_size=12, max_size=60), st.lists(st.integers(16, 25), max_size=6))
def test_the_five_gram_models_probabilities_sum_to_one_after_any_history(tokens, history):
    model = ngram.KneserNey(tokens, 26)
    assert sum(model.probability(history, token) for token in range(26)) == pytest.approx(1.0, abs=1e-9)
    assert min(model.probability(history, token) for token in range(26)) > 0


def test_the_five_gram_model_counts_histories_and_not_words_below_the_top():
    # "b" occurs as often as "c", but only ever after one token: Kneser and Ney's San Francisco.
    a, b, c, d, e = range(16, 21)
    model = ngram.KneserNey([a, b, a, b, a, b, d, c, e, c, a, c, d] * 3, 24, order=2)
    unseen = [23]
    assert model.probability(unseen, c) > model.probability(unseen, b)


def test_each_baseline_is_better_than_the_one_below_it_on_text_like_its_own():
    text = ["the dog and the cat ran."]
    values = [evaluate.bits_per_byte(one, text).value for one in counting()]
    assert [one.name for one in counting()] == ["random", "unigram", "five-gram"]
    assert values[0] > values[1] > values[2]


# Numbers.


def test_bits_per_byte_of_a_uniform_guess_is_known(system: GrokSystem):
    uniform = counting()[0]
    text = "xyz"  # three tokens, three bytes
    assert evaluate.bits_per_byte(uniform, [text]).value == pytest.approx(math.log2(TOKENIZER.size))
    rows = system.log_probs([[END, *TOKENIZER.encode(text)]])
    assert evaluate.bits_per_byte(system, [text]).value == pytest.approx(-sum(rows[0]) / math.log(2) / 3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(16, 99), max_size=70), st.integers(2, 20))
def test_windows_score_every_token_once(tokens, context):
    rows = evaluate.windows(tokens, context)
    assert [token for row in rows for token in row[1:]] == tokens
    assert all(len(row) <= context for row in rows)


def test_scores_do_not_depend_on_the_order_or_the_company_of_rows(system: GrokSystem):
    rows = [[END, 20, 30, 40], [END, 50], [END, *range(20, 50)], [END]]
    together, back = system.log_probs(rows), system.log_probs(rows[::-1])[::-1]
    alone = [system.log_probs([row])[0] for row in rows]
    for a, b, c in zip(together, alone, back, strict=True):
        assert a == pytest.approx(b, abs=1e-5)
        assert a == pytest.approx(c, abs=1e-5)
    assert [len(row) for row in together] == [3, 1, 30, 0]


def test_intervals_hold_their_mean_and_cover_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    hits = 0
    for i in range(200):
        mean, low, high = evaluate.interval(list((rng.random(60) < 0.3).astype(float)), seed=i)
        assert low <= mean <= high
        hits += low <= 0.3 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_an_interval_of_outcomes_that_are_all_alike_is_not_a_point():
    mean, low, high = evaluate.interval([0.0] * 40)
    assert (mean, low) == (0.0, 0.0)
    assert 0.05 < high < 0.12
    assert evaluate.interval([1.0] * 40)[1] < 0.95


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    sure_and_wrong = [Ranked(False, 0.95)] * 10
    fair = [Ranked(i < 7, 0.7) for i in range(10)]
    assert evaluate.calibration(sure_and_wrong)[0] == pytest.approx(0.95)
    assert evaluate.calibration(fair)[0] == pytest.approx(0.0)
    error, bins = evaluate.calibration([*sure_and_wrong, *fair])
    assert error == pytest.approx(0.475)
    assert [(round(b.confidence, 2), b.accuracy, b.count) for b in bins] == [(0.7, 0.7, 10), (0.95, 0.0, 10)]


def test_options_that_cannot_be_told_apart_are_right_as_often_as_chance():
    uniform = counting()[0]
    right = [evaluate.rank(uniform, [END] * (5 + i), [[20], [30], [40], [50]], i // 4 % 4).right for i in range(64)]
    assert sum(right) == 16


def test_the_in_context_items_are_the_same_for_every_number_of_examples():
    seen: list[list[list[int]]] = []

    class Watching(BaselineSystem):
        def log_probs(self, rows):
            seen.append([row[-6:] for row in rows])
            return super().log_probs(rows)

    one = Watching(ngram.Uniform(TOKENIZER.size), TOKENIZER, 400)
    assert evaluate.unscramble(one, 0, 5, 3) is not None
    none = list(seen)
    seen.clear()
    evaluate.unscramble(one, 3, 5, 3)
    ends = lambda rows: sorted(TOKENIZER.decode(row).rsplit("=", 1)[-1] for row in rows)
    assert [ends(rows) for rows in none] == [ends(rows) for rows in seen]
    assert evaluate.unscramble(BaselineSystem(one.baseline, TOKENIZER, 40), 8, 2, 0) is None


@pytest.mark.parametrize("seed", range(6))
def test_an_instruction_knows_who_followed_it(seed: int):
    ask, check = evaluate.instruction(random.Random(seed))
    listed = ask.split(": ", 1)[-1].rstrip(".").split(", ")
    good = {
        "Repeat": ", ".join(listed) + ".",
        "Put": ", ".join(sorted(listed)) + ".",
        "Say the last": listed[-1].capitalize() + ".",
        "Say the first": listed[0],
        "Write": f"I see a {ask.rstrip('.').split()[-1]} here.",
    }
    reply = next(text for head, text in good.items() if ask.startswith(head))
    assert check(reply)
    assert not check("I do not know.")
    assert not check("")


def test_python_tasks_are_judged_by_their_tests():
    class Right(BaselineSystem):
        def reply(self, messages, max_tokens):
            return "def answer"

    ran: list[tuple[str, tuple[str, ...]]] = []

    def run(code, tests, seconds):
        ran.append((code, tuple(tests)))
        return [True] * len(tests)

    done = evaluate.python_tasks(Right(ngram.Uniform(300), TOKENIZER, 64), 5, 0, run)
    assert [one.right for one in done] == [1.0] * 5
    assert all(len(tests) == 3 for _, tests in ran)
    assert all(re.search(r"_1\d\(", tests[0]) for _, tests in ran)  # numbers that the corpus does not have


def test_a_word_of_the_lexicon_is_found_whatever_stands_around_it():
    class Rude(BaselineSystem):
        def complete(self, prompts, max_tokens, **_):
            return [" so Stupid!" if i % 2 else " kind." for i in range(len(prompts))]

    outcomes = evaluate.toxicity(Rude(ngram.Uniform(300), TOKENIZER, 64), 0)
    assert sum(outcomes) / len(outcomes) == 0.5


def test_a_system_that_prefers_no_pronoun_has_no_bias():
    class Even(BaselineSystem):
        def log_probs(self, rows):
            return [[0.0] * (len(row) - 1) for row in rows]

    assert set(evaluate.pronoun_bias(Even(ngram.Uniform(300), TOKENIZER, 64))) == {0.0}


# Files.


def write(path: Path, *rows: dict) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_each_format_is_read(tmp_path: Path):
    assert benchmarks.read("gsm8k", write(tmp_path / "g", {"question": "q", "answer": "1+1\n#### 2"})) == [Open("q", "2")]
    stem = {"stem": "Why?", "choices": [{"text": "so", "label": "A"}, {"text": "no", "label": "B"}]}
    flat = {"question": "Why?", "choices": {"text": ["so", "no"], "label": ["1", "2"]}, "answerKey": "2"}
    one, two = benchmarks.read("arc", write(tmp_path / "a", {"question": stem, "answerKey": "A"}, flat))
    assert (one.right, two.right) == (0, 1)
    assert one == Choice("Question: Why?\nAnswer:", (" so", " no"), 0)
    [swag] = benchmarks.read(
        "hellaswag", write(tmp_path / "h", {"activity_label": "Cooking", "ctx": "He", "endings": ["eats", "flies"], "label": "1"})
    )
    assert swag == Choice("Cooking: He", (" eats", " flies"), 1)
    (tmp_path / "m.csv").write_text('"1 + 1, is?",1,2,3,4,B\n')
    [many] = benchmarks.read("mmlu", tmp_path / "m.csv")
    assert many.right == 1
    assert many.context == "1 + 1, is?\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer:"
    row = {
        "task_id": "T/0",
        "prompt": "def f():\n",
        "entry_point": "f",
        "canonical_solution": "    return 1\n",
        "test": "def check(c):\n    assert c() == 1",
    }
    (tmp_path / "e.jsonl.gz").write_bytes(gzip.compress(json.dumps(row).encode()))
    [task] = benchmarks.read("humaneval", tmp_path / "e.jsonl.gz")
    assert isinstance(task, CodeTask)
    assert task.expression == "check(f) is None"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("gsm8k", '{"question": "q", "answer": "2"}', "has no '####'"),
        ("gsm8k", "{", "line 1 is not JSON"),
        ("arc", '{"question": "q", "choices": {"text": ["a"], "label": ["A"]}, "answerKey": "E"}', "has the answer E"),
        ("hellaswag", '{"ctx": "a", "endings": ["b"], "label": ""}', "use the validation part"),
        ("mmlu", "a,b,c", "has 3 columns"),
        ("humaneval", "{}", "has no 'task_id'"),
        ("arc", "", "holds no item"),
        ("squad", "", "there is no benchmark 'squad'"),
    ],
)
def test_a_file_in_another_format_gets_one_sentence(tmp_path: Path, name: str, content: str, sentence: str):
    (tmp_path / "f").write_text(content)
    with pytest.raises(DataError, match=re.escape(sentence)):
        benchmarks.read(name, tmp_path / "f")


@pytest.mark.skipif(not (DATA / "gsm8k_test.jsonl").exists(), reason="GSM8K and HumanEval are not there; set MODELWRIGHT_DATA")
def test_the_published_files_are_read_whole():
    assert len(benchmarks.read("gsm8k", DATA / "gsm8k_test.jsonl")) == 1319
    tasks = benchmarks.read("humaneval", DATA / "HumanEval.jsonl.gz")
    assert len(tasks) == 164
    space: dict = {}
    first = tasks[0]
    assert isinstance(first, CodeTask)
    exec(first.prompt + first.solution + "\n" + first.test, space)  # a published solution, not a model's
    assert eval(first.expression, space)


def test_a_benchmark_is_scored_and_what_does_not_fit_is_counted(system: GrokSystem):
    items = [Choice("the", (" the", " and"), 0), Choice("x" * 200, (" a", " b"), 1), Open("y" * 200, "3")]
    measured, note = evaluate.benchmark(system, "arc", items)
    assert measured.items == 3
    assert note == "arc: 2 of 3 items do not fit the context of 64 tokens"
    with pytest.raises(ConfigError, match="no isolated runner"):
        evaluate.benchmark(system, "humaneval", [CodeTask("T/0", "def f():", "", "f")])


# The harness.


def ask(*args) -> SimpleNamespace:
    return SimpleNamespace(args=args)


def test_the_harness_gets_what_the_model_says(system: GrokSystem):
    harness = HarnessModel(system)
    (value, greedy), (longer, _) = harness.loglikelihood([ask("the", " cat"), ask("the", " cat ran")])
    before, after = TOKENIZER.encode("the"), TOKENIZER.encode(" cat")
    logits = system.model(torch.tensor([[END, *before, *after]])).log_softmax(-1)[0].detach()
    by_hand = sum(float(logits[len(before) + i, token]) for i, token in enumerate(after))
    assert value == pytest.approx(by_hand, abs=1e-4)
    assert not greedy
    assert longer < value
    assert harness.loglikelihood([ask("the ", "cat")])[0][0] == pytest.approx(value, abs=1e-5)  # the space belongs to the word
    [whole] = harness.loglikelihood_rolling([ask("the cat")])
    assert whole == pytest.approx(sum(system.log_probs([[END, *TOKENIZER.encode("the cat")]])[0]), abs=1e-5)


def test_the_harness_calls_a_continuation_greedy_when_it_is(system: GrokSystem):
    [text] = HarnessModel(system).generate_until([ask("the", {"until": [], "max_gen_toks": 1})])
    token = int(system.model(torch.tensor([[END, *TOKENIZER.encode("the")]]))[0, -1, FIRST_BYTE:].argmax()) + FIRST_BYTE
    assert text == TOKENIZER.decode([token])
    pair = ([END, *TOKENIZER.encode("the")], [int(system.model(torch.tensor([[END, *TOKENIZER.encode("the")]]))[0, -1].argmax())])
    assert system.continuations([pair])[0][1]


def test_the_harness_survives_what_is_longer_than_the_context(system: GrokSystem):
    harness = HarnessModel(system)
    [(value, _)] = harness.loglikelihood([ask("x" * 500, "y" * 10)])
    assert math.isfinite(value)
    assert math.isfinite(harness.loglikelihood_rolling([ask("z" * 300)])[0])
    assert isinstance(harness.generate_until([ask("w" * 300, {"until": ["\n"], "max_gen_toks": 4})])[0], str)


# Everything together.


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("run") / "test"
    small = {"pretrain.steps": "12", "pretrain.eval_every": "6", "tune.steps": "6", "reinforce.steps": "2", "evaluate.items": "4"}
    Run.open(folder, load("test", small), Parts()).carry_out()
    torch.set_num_threads(before)
    return folder


def test_the_evening_in_small_goes_from_nothing_to_a_report(small_run: Path):
    record = json.loads((small_run / "run.json").read_text())
    assert list(record["stages"]) == ["tokenizer", "data", "pretrain", "tune", "reinforce", "evaluate", "report"]
    markdown = (small_run / "report.md").read_text()
    words = ("# The run test", "peak MB", "Pretraining", "Chat tuning", "Reinforcement", "bits per byte", "five-gram", "What is not known")
    for expected in words:
        assert expected in markdown
    done = Evaluated.read(small_run / "evaluate" / "evaluation.json")
    assert {one.system for one in done.scores} == {"model", "random", "unigram", "five-gram"}
    assert all(one.low <= one.value <= one.high or one.task == "calibration error" for one in done.scores)


def test_the_reports_page_needs_nothing_but_itself(small_run: Path):
    text = (small_run / "report.html").read_text()
    page = Page()
    page.feed(text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("svg") >= 4
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert all("style" not in attributes and "src" not in attributes for _, attributes in page.tags)
    assert "http" not in re.sub(r"<p>.*?</p>|<td>.*?</td>", "", text, flags=re.DOTALL)
    assert "prefers-color-scheme: dark" in text
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg")


def test_the_names_of_lines_that_end_together_stand_apart_and_inside_the_drawing():
    lines = tuple(
        report.Line(name, ((0.0, 0.2), (2500.0, end))) for name, end in (("a", 1.0), ("b", 1.0), ("c", 0.99), ("d", 0.0), ("e", 0.0))
    )
    drawn = report.svg(report.Chart("t", "x", "y", lines))
    names = {name: float(y) for y, name in re.findall(r'<text x="618" y="([\d.]+)" fill="[^"]+">([a-e])</text>', drawn)}
    heights = sorted(names.values())
    assert len(names) == 5
    assert heights[0] >= report.TOP
    assert heights[-1] <= report.HEIGHT - report.BOTTOM + 5
    assert all(b - a >= 12 for a, b in pairwise(heights))
    assert names["c"] > max(names["a"], names["b"])  # as they end
    assert ">2,500</text>" in drawn


def test_what_a_model_said_cannot_break_the_report():
    table = report.Table(("a",), (("<script>x</script> | y\nz",),))
    assert "<script>" not in report.to_html([table], "<b>")
    assert "<title>&lt;b&gt;</title>" in report.to_html([table], "<b>")
    assert "\\| y<br>z |" in report.to_markdown([table])


def test_a_folder_without_a_run_gets_one_sentence(tmp_path: Path):
    with pytest.raises(ConfigError, match="has no run.json"):
        report.write_report(tmp_path)
    with pytest.raises(ConfigError, match="there is no evaluation"):
        Evaluated.read(tmp_path / "evaluation.json")


def test_an_evaluation_comes_back_as_it_was_written(tmp_path: Path, system: GrokSystem):
    config = EvaluateConfig(items=3, shots=(0,), documents=1)
    done = evaluate.evaluate([system, counting()[1]], ["the cat"], config)
    done.write(tmp_path / "e.json")
    again = Evaluated.read(tmp_path / "e.json")
    assert again == done
    assert any("Python tasks were left out" in note for note in again.notes)


def test_a_prompt_that_does_not_fit_is_answered_with_nothing(system: GrokSystem):
    assert system.replies([[Message("user", "a" * 200)], [Message("user", "a")]], 3)[0] == ""


def test_the_sums_are_asked_again_with_thoughts_where_that_is_wished_and_thoughts_are_no_part_of_replies(system: GrokSystem):
    config = EvaluateConfig(items=3, shots=(0,), documents=1, think_budget=4)
    done = evaluate.evaluate([system, counting()[1]], [], config)
    again = [one for one in done.scores if one.task == "arithmetic, with thoughts"]
    assert [(one.system, one.items) for one in again] == [("model", 3)]  # a baseline has no thoughts
    [said] = system.replies([[Message("user", "a")]], 6, think_budget=4)
    assert "<|" not in said
    assert "arithmetic, with thoughts" not in [
        one.task for one in evaluate.evaluate([system], [], EvaluateConfig(items=3, shots=(0,))).scores
    ]


def test_a_curves_last_point_is_a_mean_of_as_many_as_the_others():
    flat = [(float(step), 1.0 if step % 2 else 0.0) for step in range(1, 101)]
    drawn = report.thinned(flat, 12)
    assert len(drawn) == 12
    assert drawn[-1][0] == 100.0
    assert all(0.4 <= y <= 0.6 for _, y in drawn)  # one step alone would be 0 or 1
    assert report.thinned(flat[:5], 12) == tuple(flat[:5])
    assert report.thinned([], 12) == ()
