"""What each group of packages costs, and whether the large ones work: nobody's test fetches them, so they are tried here.

    python bench/groups.py            # the sizes of all, then the large ones tried
    python bench/groups.py --tries    # these alone
    python bench/groups.py --write    # the sizes also into src/modelwright/groups/wheels.json, which the page and the terminal read
    python bench/groups.py --record   # what the tries came to also into bench/results/groups.json

Sizes: every wheel beyond those of the start is fetched once and measured, as a file and unpacked. Run it after a change of pyproject.toml's
groups or of constraints.txt. Sizes differ a little from system to system; the file says on which they were measured.

Tries: each large group is installed by `modelwright prepare` into an environment made for it, which sees the packages of this one; then a
few lines that use it are graded as a lab's solution, in the isolated runner, within the limits that a lab has by default. It needs a
network and some minutes.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import time
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
TARGET = REPOSITORY / "src" / "modelwright" / "groups" / "wheels.json"
RESULTS = REPOSITORY / "bench" / "results" / "groups.json"


@dataclass(frozen=True)
class Try:
    """`code` defines `f`, and `wanted` is what `f()` must give. `needs` as in lab.yaml."""

    group: str
    what: str
    needs: tuple[str, ...]
    code: str
    wanted: Any
    isolated: bool = True


TRIES = (
    Try(
        "kernels",
        "Triton: a kernel that adds, interpreted",
        ("torch", "kernels"),
        """
        import torch, triton
        import triton.language as tl

        @triton.jit
        def add(x, y, out, n, BLOCK: tl.constexpr):
            at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
            tl.store(out + at, tl.load(x + at, at < n) + tl.load(y + at, at < n), at < n)

        def f():
            x, out = torch.arange(10.0), torch.zeros(10)
            add[(3,)](x, x, out, 10, BLOCK=4)
            return out.tolist()
        """,
        [2.0 * i for i in range(10)],
    ),
    Try(
        "kernels",
        "Triton: compiled, it says that it needs a GPU",
        ("torch", "kernels"),
        """
        import os
        os.environ.pop("TRITON_INTERPRET")  # the group sets it, so that kernels run on every machine
        import torch, triton
        import triton.language as tl

        @triton.jit
        def one(out):
            tl.store(out, 1.0)

        def f():
            try:
                one[(1,)](torch.zeros(1))
            except Exception as error:
                print("Triton:", error)
                return "no GPU"
        """,
        "no GPU",
    ),
    Try(
        "tracking",
        "MLflow: a run in a local file, read back",
        ("tracking",),
        """
        import mlflow

        def f():
            mlflow.set_tracking_uri("sqlite:///mlflow.db")  # its files of old it only opens when told to
            with mlflow.start_run() as run:
                mlflow.log_metric("loss", 0.5)
            return mlflow.get_run(run.info.run_id).data.metrics["loss"]
        """,
        0.5,
    ),
    Try(
        "tracking",
        "Weights & Biases: an offline run, without isolation",
        ("tracking",),
        """
        import wandb

        def f():
            with wandb.init(project="tried") as run:
                run.log({"loss": 0.5})
                return [run.offline, run.summary["loss"]]
        """,
        [True, 0.5],
        isolated=False,
    ),
    Try(
        "tracking",
        "Weights & Biases: isolated, it is refused its second program",
        ("tracking",),
        """
        import wandb

        def f():
            try:
                wandb.init(project="tried")
            except PermissionError as error:
                return type(error).__name__
        """,
        "PermissionError",
    ),
    Try(
        "tracking",
        "TensorBoard: a curve written and read back",
        ("torch", "tracking"),
        """
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from torch.utils.tensorboard import SummaryWriter

        def f():
            with SummaryWriter("curves") as writer:
                writer.add_scalar("loss", 0.5, 1)
            events = EventAccumulator("curves")
            events.Reload()
            return events.Scalars("loss")[0].value
        """,
        0.5,
    ),
    Try(
        "export",
        "ONNX: a small PyTorch model, with the same numbers in its runtime",
        ("torch", "export"),
        """
        import numpy, onnx, onnxruntime, torch

        def f():
            net, x = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).eval(), torch.randn(3, 4)
            torch.onnx.export(net, (x,), "net.onnx", dynamo=True)
            onnx.checker.check_model("net.onnx")
            session = onnxruntime.InferenceSession("net.onnx")
            (got,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
            return bool(numpy.allclose(got, net(x).detach().numpy(), atol=1e-6))
        """,
        True,
    ),
)


def pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *words, "--quiet"], check=True, cwd=REPOSITORY)


def resolved(requirements: list[str], folder: Path) -> dict[str, str]:
    """name -> version of all that these requirements bring into an empty environment, under the constraints."""
    report = folder / "report.json"
    pip(
        "install",
        "--dry-run",
        "--ignore-installed",
        "--only-binary",
        ":all:",
        "-c",
        "constraints.txt",
        "--report",
        str(report),
        *requirements,
    )
    entries = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {entry["metadata"]["name"]: entry["metadata"]["version"] for entry in entries}


def measured(name: str, version: str, folder: Path) -> dict[str, str | int]:
    pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), f"{name}=={version}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    size = wheel.stat().st_size
    wheel.unlink()
    return {"name": name, "version": version, "download": size, "installed": unpacked}


def sizes(write: bool) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = tomllib.loads((TARGET.parent / "groups.toml").read_text(encoding="utf-8"))
    known: dict[tuple[str, str], dict[str, str | int]] = {}
    groups: dict[str, list[dict[str, str | int]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = resolved(project["dependencies"], folder)
        for group in named:
            closure = resolved([*project["dependencies"], *project["optional-dependencies"][group]], folder)
            extra = sorted((package, version) for package, version in closure.items() if package not in start)
            for wheel in extra:
                known.setdefault(wheel, measured(*wheel, folder))
            groups[group] = [known[wheel] for wheel in extra]
    print(f"{'group':<13} {'wheels':>6} {'download MB':>12} {'unpacked MB':>12}")
    for group, wheels in groups.items():
        fetched, unpacked = (sum(int(wheel[key]) for wheel in wheels) / 1e6 for key in ("download", "installed"))
        print(f"{group:<13} {len(wheels):>6} {fetched:>12.1f} {unpacked:>12.1f}")
    if write:
        on = {"system": f"{platform.system()} {platform.machine()}", "python": platform.python_version()}
        TARGET.write_text(json.dumps({"measured": on, "groups": groups}, indent=1) + "\n", encoding="utf-8")
        print(f"Written to {TARGET.relative_to(REPOSITORY)}.")


# What is tried


def environment(folder: Path) -> tuple[Path, dict[str, str]]:
    """A Python of its own, that sees the packages of this one, and what its processes get."""
    venv.create(folder, with_pip=False, symlinks=True)
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    seen = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(REPOSITORY / "src")])
    (packages / "seen.pth").write_text("".join(f"{path}\n" for path in seen), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODELWRIGHT_")}
    return folder / "bin" / "python", environment | {"OMP_NUM_THREADS": "1", "MODELWRIGHT_HOME": str(folder / "home")}


def disk(folder: Path) -> int:
    """Bytes of the files below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def tried(group: str, folder: Path) -> dict[str, Any]:
    """The group installed into an environment of its own in `folder`, and what its tries came to there."""
    from modelwright.groups import catalogue, sizes_of

    python, variables = environment(folder)
    download = sizes_of(catalogue().named([group])).download
    before, began = disk(folder), time.monotonic()
    done = subprocess.run([python, "-m", "modelwright", "prepare", group, "--yes"], env=variables, capture_output=True, text=True)
    seconds = time.monotonic() - began
    about: dict[str, Any] = {
        "installed": done.returncode == 0,
        "said": " ".join((done.stdout + done.stderr).split("\n")[-2:]).strip(),
        "seconds": round(seconds, 1),
        "download MB": round(download / 1e6, 1),
        "disk MB": round((disk(folder) - before) / 1e6, 1),
        "tries": [],
    }
    if done.returncode == 0:
        for number, one in enumerate(TRIES):
            if one.group == group:
                inside = subprocess.run([python, __file__, "--inside", str(number)], env=variables, capture_output=True, text=True)
                outcome = json.loads(inside.stdout) if inside.returncode == 0 else {"status": "error", "said": inside.stderr[-300:]}
                about["tries"].append({"what": one.what, **outcome})
    return about


def inside(number: int) -> None:
    """One try, in the environment that has its group: graded as a lab's solution. Prints what came as JSON."""
    from modelwright.curriculum.models import Lab, Limits
    from modelwright.grading import Grader

    one = TRIES[number]
    code = textwrap.dedent(one.code)
    if not one.isolated:
        print(json.dumps(outside(one, code)))
        return
    checks = f"def test_it_works(learner):\n    assert learner.f() == {one.wanted!r}\n"
    with tempfile.TemporaryDirectory() as name, contextlib.closing(Grader()) as grader:
        folder = Path(name) / "tried"
        folder.mkdir()
        (folder / "checks.py").write_text(checks, encoding="utf-8")
        (folder / "solution.py").write_text(code, encoding="utf-8")
        lab = Lab(
            id="tried/it", title="Tried", skills=("tried/it",), difficulty=1, minutes=10, hints=("a", "b", "c"), needs=one.needs,
            limits=Limits(), folder=folder,
        )  # fmt: skip
        verdict = grader.grade(lab, code.encode())
    said = "" if verdict.status == "passed" and "GPU" not in one.what else verdict.message
    said += " ".join(f" {check.message} {check.got} {check.output}" for check in verdict.checks) if said else ""
    outcome = {
        "status": verdict.status,
        "seconds": round(verdict.seconds, 1),
        "memory MB": round(verdict.peak_memory_mb),
        "said": " ".join(said.split())[:400],
    }
    print(json.dumps(outcome))


def outside(one: Try, code: str) -> dict[str, Any]:
    """The same as a program of the learner's own, which nothing isolates."""
    from modelwright.groups import environment_of

    program = f"{code}\nassert f() == {one.wanted!r}\n"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=name, env=os.environ | environment_of(one.needs), capture_output=True, text=True
        )
    said = " ".join((done.stdout + done.stderr).split())[-400:] if done.returncode else ""
    return {"status": "failed" if done.returncode else "passed", "seconds": round(time.monotonic() - began, 1), "said": said}


