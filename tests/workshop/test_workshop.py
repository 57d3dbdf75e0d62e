"""The learner's folder: nothing of theirs is ever overwritten unasked, each pass is kept, and git is used politely."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelwright.curriculum.models import Lab
from modelwright.workshop import Changed, Git, NoGit, NotAFile, Workshop, WorkshopError

STARTER = b"def double(x):\n    raise NotImplementedError\n"
VERDICT = SimpleNamespace(passed=3, total=3)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    folder = tmp_path / "curriculum" / "double-it"
    folder.mkdir(parents=True)
    (folder / "starter.py").write_bytes(STARTER)
    hints = ("one", "two", "three")
    return Lab(
        id="tiny-maths/double-it", title="Double it", skills=("tiny-maths/doubling",), difficulty=1, minutes=20, hints=hints, folder=folder
    )


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    workshop = Workshop(tmp_path / "workshop", author="Ada Lovelace")
    assert workshop.create() == ""
    return workshop


def git(workshop: Workshop, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=workshop.folder, capture_output=True, text=True, check=True).stdout


def test_it_begins_as_a_repository_with_a_readme_under_the_learners_name(workshop: Workshop) -> None:
    assert git(workshop, "log", "--format=%an: %s").strip() == "Ada Lovelace: Begin the workshop"
    assert "Ada Lovelace's workshop" in (workshop.folder / "README.md").read_text()
    assert git(workshop, "status", "--porcelain") == ""


def test_the_file_of_a_lab_can_be_imported(workshop: Workshop, lab: Lab) -> None:
    workshop.ensure(lab)
    assert workshop.path(lab) == workshop.folder / "labs" / "tiny_maths" / "double_it.py"
    assert workshop.read(lab) == STARTER


def test_the_starter_is_written_once_and_never_over_the_learners_text(workshop: Workshop, lab: Lab) -> None:
    workshop.ensure(lab).write_text("mine\n")
    workshop.ensure(lab)
    workshop.create()
    assert workshop.read(lab) == b"mine\n"


def test_a_pass_is_committed_with_only_that_file(workshop: Workshop, lab: Lab) -> None:
    workshop.write(lab, b"def double(x):\n    return 2 * x\n")
    (workshop.folder / "notes.txt").write_text("unfinished")
    git(workshop, "add", "notes.txt")
    commit = workshop.commit_pass(lab, VERDICT)
    assert commit is not None
    assert commit.message == "Pass Double it (3 of 3 checks)"
    assert git(workshop, "show", "--name-only", "--format=%an", "HEAD").split() == ["Ada", "Lovelace", "labs/tiny_maths/double_it.py"]
    assert git(workshop, "status", "--porcelain").split() == ["A", "notes.txt"], "what the learner had staged stays staged"


def test_the_same_text_passing_twice_makes_one_commit(workshop: Workshop, lab: Lab) -> None:
    workshop.write(lab, b"x = 1\n")
    assert workshop.commit_pass(lab, VERDICT) is not None
    assert workshop.commit_pass(lab, VERDICT) is None
    assert len(workshop.history(lab)) == 1


def test_reset_puts_the_starter_back_and_keeps_what_was_there(workshop: Workshop, lab: Lab) -> None:
    workshop.write(lab, b"hours of work\n")
    assert "history" in workshop.reset(lab)
    assert workshop.read(lab) == STARTER
    (kept,) = workshop.history(lab)
    assert git(workshop, "show", f"{kept.id}:{lab.file}") == "hours of work\n"


def test_reset_of_an_untouched_lab_keeps_nothing(workshop: Workshop, lab: Lab) -> None:
    workshop.ensure(lab)
    assert workshop.reset(lab) == ""
    assert workshop.history(lab) == ()


def test_a_save_over_a_file_that_changed_meanwhile_is_refused(workshop: Workshop, lab: Lab) -> None:
    seen = workshop.write(lab, b"as the page read it\n")
    workshop.path(lab).write_bytes(b"saved by the editor\n")
    with pytest.raises(Changed, match="was not overwritten"):
        workshop.write(lab, b"from the page\n", expected_sha=seen)
    assert workshop.read(lab) == b"saved by the editor\n"


def test_the_diff_goes_from_the_starter_to_the_learners_file(workshop: Workshop, lab: Lab) -> None:
    workshop.ensure(lab)
    assert workshop.diff_to_starter(lab) == ""
    workshop.write(lab, STARTER.replace(b"raise NotImplementedError", b"return x + x"))
    diff = workshop.diff_to_starter(lab)
    assert "-    raise NotImplementedError\n+    return x + x\n" in diff
    assert "+++ labs/tiny_maths/double_it.py" in diff


def test_the_users_own_git_configuration_is_read_and_never_written(workshop: Workshop, lab: Lab, tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    text = "[user]\n\tname = Somebody Else\n\temail = ada@example.org\n[commit]\n\tgpgSign = true\n"
    config.write_text(text)
    workshop.write(lab, b"x = 1\n")
    assert workshop.commit_pass(lab, VERDICT) is not None
    assert git(workshop, "log", "-1", "--format=%an <%ae>").strip() == "Ada Lovelace <ada@example.org>"
    assert config.read_text() == text


def test_git_variables_of_an_outer_repository_do_not_lead_astray(
    workshop: Workshop, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=outer, check=True)
    monkeypatch.setenv("GIT_DIR", str(outer / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(outer / ".git" / "index"))
    workshop.write(lab, b"x = 1\n")
    assert workshop.commit_pass(lab, VERDICT) is not None
    monkeypatch.undo()
    assert "Pass Double it" in git(workshop, "log", "-1", "--format=%s")


def test_a_workshop_inside_another_repository_gets_its_own(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    workshop = Workshop(tmp_path / "workshop", author="Ada")
    workshop.create()
    assert (workshop.folder / ".git").is_dir()


@pytest.fixture
def without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Git, "installed", staticmethod(lambda: None))


def test_without_git_everything_but_the_history_works(tmp_path: Path, lab: Lab, without_git: None) -> None:
    workshop = Workshop(tmp_path / "workshop", author="Ada")
    assert "Install git" in workshop.create()
    workshop.write(lab, b"mine\n")
    with pytest.raises(NoGit, match="Git is not installed"):
        workshop.commit_pass(lab, VERDICT)
    kept = workshop.reset(lab)
    assert workshop.read(lab) == STARTER
    assert (workshop.folder / kept.removeprefix("in ")).read_bytes() == b"mine\n"
    assert workshop.history(lab) == ()


def test_a_repository_is_begun_once_git_is_there(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    workshop = Workshop(tmp_path / "workshop", author="Ada")
    with monkeypatch.context() as patch:
        patch.setattr(Git, "installed", staticmethod(lambda: None))
        workshop.create()
    workshop.write(lab, b"x = 1\n")
    assert workshop.commit_pass(lab, VERDICT) is not None
    assert len(workshop.history(lab)) == 1


def test_two_faces_committing_at_once_lose_no_pass(workshop: Workshop, lab: Lab) -> None:
    others = [lab.model_copy(update={"id": f"tiny-maths/lab-{i}", "title": f"Lab {i}"}) for i in range(6)]
    for other in others:
        workshop.write(other, b"x = 1\n")
    threads = [threading.Thread(target=Workshop(workshop.folder, "Ada").commit_pass, args=(other, VERDICT)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(workshop.history(other) for other in others)


def test_a_full_disk_leaves_the_file_as_it_was(workshop: Workshop, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.write(lab, b"before\n")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkshopError, match="is full"):
        workshop.write(lab, b"after\n")
    assert workshop.read(lab) == b"before\n"
    assert [p.name for p in workshop.path(lab).parent.iterdir()] == ["double_it.py"], "no half-written file is left lying about"


def test_a_linked_file_stays_a_link(workshop: Workshop, lab: Lab, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.py"
    real.write_text("old\n")
    workshop.path(lab).parent.mkdir(parents=True)
    workshop.path(lab).symlink_to(real)
    workshop.write(lab, b"new\n")
    assert workshop.path(lab).is_symlink()
    assert real.read_text() == "new\n"


# What lies there may be anything


def odd_files(path: Path, tmp_path: Path) -> dict[str, Callable[[], object]]:
    """What a folder can hold in a file's place, by its name."""
    big = tmp_path / "big"

    def sparse() -> None:
        with open(path, "wb") as file:
            file.truncate(5 << 30)

    def linked_sparse() -> None:
        with open(big, "wb") as file:
            file.truncate(5 << 30)
        path.symlink_to(big)

    return {
        "a pipe": lambda: os.mkfifo(path),
        "a device": lambda: path.symlink_to("/dev/zero"),
        "a terminal": lambda: path.symlink_to("/dev/ptmx"),
        "a link to itself": lambda: path.symlink_to(path),
        "a folder": lambda: (path / "inside").mkdir(parents=True),
        "a sparse file": sparse,
        "a link to a sparse file": linked_sparse,
    }


