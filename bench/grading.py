"""From saving a file to its verdict, against `python -m pytest` run cold on the same checks in one process.

Prints, for a small NumPy lab and for a PyTorch lab, the median wall time of both, their ratio, the overhead of grading beyond the
checks' own running time as a share of pytest's, and the memory of the idle warm processes. Runs alternate, so that a busy machine
slows both. Usage: python bench/grading.py [RUNS]
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from modelwright.curriculum.models import Lab
from modelwright.grading import Grader

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("MODELWRIGHT_DATA", ROOT.parent / "shared"))

SMALL_CHECKS = '''
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def test_two_numbers_by_hand(learner):
    """Of ln 3 and 0 the weights are 3/4 and 1/4."""
    np.testing.assert_allclose(learner.softmax(np.log([3.0, 1.0])), [0.75, 0.25])


def test_equals_the_reference(learner, reference, rng):
    x = rng.normal(size=(4, 7))
    np.testing.assert_allclose(learner.softmax(x), reference.softmax(x), rtol=1e-10)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sums_to_one_along_the_axis(learner, rng, axis):
    np.testing.assert_allclose(learner.softmax(rng.normal(size=(5, 6)), axis=axis).sum(axis), 1)


def test_large_logits_stay_finite(learner):
    assert np.isfinite(learner.softmax(np.array([1e4, -1e4, 0.0]))).all()


@settings(max_examples=25)
@given(n=st.integers(1, 20), shift=st.floats(-100, 100))
def test_a_shift_changes_nothing(learner, rng, n, shift):
    x = rng.normal(size=n)
    np.testing.assert_allclose(learner.softmax(x + shift), learner.softmax(x), rtol=1e-6)


def test_the_argument_is_left_as_it_was(learner, rng):
    assert learner.unchanged_by("softmax", (rng.normal(size=9),))
'''
SMALL_SOLUTION = """
import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
"""
# What pytest needs to run the same checks by itself: the same fixtures, without proxy or cage.
PEER_ENVIRONMENT = {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
PEER = """
import importlib.util, time, zlib
from pathlib import Path
import numpy as np
import pytest
from modelwright.grading.debugging import Plain

def load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

@pytest.fixture(scope="session")
def learner():
    return Plain(load("solution"), "")

@pytest.fixture(scope="session")
def reference():
    return load("solution")

@pytest.fixture
def rng(request):
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))

@pytest.fixture
def budget(learner, reference):
    def measure(name, args=(), kwargs=None, **ratios):
        best = [9e9, 9e9]
        for _ in range(4):
            for i, module in enumerate((learner, reference)):
                began = time.perf_counter()
                getattr(module, name)(*args, **(kwargs or {}))
                best[i] = min(best[i], time.perf_counter() - began)
        assert best[0] < 100 * best[1]
    return measure

def pytest_configure(config):
    from hypothesis import HealthCheck, settings
    settings.register_profile("peer", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("peer")
"""


def small_lab(folder: Path) -> Lab:
    place = folder / "1-foundation" / "linear-algebra" / "labs" / "softmax"
    place.mkdir(parents=True)
    (place / "checks.py").write_text(SMALL_CHECKS)
    (place / "solution.py").write_text(SMALL_SOLUTION)
    return Lab(
        id="linear-algebra/softmax", title="Softmax", skills=("linear-algebra/softmax",), difficulty=1, minutes=20,
        needs=("numpy",), hints=("a", "b", "c"), folder=place,
    )  # fmt: skip


def torch_lab() -> Lab | None:
    import yaml

    folder = DATA / "example" / "labs" / "grouped-query-attention"
    if not folder.is_dir():
        return None
    return Lab(id="transformers/grouped-query-attention", folder=folder, **yaml.safe_load((folder / "lab.yaml").read_text()))


def peer_seconds(folder: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder), "checks.py"],
        cwd=folder, capture_output=True, text=True, env=os.environ | PEER_ENVIRONMENT, check=False,
    )  # fmt: skip
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"the peer's own run failed:\n{done.stdout[-2000:]}")
    return took


def idle_megabytes(grader: Grader) -> float:
    return sum(
        process.memory_full_info().pss
        for zygote in grader._zygotes.values() if zygote.process
        for process in [psutil.Process(zygote.process.pid), *psutil.Process(zygote.process.pid).children(recursive=True)]
    ) / 2**20  # fmt: skip


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    table = Table(title=f"Save to verdict · median of {runs} alternating runs · {os.cpu_count()} cores, Python {platform.python_version()}")
    for heading in ("lab", "pytest (s)", "grade (s)", "ratio", "aim", "checks (s)", "overhead", "aim"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as text, Grader() as grader:
        folder = Path(text)
        for lab, aim in ((small_lab(folder), 0.35), (torch_lab(), 0.25)):
            if lab is None:
                print(textwrap.fill("The PyTorch lab is not here; set MODELWRIGHT_DATA to the folder that holds example/."))
                continue
            peer_folder = folder / f"peer-{lab.folder.name}"
            peer_folder.mkdir()
            for name in ("checks.py", "solution.py"):
                shutil.copyfile(lab.folder / name, peer_folder / name)
            (peer_folder / "conftest.py").write_text(PEER)
            source = (lab.folder / "solution.py").read_bytes()
            grader.grade(lab, source)
            peer_seconds(peer_folder)
            peers, walls, own = [], [], []
            for _ in range(runs):
                peers.append(peer_seconds(peer_folder))
                verdict = grader.grade(lab, source)
                if verdict.status != "passed":
                    raise SystemExit(f"the right solution did not pass: {verdict.message}")
                walls.append(verdict.seconds)
                own.append(sum(check.seconds for check in verdict.checks))
            peer, wall, alone = statistics.median(peers), statistics.median(walls), statistics.median(own)
            overhead = statistics.median((w - o) / p for w, o, p in zip(walls, own, peers, strict=True))
            ratio = statistics.median(w / p for w, p in zip(walls, peers, strict=True))
            table.add_row(lab.id, f"{peer:.2f}", f"{wall:.2f}", f"{ratio:.3f}", f"≤ {aim}", f"{alone:.2f}", f"{overhead:.3f}", "≤ 0.12")
        time.sleep(0.5)
        memory = idle_megabytes(grader)
    Console().print(table)
    print(f"Idle warm processes, both kinds: {memory:.0f} MB proportional set size (aim: under 400 MB).")


if __name__ == "__main__":
    main()
