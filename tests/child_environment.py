"""An environment that sees this one's packages and into which something can be installed without touching it; and packages made for that.

`Child(folder)` is a virtual environment with a Python of its own, whose packages are those here, but for some, and what is installed into it.
`wheel(…)` writes a package that holds nothing but its name. Together they let the real installation run, from a folder of wheels in place of a
network.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

from modelwright.groups import catalogue

NO_NETWORK = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}


def wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = (), code: str = "", imports: str = "") -> Path:
    """A wheel of a package whose module is `imports` (by default its name) and holds `code`."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = name.replace("-", "_")
    path = folder / f"{plain}-{version}-py3-none-any.whl"
    about = f"{plain}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {text}\n" for text in requires)
    files = {
        f"{imports or plain}/__init__.py": code or f"version = {version!r}\n",
        f"{about}/METADATA": metadata,
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: made\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"]))
    return path


def _entries(distribution: str) -> set[str]:
    """What an installed distribution has put into site-packages; nothing where it is not installed."""
    try:
        files = metadata.distribution(distribution).files or []
    except metadata.PackageNotFoundError:
        return set()
    return {file.parts[0] for file in files if file.parts[0] != ".."}


def environment_for(folder: Path) -> Child:
    """One without the group `rl`, whose packages lie ready, made for here in the versions that are shipped."""
    pins = dict(line.split("==") for line in catalogue().pins.read_text().split())
    child = Child(folder, without=("gymnasium", "Farama-Notifications"))
    wheel(child.wheels, "gymnasium", pins["gymnasium"], requires=("farama-notifications>=0.0.1", "numpy>=1"))
    wheel(child.wheels, "Farama-Notifications", pins["Farama-Notifications"])
    return child


class Child:
    """`environment` is what its processes get: no network, and no wheels but those of `wheels`. `without` are distributions that it lacks."""

    def __init__(self, folder: Path, without: tuple[str, ...] = ()) -> None:
        self.folder, self.wheels = folder / "environment", folder / "wheels"
        self.wheels.mkdir(parents=True)
        venv.create(self.folder, with_pip=False, symlinks=True)
        self.python = self.folder / "bin" / "python"
        self.packages = self.folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        seen = folder / "seen" / "site-packages"
        seen.mkdir(parents=True)
        left_out = {name for distribution in without for name in _entries(distribution)}
        for path in {entry for key in ("purelib", "platlib") for entry in Path(sysconfig.get_path(key)).iterdir()}:
            if path.name not in left_out:
                (seen / path.name).symlink_to(path)
        (self.packages / "parent.pth").write_text(f"{seen}\n{Path(__file__).parents[1] / 'src'}\n")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MODELWRIGHT_"))}
        self.environment |= NO_NETWORK | {"MODELWRIGHT_PIP_ARGS": f"--no-index --find-links {self.wheels}", "OMP_NUM_THREADS": "1"}

    def run(self, *words: str, env: dict[str, str] | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """One run of its Python."""
        environment = self.environment | (env or {})
        return subprocess.run([str(self.python), *words], env=environment, capture_output=True, text=True, timeout=timeout, cwd=self.folder)

    @property
    def installed(self) -> set[str]:
        """The names of what was installed into it."""
        return {path.name.partition("-")[0] for path in self.packages.glob("*.dist-info")}
