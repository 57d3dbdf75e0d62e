"""A snapshot is trusted only where everything that it follows from is what it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import modelwright
from modelwright.studio import ledger

PACKAGE = Path(modelwright.__file__).parent

FOLDING = """
import json, sys
from pathlib import Path
package = Path(sys.argv[1])
opened = set()
sys.addaudithook(lambda name, args: opened.add(str(args[0])) if name == "open" and isinstance(args[0], (str, Path)) else None)
from modelwright.curriculum import Curriculum
from modelwright.journal.events import Event, ProblemAnswered
from modelwright.learner import State, fold
import modelwright.journal.upgrades
event = Event(id="0" * 32, at=1, data=ProblemAnswered(problem="a/b", seed=0, skills=["a/c"], answer="", right=True, seconds=9))
fold(Curriculum(package, [], [], [], "none"), [event])
modules = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "modelwright" and getattr(m, "__file__", None)]
print(json.dumps([*modules, *opened]))
"""


def test_all_that_a_fold_imports_or_opens_of_the_package_is_in_its_version() -> None:
    said = subprocess.run([sys.executable, "-c", FOLDING, str(PACKAGE)], capture_output=True, text=True, check=True, timeout=60).stdout
    files = {Path(name) for name in json.loads(said)}
    read = {path for path in files if path.is_relative_to(PACKAGE) and path.suffix in (".py", ".json", ".toml", ".yaml", ".npz")}
    assert PACKAGE / "learner" / "weights.json" in read
    assert read <= set(ledger.fold_sources())


def test_other_weights_make_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ledger.code_version()
    weights = tmp_path / "weights.json"
    weights.write_bytes((PACKAGE / "learner" / "weights.json").read_bytes() + b" ")
    sources = [weights if path.name == "weights.json" else path for path in ledger.fold_sources()]
    assert weights in sources
    monkeypatch.setattr(ledger, "fold_sources", lambda: sources)
    assert ledger.code_version() != before
