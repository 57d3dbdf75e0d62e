"""The fold as machine code: the same bytes as Python's own, never older than the source, and never needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from course import course
from histories import Diary, histories
from hypothesis import Phase, given, settings

from modelwright.journal.events import Event
from modelwright.learner import compiled, compiling

COURSE = course()
NEEDS_COMPILED = pytest.mark.skipif(not compiled.found(), reason="nothing is compiled here: make install says why")
FOLD_ALL = """
import hashlib, sys
import msgspec
from course import course
from modelwright.journal.events import Event
from modelwright.learner import State, fold, fsrs
print(fsrs.__file__)
for history in msgspec.json.decode(open(sys.argv[1], "rb").read(), type=list[list[Event]]):
    whole = fold(course(), history).canonical()
    half = State.restore(fold(course(), history[: len(history) // 2]).canonical())
    print(hashlib.sha256(whole).hexdigest(), fold(course(), history[len(history) // 2 :], half).canonical() == whole)
"""


def folded(where: Path, **environment: str) -> list[str]:
    """The file that FSRS came from, then a line for each history."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), **environment}
    run = subprocess.run([sys.executable, "-c", FOLD_ALL, str(where)], capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@NEEDS_COMPILED
def test_compiled_or_not_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    found: list[list[Event]] = []

    @settings(max_examples=150, deadline=None, phases=(Phase.generate,), database=None)
    @given(history=histories(COURSE))
    def collect(history: list[Event]) -> None:
        found.append(history)

    collect()
    diary = Diary(COURSE)
    for evening in range(60):
        diary.wait(1 + evening % 3).follow(success=0.7)
    found.append(diary.events)
    file = tmp_path / "histories.json"
    file.write_bytes(msgspec.json.encode(found))
    with_it, without = folded(file), folded(file, MODELWRIGHT_NATIVE="0")
    assert with_it[0].endswith(compiled.SUFFIX)
    assert without[0].endswith(".py")
    assert with_it[1:] == without[1:]
    assert len(with_it) == len(found) + 1
    assert all(line.endswith(" True") for line in with_it[1:])


@NEEDS_COMPILED
def test_what_was_compiled_of_another_text_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in compiled.MODULES:
        (tmp_path / f"{name}.py").write_bytes((compiled.HERE / f"{name}.py").read_bytes())
    made = compiled.place()
    monkeypatch.setattr(compiled, "HERE", tmp_path)
    assert compiled.place().name == made.name
    (tmp_path / "fsrs.py").write_text((tmp_path / "fsrs.py").read_text() + "\n")
    assert compiled.place().name != made.name
    assert compiled.found() == []


def test_a_library_that_cannot_be_loaded_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compiled, "place", lambda: tmp_path)
    (tmp_path / f"some__mypyc{compiled.SUFFIX}").write_bytes(b"\x7fELF, but cut off")
    assert compiled.found() == []


def test_where_it_cannot_be_compiled_it_says_why_and_python_folds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MODELWRIGHT_NATIVE", raising=False)
    monkeypatch.setattr(compiling, "place", lambda: tmp_path / "made" / "new")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compiling.compile_modules().startswith("There is no C compiler: Python folds the journal")
    compiler = tmp_path / "cc"
    compiler.touch(mode=0o755)
    monkeypatch.setattr(compiling.sysconfig, "get_path", lambda _: str(tmp_path))
    assert compiling.compile_modules().startswith("There is a C compiler, but not the headers of Python")
    monkeypatch.setenv("MODELWRIGHT_NATIVE", "0")
    assert compiling.compile_modules().startswith("MODELWRIGHT_NATIVE is 0")
    assert not (tmp_path / "made").exists()


def test_a_failure_to_compile_is_no_error_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MODELWRIGHT_NATIVE", raising=False)
    (tmp_path / "Python.h").touch()
    (tmp_path / "cc").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(compiling.sysconfig, "get_path", lambda _: str(tmp_path))
    (tmp_path / "fsrs.py").write_text("def half(x: int) -> int:\n    return 'no number'\n")
    for module in (compiled, compiling):
        monkeypatch.setattr(module, "HERE", tmp_path)
        monkeypatch.setattr(module, "MODULES", ("fsrs",))
    said = compiling.compile_modules()
    assert said.startswith("The fold could not be compiled (")
    assert "Incompatible return value" in said
    assert said.endswith("Python folds the journal, in about twice the time of compiled code.")
    assert not list((tmp_path / ".made").iterdir())
