"""`modelwright prepare` and its offers, with a keyboard: what is missing is said with its size, and one key installs it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pexpect
import pytest

import tiny_curriculum
from child_environment import Child, environment_for
from modelwright.curriculum import load
from modelwright.groups import catalogue
from modelwright.studio.groups import used_in_stage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def child(tmp_path: Path, environment: dict[str, str]) -> Child:
    """An installation without Gymnasium, and a curriculum whose lab, lesson and project need it."""
    made = environment_for(tmp_path)
    course = tiny_curriculum.build(tmp_path / "course")
    module = course / "1-foundation" / "tiny-maths"
    for path, line in (
        (module / "labs" / "softmax" / "lab.yaml", "needs: [numpy]"),
        (module / "lessons" / "doubling.md", "minutes: 5"),
        (course / "plan.yaml", "    deliverable: one file that runs"),
    ):
        indent = line[: len(line) - len(line.lstrip())]
        wanted = f"{indent}needs: [rl]" if line.startswith("needs") else f"{line}\n{indent}needs: [rl]"
        assert line in path.read_text()
        path.write_text(path.read_text().replace(line, wanted, 1))
    made.environment |= {name: environment[name] for name in ("MODELWRIGHT_HOME", "TERM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")}
    made.environment |= {"MODELWRIGHT_CURRICULUM": str(course), "NO_COLOR": "1"}
    made.environment |= {"MODELWRIGHT_PIP_ARGS": environment.get("MODELWRIGHT_PIP_ARGS", made.environment["MODELWRIGHT_PIP_ARGS"])}
    return made


def at_a_keyboard(child: Child, *words: str) -> pexpect.spawn:
    return pexpect.spawn(
        str(child.python),
        ["-m", "modelwright", *words],
        env=child.environment,
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 110),
        echo=False,
    )


def plain(text: str) -> str:
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split())


def ended(process: pexpect.spawn, code: int) -> str:
    process.expect(pexpect.EOF)
    process.close()
    text = plain(process.before or "")
    assert process.exitstatus == code, text
    return text


def test_one_key_installs_and_any_other_leaves_it(child: Child) -> None:
    process = at_a_keyboard(child, "prepare", "rl")
    process.expect("For worlds in which an agent learns by trying")
    process.expect(r"Press .*I.* to install, any other key to\s+leave it")
    process.send("n")
    ended(process, 1)
    assert child.installed == set()
    process = at_a_keyboard(child, "prepare", "rl")
    process.expect(r"Press .*I.* to install")
    process.send("i")
    process.expect("✓ Installed: Gymnasium")
    ended(process, 0)
    assert child.installed == {"gymnasium", "Farama_Notifications"}


def test_a_stage_is_prepared_by_its_number_before_anybody_is_enrolled(child: Child) -> None:
    listed = plain(child.run("-m", "modelwright", "prepare", "--stage", "1", "--list").stdout)
    assert listed.startswith("rl Gymnasium, with its small worlds")
    done = child.run("-m", "modelwright", "prepare", "--stage", "1", "--yes")
    assert done.returncode == 0, done.stderr
    assert "✓ Installed: Gymnasium." in done.stdout
    again = child.run("-m", "modelwright", "prepare", "--stage", "foundation", "--yes")
    assert again.stdout.strip() == "Everything that is needed is here."
    unknown = child.run("-m", "modelwright", "prepare", "--stage", "9", "--yes")
    assert unknown.returncode == 1
    assert "1 (foundation)" in unknown.stderr


def test_a_lab_and_a_lesson_offer_what_they_need_where_they_are_begun(child: Child) -> None:
    assert child.run("-m", "modelwright", "enrol", "--name", "Ada", "--hours", "7").returncode == 0
    said = plain(child.run("-m", "modelwright", "lab", "softmax").stdout)
    assert "Gymnasium, which this lab needs, is not installed." in said
    process = at_a_keyboard(child, "lesson", "doubling")
    process.expect("Gymnasium, which this lesson needs, is not installed")
    process.expect(r"Press .*I.* to install")
    process.send("x")
    process.expect("What is twice 7")
    process.close(force=True)
    process = at_a_keyboard(child, "check", "softmax")
    process.expect("Gymnasium, which this lab needs, is not installed")
    process.send("x")
    assert "`modelwright prepare rl` installs what is missing" in ended(process, 1)
    process = at_a_keyboard(child, "watch", "softmax")
    process.expect(r"Press .*I.* to install")
    process.send("i")
    process.expect("✓ Installed: Gymnasium")
    process.close(force=True)
    assert child.installed == {"gymnasium", "Farama_Notifications"}


def test_in_a_pipe_a_check_asks_nothing_and_says_what_to_do(child: Child) -> None:
    assert child.run("-m", "modelwright", "enrol", "--name", "Ada", "--hours", "7").returncode == 0
    done = child.run("-m", "modelwright", "check", "softmax")
    assert done.returncode == 1
    assert "Gymnasium, which this lab needs, is not installed. `modelwright prepare rl` installs what is missing" in plain(done.stderr)
    assert "Press" not in done.stdout


STAGE_3 = {
    "nlp": "For tokenising, stemming and parsing as the books on language do it. Used in NLP fundamentals and Practical NLP.",
    "finetuning": "For tuning a model that somebody else trained. Used in Transformers and modern NLP; A chatbot with Hugging Face.",
}


def test_preparing_the_third_stage_says_what_it_would_install_why_and_how_large(tmp_path: Path, environment: dict[str, str]) -> None:
    groups = [catalogue().groups[id] for id in STAGE_3]
    child = Child(tmp_path, without=tuple(wheel.name for group in groups for wheel in group.wheels))
    done = child.run("-m", "modelwright", "prepare", "--stage", "3", env={"MODELWRIGHT_HOME": environment["MODELWRIGHT_HOME"]})
    said = plain(done.stdout)
    for group in groups:
        assert f"{group.id} {group.what} " in said
        assert STAGE_3[group.id] in said
    one = r"([\d.]+) MB to download, ([\d.]+) MB on disk"
    *each, both = re.findall(one, said)
    assert re.search(f"{one} in all", said)
    assert len(each) == 2
    assert float(both[0]) == pytest.approx(sum(float(download) for download, _ in each), rel=0.02)
    assert float(both[0]) > 60
    assert done.returncode == 1
    assert "Nothing was installed. Say `modelwright prepare nlp finetuning --yes`" in plain(done.stderr)


@pytest.mark.parametrize(
    ("stage", "groups"),
    [
        ("1", set()),
        ("2", {"keras", "tracking"}),
        ("3", {"nlp", "finetuning"}),
        ("4", {"rl", "data", "distributed", "kernels", "tracking", "export"}),
        ("5", {"keras", "finetuning"}),
    ],
)
def test_each_stage_needs_what_its_books_and_projects_use_and_the_first_nothing(stage: str, groups: set[str]) -> None:
    assert used_in_stage(load(), stage).keys() == groups


def test_every_group_is_used_somewhere_in_the_shipped_plan() -> None:
    curriculum = load()
    used = {id for stage in curriculum.stages.values() for id in used_in_stage(curriculum, stage.id)}
    assert used == set(catalogue().groups)