ODD = ["a pipe", "a device", "a terminal", "a link to itself", "a folder", "a sparse file", "a link to a sparse file"]


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_refused_at_once_and_left(workshop: Workshop, lab: Lab, tmp_path: Path, kind: str) -> None:
    path = workshop.ensure(lab)
    path.unlink()
    odd_files(path, tmp_path)[kind]()
    before = os.lstat(path)
    began = time.monotonic()
    for act in (lambda: workshop.read(lab), lambda: workshop.own(lab), lambda: workshop.diff_to_starter(lab)):
        with pytest.raises(NotAFile, match=r"double_it\.py .*(ordinary file|largest)"):
            act()
    if "sparse" not in kind:
        with pytest.raises(NotAFile, match="ordinary file"):
            workshop.write(lab, b"x = 1\n")
    assert os.lstat(path) == before
    assert workshop.ensure(lab) == path
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("kind", ODD)
def test_reset_puts_it_aside_and_the_starter_is_there(workshop: Workshop, lab: Lab, tmp_path: Path, kind: str) -> None:
    path = workshop.ensure(lab)
    path.unlink()
    odd_files(path, tmp_path)[kind]()
    kept = workshop.reset(lab)
    assert path.read_bytes() == (lab.folder / "starter.py").read_bytes()
    assert os.path.lexists(workshop.folder / kept.removeprefix("in "))


