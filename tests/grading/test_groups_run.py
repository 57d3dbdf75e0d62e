"""What is installed when it is needed works in the isolated runner, within a lab's limits; and what is not installed is said, not stumbled on."""

from __future__ import annotations

import contextlib
import importlib
import textwrap
from collections.abc import Callable
from dataclasses import replace

import pytest

from modelwright.curriculum.models import Lab
from modelwright.grading import Cell, Grader, Sessions, Verdict
from modelwright.groups import NotInstalled, catalogue, lacking

# A function of each group's libraries, as a lab would ask for it, and what it must give.
USES = {
    "keras": (
        ("torch", "keras"),
        """
        import keras
        import numpy as np

        def f():
            keras.utils.set_random_seed(0)
            model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
            model.compile(optimizer="sgd", loss="mse")
            x = np.array([[0.0, 1.0], [1.0, 0.0]])
            before = model.evaluate(x, x.sum(1), verbose=0)
            model.fit(x, x.sum(1), epochs=5, verbose=0)
            return [keras.backend.backend(), bool(model.evaluate(x, x.sum(1), verbose=0) < before)]
        """,
        ["torch", True],
    ),
    "nlp": (
        ("nlp",),
        """
        import spacy
        from nltk.stem import PorterStemmer

        def f():
            words = [token.text for token in spacy.blank("en")("Don't stop reading!")]
            return [words, PorterStemmer().stem("reading")]
        """,
        [["Do", "n't", "stop", "reading", "!"], "read"],
    ),
    "data": (
        ("data",),
        """
        import duckdb
        import polars as pl
        import pyarrow as pa

        def f():
            table = pl.DataFrame({"key": ["a", "b", "a"], "value": [1, 2, 3]})
            summed = table.group_by("key").agg(pl.col("value").sum()).sort("key").rows()
            arrow = pa.table({"value": [1, 2, 3]})
            return [[list(row) for row in summed], duckdb.sql("select sum(value)::int from arrow").fetchall()[0][0]]
        """,
        [[["a", 4], ["b", 2]], 6],
    ),
    "distributed": (
        ("numpy", "distributed"),
        """
        import dask.array as da
        import dask.dataframe as dd
        import pandas as pd

        def f():
            x = da.ones((1000, 1000), chunks=(250, 250))
            table = dd.from_pandas(pd.DataFrame({"key": [1, 2, 1], "value": [1.0, 2.0, 3.0]}), npartitions=2)
            summed = table.groupby("key")["value"].sum().compute(scheduler="sync")
            return [float((x + x.T).sum().compute(scheduler="threads")), summed.to_dict()[1]]
        """,
        [2_000_000.0, 4.0],
    ),
    "rl": (
        ("numpy", "rl"),
        """
        import gymnasium

        def f():
            world = gymnasium.make("CartPole-v1")
            start, _ = world.reset(seed=0)
            steps = 0
            over = False
            while not over:
                _, _, ended, cut, _ = world.step(0)
                steps, over = steps + 1, ended or cut
            return [start.shape[0], 5 < steps < 15]
        """,
        [4, True],
    ),
    "finetuning": (
        ("torch", "finetuning"),
        """
        import torch
        from peft import LoraConfig, get_peft_model

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.first = torch.nn.Linear(8, 8)

            def forward(self, x):
                return self.first(x)

        def f():
            tuned = get_peft_model(Net(), LoraConfig(r=2, target_modules=["first"]))
            return sum(p.numel() for p in tuned.parameters() if p.requires_grad)
        """,
        32,
    ),
    "kernels": (
        ("torch", "kernels"),
        """
        import torch
        import triton
        import triton.language as tl

        @triton.jit
        def add(x, y, out, n, BLOCK: tl.constexpr):
            places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
            inside = places < n
            tl.store(out + places, tl.load(x + places, inside) + tl.load(y + places, inside), inside)

        def f():
            x, out = torch.arange(10.0), torch.zeros(10)
            add[(3,)](x, x, out, 10, BLOCK=4)
            return out.tolist()
        """,
        [2.0 * i for i in range(10)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("group", USES)
def test_a_labs_file_uses_a_group_inside_the_cage(group: str, grader: Grader, make_lab: Callable[..., Lab]) -> None:
    if sentence := lacking([group], "this test"):
        pytest.skip(sentence)
    needs, source, wanted = USES[group]
    checks = f"def test_it_works(learner, reference):\n    assert learner.f() == {wanted!r}\n    assert reference.f() == {wanted!r}\n"
    lab = make_lab(checks, source, needs=needs, seconds=60, memory_mb=2000)
    verdict = grader.grade(lab, textwrap.dedent(source).encode())
    assert verdict.status == "passed", (verdict.message, verdict.checks)


@pytest.fixture
def lacking_lab(make_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab that needs what no environment has: a group whose import cannot be found."""
    known = {**catalogue().groups}
    known["keras"] = replace(known["keras"], imports=("not_to_be_found",))
    monkeypatch.setattr(importlib.import_module("modelwright.groups.catalogue"), "known", lambda: known)
    return make_lab("def test_f(learner):\n    assert learner.f() == 1\n", needs=("numpy", "keras"))


def test_a_lab_whose_needs_are_not_here_is_not_judged_and_says_what_to_do(lacking_lab: Lab, grader: Grader) -> None:
    with pytest.raises(
        NotInstalled, match=r"Keras, which this lab needs, is not installed\. `modelwright prepare keras` installs what is missing"
    ):
        grader.grade(lacking_lab, b"def f():\n    return 1\n")
    with contextlib.closing(Sessions(grader)) as sessions, pytest.raises(NotInstalled):
        sessions.run("a-page", [Cell("block 1", "1 + 1")], needs=("keras",))


def test_what_a_group_must_find_in_the_environment_is_there_and_nothing_else_is(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    from modelwright.groups import environment_of

    assert environment_of(["keras", "numpy"]) == {"KERAS_BACKEND": "torch"}
    checks = "def test_f(learner):\n    assert learner.f('KERAS_BACKEND') is None\n    assert learner.f('SECRET_OF_MINE') is None\n"
    source = "import os\n\ndef f(name):\n    return os.environ.get(name)\n"
    verdict: Verdict = grader.grade(make_lab(checks), source.encode())
    assert verdict.status == "passed"
