"""What running finds in a lesson's holes and explores: each fault is one sentence with its file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import running_lesson
from modelwright.curriculum import load
from modelwright.curriculum.frames import draw_frames, explores_of, frames_folder
from modelwright.curriculum.lesson_blocks import Faded
from modelwright.curriculum.models import Lesson
from modelwright.grading import Grader, Sessions
from modelwright.studio.lesson_proof import idle_fillings, prove_explores, prove_faded

Change = Callable[..., Lesson]


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with Grader() as grader:
        opened = Sessions(grader)
        yield opened
        opened.close()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return running_lesson.build(tmp_path)


@pytest.fixture
def change(course: Path) -> Change:
    """The lesson with a part of its text replaced."""

    def go(old: str = "", new: str = "") -> Lesson:
        path = next(course.rglob("steps.md"))
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return load(course).lessons[running_lesson.LESSON]

    return go


def line_of(lesson: Lesson, what: str) -> int:
    return next(n for n, line in enumerate(lesson.path.read_text(encoding="utf-8").splitlines(), 1) if line.startswith(what))


COMPARE = '  - "newton_step(lambda x: 4 * x, lambda x: 4.0, 3.0)"\n  - "newton_step(lambda x: 6 * x - 6, lambda x: 6.0, 5.0)"'


def test_a_hole_that_matters_is_left_alone(change: Change, sessions: Sessions) -> None:
    assert list(prove_faded(change(), sessions)) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (COMPARE, '  - "newton_step(lambda x: 0, lambda x: 4.0, 3.0)"', "the hole makes no difference: with '0' in it"),
        (COMPARE, '  - "np.random.rand()"', "is worth something else each time"),
        (COMPARE, '  - "nothing(3)"', "name 'nothing' is not defined"),
        ("fill: 1 / curvature(x)", "fill: 1 / curve(x)", "name 'curve' is not defined"),
    ],
)
def test_a_hole_that_proves_nothing_is_refused(change: Change, sessions: Sessions, old: str, new: str, words: str) -> None:
    lesson = change(old, new)
    (finding,) = prove_faded(lesson, sessions)
    assert words in finding.message
    assert (finding.file, finding.line) == (lesson.path, line_of(lesson, "```faded"))
    assert finding.mend


@pytest.mark.parametrize(
    ("code", "fill", "idle"),
    [
        ("def f(x):\n    return ____\n", "g(x, 2)", {"0", "1", "None", "x", "2"}),
        ("for a in b:\n    ____\n", "total = total + a", {"pass", "", "total = 0", "total = 1", "total = total", "total = a"}),
        ("x = ____\n", "(a - b) / c", {"0", "a - b", "c", "a", "b"}),
        ("____\n    print(1)\n", "while x < 3:", {"pass", ""}),
    ],
)
def test_a_hole_is_tried_with_what_stands_for_not_having_understood(code: str, fill: str, idle: set[str]) -> None:
    faded = Faded(id="a", ask="?", code=code, fill=fill, compare=("x",), hints=("a", "b"))
    assert idle <= set(idle_fillings(faded))
    assert fill not in idle_fillings(faded)


def test_every_frame_is_drawn_with_its_sentence_and_is_kept_for_the_next_time(change: Change, course: Path) -> None:
    lesson, folder = change(), frames_folder(course)
    drawn: list[tuple[int, int]] = []
    assert draw_frames(lesson, folder, first=True, on_frame=lambda explore, index: drawn.append((explore.number, index))) == []
    assert sorted(drawn) == [(1, 0), (2, 0)]
    assert list(prove_explores(lesson, folder)) == []
    one, two = explores_of(lesson)
    assert [frame.said for frame in two.frames(folder) if frame] == [f"Two bars, of height {a} and {b}." for a in (1, 2, 3) for b in (1, 2)]
    assert all(frame and "<svg" in frame.svg and 'stroke="currentColor"' in frame.svg for frame in one.frames(folder))
    drawn.clear()
    draw_frames(lesson, folder, on_frame=lambda explore, index: drawn.append((explore.number, index)))
    assert drawn == []


def test_an_explore_that_uses_only_imports_is_not_drawn_again_when_the_lessons_numbers_change(change: Change) -> None:
    before = [explore.key for explore in explores_of(change())]
    assert [explore.key for explore in explores_of(change("x, eta = 3.0, 0.2", "x, eta = 3.0, 0.25"))] == before
    assert [explore.key for explore in explores_of(change("plt.xlim(-6, 6)", "plt.xlim(-7, 7)"))] != before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("of height {a} and {b}.", "of height {a} and {b / (a - 2)}.", "draw(a=2, b=1): it raises ZeroDivisionError"),
        ('    return f"Two bars', '    if a == 3: return None\n    return f"Two bars', "draw(a=3, b=1): it returns no sentence"),
        ("of height {a} and {b}.", "of height {a} and {b}." + "x" * 300, "draw(a=1, b=1) says 32"),
        ('    plt.bar(["a", "b"], [a, b])', "    import os; os._exit(1)", "its process ended"),
        ('VALUES = {"a": [1, 2, 3], "b": [1, 2]}', 'VALUES = {"a": [1, 2, 3], "b": [1, 2]}\n1 / 0', "ZeroDivisionError"),
    ],
)
def test_an_explore_that_fails_for_a_single_value_is_refused(change: Change, course: Path, old: str, new: str, words: str) -> None:
    lesson = change(old, new)
    (finding,) = prove_explores(lesson, frames_folder(course))
    assert words in finding.message
    second = [n for n, line in enumerate(lesson.path.read_text(encoding="utf-8").splitlines(), 1) if line == "```explore"][1]
    assert (finding.file, finding.line) == (lesson.path, second)


def test_a_drawing_that_never_ends_is_ended(change: Change, course: Path) -> None:
    lesson = change('    plt.bar(["a", "b"], [a, b])', "    while True: pass")
    assert draw_frames(lesson, frames_folder(course), seconds=4) == ["drawing took more than 4 seconds"]