def test_a_link_to_a_file_of_the_learners_elsewhere_is_theirs(workshop: Workshop, lab: Lab, tmp_path: Path) -> None:
    path = workshop.ensure(lab)
    path.unlink()
    (tmp_path / "mine.py").write_bytes(b"x = 1\n")
    path.symlink_to(tmp_path / "mine.py")
    assert workshop.read(lab) == b"x = 1\n"


# What git may do


def by_hand(workshop: Workshop, *words: str) -> None:
    subprocess.run(["git", "-C", str(workshop.folder), *words], check=True, capture_output=True)


def test_a_commit_runs_no_program_of_the_repositorys_or_the_users(
    workshop: Workshop, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung-$$\ncat\n")
    trap.chmod(0o755)
    settings = {"filter.evil.clean": trap, "filter.evil.smudge": trap, "filter.evil.required": "true", "core.fsmonitor": trap,
                "core.editor": trap, "core.pager": trap, "gpg.program": trap, "commit.gpgSign": "true", "log.showSignature": "true",
                "diff.evil.textconv": trap, "core.askPass": trap, "core.hooksPath": tmp_path}  # fmt: skip
    for name, value in settings.items():
        by_hand(workshop, "config", name, str(value))
    users = tmp_path / "gitconfig"
    users.write_text(f'[user]\n email = ada@example.org\n[filter "evil"]\n process = {trap}\n required = true\n[commit]\n gpgSign = true\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(users))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "sprung-trace"))
    for hook in ("pre-commit", "post-commit", "reference-transaction", "post-index-change", "prepare-commit-msg"):
        (tmp_path / hook).write_text(trap.read_text())
        (tmp_path / hook).chmod(0o755)
    (workshop.folder / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    workshop.write(lab, b"x = 1\n")
    commit = workshop.commit_pass(lab, VERDICT)
    assert commit is not None
    assert workshop.history(lab)[0] == commit
    assert not list(tmp_path.glob("sprung-*"))
    assert workshop.git.run("show", f"HEAD:{lab.file}") == "x = 1\n"


def test_a_git_that_hangs_is_stopped_with_all_that_it_started_and_is_a_note(
    workshop: Workshop, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\nsleep 300 & echo $! > {tmp_path}/child\nwait\n")
    slow.chmod(0o755)
    workshop.write(lab, b"x = 1\n")
    monkeypatch.setattr("modelwright.workshop.git.SECONDS", 0.5)
    monkeypatch.setattr(Git, "installed", staticmethod(lambda: str(slow)))
    began = time.monotonic()
    with pytest.raises(NoGit, match=r"took more than .* seconds .* only the history was not kept"):
        workshop.commit_pass(lab, VERDICT)
    assert time.monotonic() - began < 10
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()


def test_a_lock_that_a_git_left_behind_is_named(workshop: Workshop, lab: Lab) -> None:
    (workshop.folder / ".git" / "index.lock").touch()
    workshop.write(lab, b"x = 1\n")
    with pytest.raises(NoGit, match=r"index\.lock is there.*delete that file"):
        workshop.commit_pass(lab, VERDICT)
    assert workshop.read(lab) == b"x = 1\n"


def test_a_lock_of_ours_that_somebody_holds_or_made_a_pipe_is_a_note(workshop: Workshop, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr("modelwright.workshop.git.SECONDS", 0.2)
    workshop.write(lab, b"x = 1\n")
    lock = workshop.folder / ".git" / "modelwright.lock"
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(NoGit, match="does not let go"):
            workshop.commit_pass(lab, VERDICT)
