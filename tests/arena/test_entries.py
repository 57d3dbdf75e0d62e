"""What may be handed in, and what each bad entry is told: one sentence, and nothing of this side given away."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from modelwright.arena import EntryError, Material, Predictions, leaked, read_predictions, run_program, score
from modelwright.arena.entering import LARGEST, form_of
from modelwright.curriculum.models import Competition
from modelwright.grading import Grader

SHIPPED = Path(__file__).parents[2] / "curriculum" / "competitions"


def as_csv(drawn: Material, values: object = 0.5, header: str = "id,heads") -> str:
    return header + "\n" + "".join(f"{id},{values}\n" for id in drawn.ids)


@pytest.fixture
def run(coins: Competition, drawn: Material, grader: Grader):
    def run(source: str, name: str = "mine.py") -> Predictions:
        return run_program(coins, drawn, name, source.encode(), grader.grade)

    return run


# CSVs


def test_a_csv_is_read_in_any_order_of_rows_and_columns(coins: Competition, drawn: Material) -> None:
    plain = read_predictions(coins, drawn, "a.csv", as_csv(drawn).encode())
    rows = [f"{0.25 if id % 2 else 0.75},{id}" for id in drawn.ids]
    turned = read_predictions(coins, drawn, "a.csv", ("\ufeffheads, id\r\n" + "\r\n".join(reversed(rows)) + "\r\n\r\n").encode())
    assert set(plain.values) == {0.5}
    np.testing.assert_array_equal(turned.values, np.where(drawn.ids % 2, 0.25, 0.75))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.replace("id,heads", "id,tails"), "should be id,heads; it has id, tails"),
        (lambda t: t.replace("200,0.5\n", ""), "misses 1 of the 600 ids: 200"),
        (lambda t: t + "9000,0.5\n", "1 ids that are not in test.csv: 9000"),
        (lambda t: t + "200,0.5\n", "id 200 comes twice"),
        (lambda t: t.replace("200,0.5", "200,nan"), "Line 2 of a.csv predicts nan; every prediction must be a finite number"),
        (lambda t: t.replace("200,0.5", "200,1e400"), "must be a finite number"),
        (lambda t: t.replace("200,0.5", "200,heads"), "'heads', which is not a number"),
        (lambda t: t.replace("200,0.5", "200,1.5"), "lie outside 0 to 1; the first is 1.5, for id 200"),
        (lambda t: t.replace("200,0.5", "200.5,0.5"), "'200.5', which is not a whole number"),
        (lambda t: t.replace("200,0.5", "200,0.5,1"), "Line 2 of a.csv has 3 columns"),
        (lambda t: "", "it has nothing"),
        (lambda t: t.replace("200,0.5", '200,"0.5'), ""),
    ],
)
def test_a_bad_csv_is_told_in_one_sentence_what_is_wrong(coins: Competition, drawn: Material, change: object, told: str) -> None:
    with pytest.raises(EntryError) as caught:
        read_predictions(coins, drawn, "a.csv", change(as_csv(drawn)).encode())  # type: ignore[operator]
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "is empty"),
        ("a.pkl", pickle.dumps([1]), "is a pickle"),
        ("a.csv", pickle.dumps([1]), "is a pickle"),
        ("a.zip", b"PK\x03\x04", "an archive"),
        ("a.txt", b"id,heads\n", "is a .csv, a .py or an .ipynb"),
        ("a.csv", b"x" * (LARGEST + 1), "at most 20 MB"),
    ],
)
def test_what_is_no_entry_is_refused_by_its_looks(name: str, content: bytes, told: str) -> None:
    with pytest.raises(EntryError, match=told):
        form_of(name, content)


# Programs


def test_a_program_predicts_from_the_tables_and_what_it_prints_is_kept(run, coins: Competition, drawn: Material) -> None:
    came = run("def predict(train, test):\n    print('rows', len(train))\n    return 1 / (1 + 2.718 ** (-1.5 * test['bend']))\n")
    assert score(coins, drawn, came.values, public=True).value < 0.6
    assert "rows 200" in came.printed


def test_a_notebook_runs_from_top_to_bottom_and_writes_its_submission(run) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Coins"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import pandas as pd\n", "test = pd.read_csv('test.csv')"]},
        {"cell_type": "code", "source": "test.assign(heads=0.5)[['id', 'heads']].to_csv('submission.csv', index=False)"},
    ]
    came = run(json.dumps({"cells": cells, "nbformat": 4}), "mine.ipynb")
    assert set(came.values) == {0.5}


def test_a_notebook_that_does_not_run_from_top_to_bottom_says_the_cell_and_line(run) -> None:
    cells = [
        {"cell_type": "code", "source": "a = 1"},
        {"cell_type": "code", "source": "\nprint(later)"},
        {"cell_type": "code", "source": "later = 1"},
    ]
    with pytest.raises(EntryError, match=r"mine.ipynb failed in cell 2, line 2: .*NameError"):
        run(json.dumps({"cells": cells}), "mine.ipynb")
    with pytest.raises(EntryError, match=r"Cell 1 of mine.ipynb uses '!pip install x'"):
        run(json.dumps({"cells": [{"cell_type": "code", "source": "!pip install x"}]}), "mine.ipynb")
    with pytest.raises(EntryError, match="is not a notebook that can be read"):
        run("{}", "mine.ipynb")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def predict(train, test)\n    return 1\n", "Python cannot read mine.py in line 1"),
        ("def predict(train, test):\n    return test['no such column']\n", "mine.py failed in line 2: .*KeyError"),
        ("x = 1\n", "neither defines predict"),
        ("def predict(train, test):\n    return [0.5]\n", "returned 1 values for 600 rows"),
        ("def predict(train, test):\n    return [float('nan')] * len(test)\n", "returned nan for row 0"),
        ("def predict(train, test):\n    return [2] * len(test)\n", "lie outside 0 to 1"),
        ("def predict(train, test):\n    return ['a'] * len(test)\n", "ValueError"),
        ("def predict(train, test):\n    import os; os._exit(0)\n", "failed: .*An entry has 10 seconds of processor time and 500 MB"),
        ("def predict(train, test):\n    while True: pass\n", "An entry has 10 seconds"),
    ],
)
def test_a_program_that_fails_is_told_where_and_why(run, source: str, told: str) -> None:
    with pytest.raises(EntryError, match=told):
        run(source)


HOSTILE = {
    "reads data.py": (
        f"def predict(train, test):\n    open({str(SHIPPED / 'failing-pumps' / 'data.py')!r}).read()\n    return [0.5] * len(test)\n"
    ),
    "imports the arena": "def predict(train, test):\n    import modelwright.arena\n    return [0.5] * len(test)\n",
    "walks up the frames": (
        "import sys\n\ndef predict(train, test):\n    frame, seen = sys._getframe(), []\n    while frame:\n"
        "        seen += [v for v in frame.f_locals.values() if getattr(v, 'truth', None) is not None]\n        frame = frame.f_back\n"
        "    assert seen, 'no labels in any frame'\n    return seen[0].truth\n"
    ),
    "looks for them in every object": (
        "import gc\n\ndef predict(train, test):\n    found = [o for o in gc.get_objects() if type(o).__name__ in ('Material', 'Competition')]\n"
        "    assert found, 'no material anywhere'\n    return found[0].truth\n"
    ),
    "reads the environment": (
        "import os\n\ndef predict(train, test):\n    assert [v for v in os.environ.values() if 'competition' in v.lower() or 'home' in v.lower()], 'nothing'\n"
        "    return [0.5] * len(test)\n"
    ),
    "writes the answer's file itself": (
        "import glob, os\n\ndef predict(train, test):\n    found = glob.glob('/tmp/modelwright-entry-*') + glob.glob('../modelwright-entry-*')\n"
        "    assert found, 'no folder of the other side'\n    return [0.5] * len(test)\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", HOSTILE)
def test_no_program_reaches_the_labels(run, attack: str) -> None:
    with pytest.raises(EntryError):
        run(HOSTILE[attack])


def test_an_entry_that_has_the_labels_is_found_out_and_an_honest_one_is_not(coins: Competition, drawn: Material) -> None:
    assert drawn.ideal is not None
    assert "has seen labels" in leaked(coins, drawn, np.clip(drawn.truth, 0.01, 0.99))
    half = np.where(drawn.ids % 2, np.clip(drawn.truth, 0.05, 0.95), drawn.ideal)
    assert "has seen labels" in leaked(coins, drawn, half)
    assert leaked(coins, drawn, drawn.ideal) == ""
    assert leaked(coins, drawn, np.full(len(drawn.ids), 0.5)) == ""


def test_a_metric_without_a_value_on_the_entry_says_so(coins: Competition, drawn: Material) -> None:
    from modelwright.arena.scoring import Undefined

    metric = coins.metric.model_copy(update={"name": "mean_squared_log_error", "title": "log error"})
    with pytest.raises(Undefined, match="log error has no value on this entry"):
        score(coins.model_copy(update={"metric": metric}), drawn, np.full(len(drawn.ids), -2.0), public=True)