def tries(record: bool) -> bool:
    """Prints the table; whether everything worked."""
    results = {}
    for group in dict.fromkeys(one.group for one in TRIES):
        with tempfile.TemporaryDirectory() as name:
            results[group] = about = tried(group, Path(name))
        print(
            f"\n{group}: {about['said']} {about['seconds']:.0f} s, {about['download MB']:.0f} MB fetched, {about['disk MB']:.0f} MB on disk"
        )
        for one in about["tries"]:
            numbers = f"{one['seconds']:>6.1f} s" if "seconds" in one else ""
            numbers += f"{one['memory MB']:>6} MB" if "memory MB" in one else ""
            print(f"  {one['status']:<8} {numbers:<16} {one['what']}")
            if one["status"] != "passed" or "GPU" in one["what"]:
                print(f"           {one['said']}")
    if record:
        about_it = {
            "command": "python bench/groups.py --tries --record",
            "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}",
            "limits": "those of a lab by default: 20 s of processor time a call, 1500 MB",
        }
        RESULTS.write_text(json.dumps(about_it | results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return all(about["installed"] and all(one["status"] == "passed" for one in about["tries"]) for about in results.values())


def main() -> int:
    if "--inside" in sys.argv:
        inside(int(sys.argv[sys.argv.index("--inside") + 1]))
        return 0
    if "--tries" not in sys.argv:
        sizes("--write" in sys.argv)
    return 0 if tries("--record" in sys.argv) else 1


if __name__ == "__main__":
    sys.exit(main())
