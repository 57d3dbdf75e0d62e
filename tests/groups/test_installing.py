"""Groups are found out first, fetched beside, then unpacked; whatever ends that in the middle, the environment is as it was or says how to go on."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import textwrap
import threading
import time
from pathlib import Path

import pytest

from child_environment import Child, environment_for, wheel
from modelwright.groups import BASE, catalogue
from modelwright.groups.installing import CAUSES, wheels_in, why_it_failed

PINS = dict(line.split("==") for line in catalogue().pins.read_text().split())


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return environment_for(tmp_path)


def prepare(child: Child, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return child.run("-m", "modelwright", "prepare", *words, env={"MODELWRIGHT_HOME": str(child.folder / "home"), **env})


def code(child: Child, text: str, **env: str) -> subprocess.CompletedProcess[str]:
    return child.run("-c", textwrap.dedent(text), env=env)


def nothing_was_changed(child: Child) -> bool:
    left = [path.name for path in (child.folder / "share" / "modelwright").glob("*") if path.name != "lock"]
    return child.installed == set() and left == []


def test_a_group_comes_with_what_it_rests_on_and_is_there_afterwards(child: Child) -> None:
    done = prepare(child, "rl", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Gymnasium" in done.stdout
    assert child.installed == {"gymnasium", "Farama_Notifications"}
    assert code(child, "import gymnasium").returncode == 0
    again = prepare(child, "rl", "--yes")
    assert (again.returncode, again.stdout.strip()) == (0, "Everything that is needed is here.")


def test_the_shipped_version_comes_though_a_newer_one_is_offered(child: Child) -> None:
    wheel(child.wheels, "gymnasium", "99.0")
    assert prepare(child, "rl", "--yes").returncode == 0
    assert code(child, "import importlib.metadata as m; print(m.version('gymnasium'))").stdout.strip() == PINS["gymnasium"]


def test_what_is_installed_is_never_changed_for_a_group(child: Child) -> None:
    wheel(child.wheels, "gymnasium", PINS["gymnasium"], requires=("numpy<1",))
    wheel(child.wheels, "numpy", "0.9")
    done = prepare(child, "rl", "--yes")
    assert done.returncode == 1
    assert "does not go with packages that are installed here" in done.stderr
    assert nothing_was_changed(child)


def test_a_package_that_would_have_to_be_built_is_not_run(child: Child) -> None:
    import tarfile

    (child.wheels / f"gymnasium-{PINS['gymnasium']}-py3-none-any.whl").unlink()
    source = child.folder / f"gymnasium-{PINS['gymnasium']}"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(child.folder / 'ran')!r}, 'w')\nfrom setuptools import setup\nsetup(name='gymnasium')\n")
    (source / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: gymnasium\nVersion: {PINS['gymnasium']}\n")
    with tarfile.open(child.wheels / f"{source.name}.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    done = prepare(child, "rl", "--yes")
    assert done.returncode == 1
    assert "There is no build of gymnasium" in done.stderr
    assert not (child.folder / "ran").exists()


def test_without_a_network_one_sentence_says_so(child: Child) -> None:
    done = prepare(child, "rl", "--yes", MODELWRIGHT_PIP_ARGS="")
    assert done.returncode == 1
    assert done.stderr.strip().startswith("No package index answered. Nothing was changed")
    assert len(done.stderr.strip().splitlines()) == 1
    assert nothing_was_changed(child)


def test_without_room_on_the_disk_nothing_is_begun(child: Child) -> None:
    done = code(
        child,
        """
        from dataclasses import replace
        from modelwright.groups import catalogue, install
        from modelwright.groups.catalogue import Wheel
        shipped = catalogue()
        rl = replace(shipped.groups["rl"], wheels=(Wheel("gymnasium", "1", 10**15, 10**15),))
        install(["rl"], shipped=replace(shipped, groups={"rl": rl}))
        """,
    )
    assert "has" in done.stderr
    assert "are needed. Free some space, then try again." in done.stderr.splitlines()[-1]
    assert nothing_was_changed(child)


def test_an_environment_that_cannot_be_written_says_which_folder(child: Child) -> None:
    words = [str(child.python), "-m", "modelwright", "prepare", "rl", "--yes"]
    if os.geteuid() != 0:
        child.packages.chmod(0o555)
    else:  # root writes wherever it is not a disk that is read only
        locked = f"mount --bind {child.packages} {child.packages} && mount -o remount,bind,ro {child.packages}"
        if subprocess.run(["unshare", "-m", "sh", "-c", locked], capture_output=True).returncode:
            pytest.skip("no folder can be made read only for root here")
        words = ["unshare", "-m", "sh", "-c", f"{locked} && exec {shlex.join(words)}"]
    done = subprocess.run(words, env=child.environment, capture_output=True, text=True, cwd="/")
    assert done.returncode == 1
    assert f"{child.packages} cannot be written, so nothing can be installed there" in done.stderr
    child.packages.chmod(0o755)
    assert nothing_was_changed(child)


def slow(child: Child) -> None:
    """Gives pip so much to unpack that it can be caught in the middle."""
    for name in ("gymnasium", "Farama-Notifications"):
        path = wheel(child.wheels, name, PINS[name], requires=("farama-notifications",) if name == "gymnasium" else ())
        import zipfile

        with zipfile.ZipFile(path, "a") as archive:
            for number in range(3000):
                archive.writestr(f"{name.lower().replace('-', '_')}/part_{number}.py", "x = 1\n" * 20)


def caught_unpacking(child: Child) -> subprocess.Popen[bytes]:
    """A `prepare` that is in the middle of unpacking."""
    slow(child)
    words = [str(child.python), "-m", "modelwright", "prepare", "rl", "--yes"]
    process = subprocess.Popen(words, env=child.environment, cwd=child.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end and len(list(child.packages.rglob("part_*.py"))) < 100:
        assert process.poll() is None
        time.sleep(0.01)
    return process


def test_ctrl_c_while_it_unpacks_leaves_nothing_half_installed(child: Child) -> None:
    process = caught_unpacking(child)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    said = code(child, "from modelwright.groups import lacking; print(lacking(['rl'], 'this lab'))").stdout
    assert "is not installed" in said or "`modelwright prepare rl` finishes it" in said
    assert prepare(child, "rl", "--yes").returncode == 0
    assert code(child, "import gymnasium.part_2999, farama_notifications.part_2999").returncode == 0


def test_killed_while_it_unpacks_it_does_not_count_and_the_next_try_finishes_it(child: Child) -> None:
    process = caught_unpacking(child)
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
    for pid in [*map(int, children), process.pid]:
        os.kill(pid, signal.SIGKILL)
    process.wait(60)
    assert json.loads((child.folder / "share" / "modelwright" / "unpacking.json").read_text())
    said = code(child, "from modelwright.groups import lacking; print(lacking(['rl'], 'this lab'))").stdout.strip()
    assert said == "The installation of Gymnasium, which this lab needs, was interrupted; `modelwright prepare rl` finishes it."
    assert prepare(child, "rl", "--yes").returncode == 0
    assert child.installed == {"gymnasium", "Farama_Notifications"}
    assert code(child, "import gymnasium.part_2999, farama_notifications.part_2999").returncode == 0
    assert not (child.folder / "share" / "modelwright" / "unpacking.json").exists()


def test_two_at_once_are_one_after_the_other(child: Child) -> None:
    held = """
        import sys
        from modelwright.groups.installing import Installation, Site
        from modelwright.groups import catalogue
        import threading
        with Installation(catalogue(), Site.here(), print, threading.Event()).alone():
            print("held", flush=True)
            sys.stdin.read()
    """
    words = [str(child.python), "-c", textwrap.dedent(held)]
    with subprocess.Popen(words, env=child.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=child.folder) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        second = prepare(child, "rl", "--yes")
        first.stdin.close()  # type: ignore[union-attr]
    assert (second.returncode, second.stderr.strip()) == (
        1,
        "Something is being installed already, in another window. Wait until it is done.",
    )
    assert prepare(child, "rl", "--yes").returncode == 0


def test_wheels_are_counted_while_their_folders_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "stays-1.0-py3-none-any.whl").write_bytes(b"12345")
    over = threading.Event()

    def stir() -> None:
        while not over.is_set():
            folders = [tmp_path / f"pip-unpack-{number}" for number in range(20)]
            for folder in folders:
                folder.mkdir()
                (folder / f"{folder.name}.whl").write_bytes(b"")
            for folder in folders:
                shutil.rmtree(folder)

    stirring = threading.Thread(target=stir)
    stirring.start()
    try:
        sizes = [wheels_in(tmp_path)["stays-1.0-py3-none-any.whl"].st_size for _ in range(300)]
    finally:
        over.set()
        stirring.join()
    assert set(sizes) == {5}


def test_only_groups_of_the_shipped_list_can_be_named(child: Child) -> None:
    wheel(child.wheels, "evil", "1.0", code="raise SystemExit('run')")
    for name in ("evil", "rl; evil", "--find-links=x", "../rl", "gymnasium==1.0"):
        done = prepare(child, "--yes", "--", name)
        assert done.returncode == 1, name
        assert f"There is no group called '{name}'" in done.stderr
    assert nothing_was_changed(child)
    near = prepare(child, "kears", "--yes")
    assert "Did you mean keras?" in near.stderr


def test_what_belongs_to_the_start_needs_no_installation(child: Child) -> None:
    assert prepare(child, *BASE, "--yes").stdout.strip() == "Everything that is needed is here."


def test_without_a_keyboard_and_without_yes_nothing_is_installed(child: Child) -> None:
    done = prepare(child, "rl")
    assert done.returncode == 1
    assert "MB to download" in done.stdout  # what, why and how large is said all the same
    assert "For worlds in which an agent learns by trying." in done.stdout
    assert "`modelwright prepare rl --yes`" in done.stderr
    assert nothing_was_changed(child)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for x",
            "No package index",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: Could not find a version\nERROR: No matching distribution found for ray>=2.40", "There is no build of ray>=2.40"),
        ("ERROR: [Errno 30] Read-only file system: '/x'", "cannot be written"),
        ("ERROR: something quite new", "pip could not do it: something quite new"),
        ("", "it said nothing"),
    ],
)
def test_what_pip_says_becomes_one_sentence(output: str, words: str) -> None:
    said = why_it_failed(output)
    assert words in said
    assert "\n" not in said
    assert len(CAUSES) == 4
