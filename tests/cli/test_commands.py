"""What the command line promises to people and to scripts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum as tiny
from modelwright.studio import Studio

SRC = Path(__file__).parents[2] / "src"
HEAVY = ("torch", "numpy", "sympy", "sqlalchemy", "fastapi", "uvicorn", "matplotlib", "pytest", "fsrs", "yaml", "msgspec")


def imported(words: list[str], environment: dict[str, str]) -> set[str]:
    """The packages that a command has imported when it ends."""
    script = (
        "import sys, json\nfrom modelwright.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], env=environment, capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("words", [["--help"], ["check", "--help"], ["start", "--help"], ["journal", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str], environment: dict[str, str]) -> None:
    assert imported(words, environment).isdisjoint(HEAVY)


def test_importing_the_package_imports_nothing_but_itself_and_python(environment: dict[str, str]) -> None:
    script = "import sys, modelwright as mw; mw.__version__; print({n.split('.')[0] for n in sys.modules} - sys.stdlib_module_names)"
    done = subprocess.run([sys.executable, "-S", "-c", script], env=environment | {"PYTHONPATH": str(SRC)}, capture_output=True, text=True)
    assert done.stdout.strip() in ("{'modelwright', '__main__'}", "{'__main__', 'modelwright'}", "{'modelwright'}"), done


def test_help_names_every_command_and_shows_examples(run) -> None:
    words = run("--help").out
    for command in [
        "start",
        "enrol",
        "today",
        "next",
        "lesson",
        "problem",
        "lab",
        "check",
        "watch",
        "review",
        "read",
        "plan",
        "status",
        "forecast",
        "goals",
        "hint",
        "solution",
        "reset",
        "doctor",
        "journal",
        "course",
        "forge",
    ]:
        assert f" {command} " in words, command
    assert "Example" in run("check", "--help").out
    assert "Example" in run("journal", "export", "--help").out
    assert "validate" in run("course", "--help").out


def test_piped_output_has_no_colours_and_stands_on_whole_lines(enrolled) -> None:
    steps = json.loads(enrolled("today", "--json").out)["steps"]
    lines = [line.strip() for line in enrolled("today").out.splitlines()]
    assert all(step["reason"] in lines for step in steps), "a reason is one line, however long"
    for words in (["plan"], ["plan", "tiny-maths"], ["check", "softmax"], ["doctor"]):
        out = enrolled(*words).out
        assert "\x1b" not in out, words
        assert out.strip()


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["today"], "steps"), (["next"], "reason"), (["plan"], "stages"), (["plan", "tiny-maths"], "skills"), (["status"], "hours_done"),
        (["forecast"], "finish"), (["goals"], "hours_per_week"), (["read", "small-numbers"], "chapters"),
    ],
)  # fmt: skip
def test_a_script_gets_json(enrolled, words: list[str], key: str) -> None:
    assert key in json.loads(enrolled(*words, "--json").out)


def test_check_as_json_is_the_verdict_and_leaves_with_its_status(enrolled, home: Path) -> None:
    ran = enrolled("check", "softmax", "--json")
    verdict = json.loads(ran.out)
    assert (ran.code, verdict["schema"], verdict["status"], verdict["total"]) == (1, 1, "failed", 3)
    (home / "workshop" / "labs" / "tiny_maths" / "softmax.py").write_text(tiny.SOLUTION)
    ran = enrolled("check", "softmax", "--json")
    assert (ran.code, json.loads(ran.out)["status"]) == (0, "passed")


def test_a_file_elsewhere_is_graded_and_the_workshops_own_is_left_alone(enrolled, home: Path, tmp_path: Path) -> None:
    enrolled("lab", "softmax")
    mine = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    mine.write_text("# my own beginning\n")
    elsewhere = tmp_path / "softmax.py"
    elsewhere.write_text(tiny.SOLUTION)
    ran = enrolled("check", str(elsewhere))
    assert ran.code == 0, ran
    assert "left as it is" in ran.out
    assert mine.read_text() == "# my own beginning\n"


def test_debug_runs_the_checks_in_one_process_so_that_prints_are_seen(enrolled, home: Path) -> None:
    enrolled("lab", "softmax")
    file = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    file.write_text(tiny.SOLUTION.replace("    e =", "    print('here', x.shape)\n    e ="))
    ran = enrolled("check", "softmax", "--debug")
    assert ran.code == 0, ran
    assert "here (1, 2)" in ran.out


def test_the_curriculum_may_be_named_before_or_after_the_command(run, curriculum_folder: Path) -> None:
    for words in (["--curriculum", str(curriculum_folder), "plan"], ["plan", "--curriculum", str(curriculum_folder)]):
        assert "Tiny maths" in run(*words, env={"MODELWRIGHT_CURRICULUM": ""}).out


def test_the_solution_is_not_given_away_and_reset_asks_first(enrolled, home: Path) -> None:
    enrolled("lab", "softmax")
    file = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    file.write_text("# an hour of work\n")
    assert enrolled("solution", "softmax").code == 1
    assert "shift" not in enrolled("solution", "softmax").out
    assert "np.exp" in enrolled("solution", "softmax", "--yes").out
    assert enrolled("reset", "softmax").code == 1
    assert file.read_text() == "# an hour of work\n"
    ran = enrolled("reset", "softmax", "--yes")
    assert ran.code == 0
    assert file.read_text() == tiny.STARTER
    shown = ran.out.split("git ", 1)[1].split()
    kept = subprocess.run(["git", *shown], capture_output=True, text=True, check=True).stdout
    assert kept == "# an hour of work\n"


def test_the_journal_goes_out_and_comes_back_as_it_was(enrolled, tmp_path: Path) -> None:
    enrolled("read", "small-numbers", "1")
    file = tmp_path / "journal.jsonl"
    assert enrolled("journal", "export", str(file)).code == 0
    other = {"MODELWRIGHT_HOME": str(tmp_path / "other")}
    assert "2 events added" in enrolled("journal", "import", str(file), env=other).out
    assert "0 events added, 2 were there already" in enrolled("journal", "import", str(file), env=other).out
    assert enrolled("read", "small-numbers", "--json", env=other).out == enrolled("read", "small-numbers", "--json").out
    assert enrolled("journal", "verify", env=other).code == 0
    assert enrolled("journal", "export", "-").out == enrolled("journal", "export").out == file.read_text()


def test_cards_can_be_reviewed_through_a_pipe(enrolled, home: Path, curriculum_folder: Path) -> None:
    assert "No card is due" in enrolled("review").out
    from modelwright.studio import Studio

    with Studio.open(home, curriculum_folder) as studio:
        studio.finish_lesson(tiny.LESSON)
    ran = enrolled("review", input="\n4\n\n4\nq\n")
    assert ran.code == 0
    assert "2 cards reviewed, 1 to go." in ran.out


def test_completion_offers_lab_names(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "modelwright"],
        env=environment | {"_MODELWRIGHT_COMPLETE": "complete_bash", "COMP_WORDS": "modelwright check tiny", "COMP_CWORD": "2"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "tiny-maths/softmax" in done.stdout.split()


def test_the_doctor_says_what_is_wrong_and_what_to_do(enrolled, home: Path) -> None:
    well = enrolled("doctor")
    assert well.code == 0, well
    for line in ("python", "packages", "fold", "isolation", "git", "home", "disk", "journal", "curriculum"):
        assert line in well.out
    (home / "journal.db").write_bytes(b"this is no database, but it is long enough to be looked at" * 40)
    for extra in home.glob("journal.db-*"):
        extra.unlink()
    ill = enrolled("doctor")
    assert ill.code == 1
    assert "✗ journal" in ill.out
    assert "✓ curriculum" in ill.out, "what works is still said"


# The server


@pytest.fixture
def port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


def wait_for(process: subprocess.Popen[str], url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            assert fetch(url)[0] == 200
            return
        except OSError:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
    raise AssertionError("the studio did not come up")


def test_start_says_where_it_is_serves_and_stops_cleanly(enrolled, environment: dict[str, str], port: int, home: Path) -> None:
    command = [sys.executable, "-m", "modelwright", "start", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(process, f"http://127.0.0.1:{port}/")
        again = enrolled("start", env={"PORT": str(port)})
        assert again.code == 1
        assert "Modelwright is running there already" in again.err
        # The terminal works on the same home at the same time, and the page shows what it did.
        assert enrolled("read", "small-numbers", "1").code == 0
        assert '"chapters_done":1' in fetch(f"http://127.0.0.1:{port}/api/modules/tiny-maths")[1]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
    assert out.splitlines()[0] == f"Modelwright is at http://127.0.0.1:{port}  (Ctrl-C stops it)"
    assert "Traceback" not in err
    assert process.returncode == 0
    assert not (home / "run" / "server.json").exists()


def test_it_listens_on_this_machine_alone(enrolled, environment: dict[str, str], port: int) -> None:
    command = [sys.executable, "-m", "modelwright", "start"]
    process = subprocess.Popen(command, env=environment | {"PORT": str(port)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(process, f"http://127.0.0.1:{port}/")
        import psutil

        addresses = {c.laddr.ip for c in psutil.Process(process.pid).net_connections(kind="inet") if c.status == psutil.CONN_LISTEN}
        assert addresses == {"127.0.0.1"}
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert os.path.exists(environment["MODELWRIGHT_HOME"])


def test_something_else_is_done_anyway_or_put_off_by_a_command(enrolled: Any) -> None:
    first = json.loads(enrolled("next", "--json").out)["target"]
    asked = enrolled("next", "--why-not", tiny.LAB)
    assert f"modelwright next --anyway {tiny.LAB}" in asked.out
    done = enrolled("next", "--anyway", "softmax")
    assert "It stands first this evening" in done.out
    assert "You chose it." in done.out
    assert "It comes no sooner than tomorrow" in enrolled("next", "--not-tonight", first).out
    today = enrolled("today").out
    assert "Not tonight:" in today
    assert enrolled("next", "--not-tonight", "no/such-thing").code != 0


def test_a_rating_is_taken_back_and_a_card_suspended_in_the_terminal(enrolled: Any, home: Path, curriculum_folder: Path) -> None:
    with Studio.open(home, curriculum_folder) as studio:
        studio.finish_lesson(tiny.LESSON, 600, ["", ""])
    ran = enrolled("review", input="\n4\nu\nx\n\n4\nq\n")
    assert "taken back:" in ran.out
    assert "suspended;" in ran.out
    assert "1 card reviewed, 1 to go." in ran.out
    name = enrolled("review", "--suspended").out.partition(":")[0]
    assert name.startswith("tiny-maths/")
    assert "is asked again" in enrolled("review", "--resume", name).out
    assert "No card is suspended" in enrolled("review", "--suspended").out


def test_a_lesson_without_a_name_is_the_next_one_that_was_not_read(enrolled: Any, home: Path, curriculum_folder: Path) -> None:
    with Studio.open(home, curriculum_folder) as studio:
        lessons = list(studio.curriculum.lessons)
        assert studio.unread_lesson() == lessons[0]
        for lesson in lessons:
            studio.finish_lesson(lesson, 600, ["", ""])
        assert studio.unread_lesson() is None
        assert all(step.kind != "lesson" for step in studio.today(60).steps if not step.done)
    done = enrolled("lesson")
    assert done.code == 1
    assert "You have finished every lesson" in done.err


def test_a_syntax_error_is_told_once(enrolled: Any, home: Path) -> None:
    enrolled("lab", "softmax")
    file = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    file.write_text("import numpy as np\n\n\ndef softmax(x)\n    return x\n")
    said = enrolled("check", "softmax").out
    assert "Your file is not Python yet: expected ':'." in said
    assert said.count("expected ':'") == 1
    assert said.count("line 4") == 2  # where, and in front of the line itself
    assert "SyntaxError" not in said
