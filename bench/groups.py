"""What each group of packages costs: its wheels beyond those of the start, and their sizes as files and unpacked, measured on them.

    python bench/groups.py            # the table
    python bench/groups.py --write    # and into src/modelwright/groups/wheels.json, which the page and the terminal read

It fetches every wheel once, so it needs a network and some minutes. Run it after a change of pyproject.toml's groups or of constraints.txt.
Sizes differ a little from system to system; the file says on which they were measured.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
TARGET = REPOSITORY / "src" / "modelwright" / "groups" / "wheels.json"


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


def main() -> None:
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
    if "--write" in sys.argv:
        on = {"system": f"{platform.system()} {platform.machine()}", "python": platform.python_version()}
        TARGET.write_text(json.dumps({"measured": on, "groups": groups}, indent=1) + "\n", encoding="utf-8")
        print(f"Written to {TARGET.relative_to(REPOSITORY)}.")


if __name__ == "__main__":
    main()
