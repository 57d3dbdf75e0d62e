"""What the mastery model is measured against, and that a file of any format in which such data are handed on can be measured."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"
Answers = list[tuple[str, str, int]]  # exercise, skill, right


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(BENCH)
    import tracing

    return tracing


def class_of_learners() -> dict[str, Answers]:
    """Forty learners of different ability, each a dozen answers, some of them to an exercise of before."""
    rng = np.random.default_rng(5)
    learners: dict[str, Answers] = {}
    for u in range(40):
        ability = rng.normal(0, 1)
        exercises = rng.integers(0, 8, 12)
        learners[f"{100 + u}"] = [
            (f"{k}", f"{k // 3}", int(rng.random() < 1 / (1 + math.exp(0.4 * (int(k) - 4) - ability)))) for k in exercises
        ]
    return learners


def write(folder: Path, format: str) -> Path:
    """The class as a file of this format."""
    learners = class_of_learners()
    path = folder / f"made_{format}.csv"
    if format == "pykt":
        lines = ["fold,uid,questions,concepts,responses"]
        for user, answers in learners.items():
            exercises, skills, rights = (",".join(str(x) for x in column) for column in zip(*answers, strict=True))
            lines.append(f'0,{user},"{exercises}","{skills}","{rights}"')
    elif format == "gervet":
        lines = ["user_id\titem_id\ttimestamp\tcorrect\tskill_id"]
        lines += [f"{user}\t{item}\t0\t{right}\t{skill}" for user, answers in learners.items() for item, skill, right in answers]
    elif format == "akt":
        lines = []
        for user, answers in learners.items():
            lines += [f"{user},{len(answers)}", *(",".join(str(x) for x in column) for column in zip(*answers, strict=True))]
    else:  # the set's own columns, among others that it has; rows not in the order of time, and one that is no answer
        lines = ["studentId,MiddleSchoolId,AveCorrect,skill,problemId,startTime,endTime,correct,hint,Ln-1"]
        for n, (user, answers) in enumerate(learners.items()):
            rows = [
                f"{user},2,0.4,{skill},{item},{1096470301 + 1000 * n + k},{1096470309 + 1000 * n + k},{right},0,0.13"
                for k, (item, skill, right) in enumerate(answers)
            ]
            lines += rows[::-1]
        lines.append("100,2,0.4,0,0,1096470301,1096470309,,0,0.13")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_made_file_of_each_format_is_measured_by_one_command_to_the_same_figures(tmp_path: Path) -> None:
    formats = ["pykt", "gervet", "akt", "assistments2017"]
    command = [arg for format in formats for arg in ("--measure", str(write(tmp_path, format)), "--format", format)]
    done = subprocess.run([sys.executable, BENCH / "tracing.py", *command], capture_output=True, text=True, check=True)
    tables = done.stdout.strip().split("\n\n")
    assert [table.split(":")[0] for table in tables] == [f"made_{format}" for format in formats]
    figures = {table.split("\n", 1)[1] for table in tables}
    assert len(figures) == 1
    rows = figures.pop().splitlines()
    assert [row.split("  ")[0] for row in rows[1:]] == [
        "Elo, nothing fitted",
        "the program's own weights, exercises counted as they come",
        "running mean of the learner, nothing fitted",
        "the program's own weights, exercises unknown",
    ]
    assert all(math.isfinite(float(figure)) for row in rows[1:] for figure in row.split()[-5:])
    assert "40 learners, 480 answers" in tables[0]


def test_elo_moves_both_ratings_by_the_surprise_and_less_with_every_answer(bench) -> None:
    one = [(("s",), "a", 1), (("s",), "a", 0), (("s",), "b", 1)]
    other = [(("s",), "a", 1)]
    first = 0.0
    second = 0.5 - -0.5  # the learner's rating less the exercise's, both moved by 1 - sigmoid(0)
    drop = 1 / (1 + math.exp(-second)) / 1.05
    third = 0.5 - drop
    fourth = -(-0.5 + drop)
    assert bench.elo([one, other]) == pytest.approx([first, second, third, fourth])
    assert bench.elo([other], before=[one]) == pytest.approx([fourth])


def test_elo_rates_skills_where_no_exercise_is_named(bench) -> None:
    twice = [[(("s", "t"), "", 1)], [(("s", "t"), "", 1)], [(("s",), "", 1)]]
    assert bench.elo(twice) == pytest.approx([0.0, 0.5, 0.0])


def test_the_running_mean_knows_only_the_answers_before(bench) -> None:
    learner = [(("s",), "a", right) for right in (1, 1, 0)]
    assert bench.running_mean([learner]) == pytest.approx([0.0, math.log(2), math.log(3)])


def test_a_file_of_another_format_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, "gervet")
    command = [sys.executable, BENCH / "tracing.py", "--measure", str(path), "--format", "assistments2017"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "lacks what the format assistments2017 has (studentId, startTime, problemId, skill, correct): give the --format" in done.stderr
