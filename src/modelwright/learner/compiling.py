"""Compile the modules of the fold: `python -m modelwright.learner.compiling`, which `make install` runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from modelwright.learner.compiled import CFLAGS, HERE, MODULES, SUFFIX, place

DONE = "The fold of the journal is compiled."
SECONDS = 900


def compile_modules() -> str:
    """Compile the modules where that is possible and not yet done. Returns a sentence on what came of it: nothing here is an error."""
    without = "Python folds the journal, in about twice the time of compiled code."
    folder = place()
    if os.environ.get("MODELWRIGHT_NATIVE") == "0":
        return f"MODELWRIGHT_NATIVE is 0: {without}"
    if folder.exists():
        return DONE
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        return f"There is no C compiler: {without}"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return f"There is a C compiler, but not the headers of Python (Debian's python3-dev): {without}"
    try:
        shutil.rmtree(folder.parent, ignore_errors=True)  # what was made of an older text
        folder.parent.mkdir()
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            _compile(Path(scratch)).replace(folder)
    except (OSError, subprocess.SubprocessError) as error:
        if not folder.exists():  # else another did it meanwhile
            said = (getattr(error, "stderr", None) or getattr(error, "stdout", None) or str(error)).strip().splitlines()
            return f"The fold could not be compiled ({said[-1] if said else type(error).__name__}): {without}"
    return DONE


def _compile(scratch: Path) -> Path:
    """The folder with what mypyc makes of copies of the modules, and nothing else."""
    package = scratch / "modelwright" / "learner"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    for name in MODULES:
        shutil.copy(HERE / f"{name}.py", package)
    # The types of other modules are not followed: it would take minutes, and no gain of it could be measured.
    subprocess.run(
        [
            sys.executable, "-m", "mypyc", "--config-file=", "--follow-imports=skip", "--ignore-missing-imports",
            *(f"modelwright/learner/{name}.py" for name in MODULES),
        ],
        cwd=scratch, env={**os.environ, "CFLAGS": CFLAGS, "MYPYC_OPT_LEVEL": "2", "MYPYC_DEBUG_LEVEL": "0"},
        check=True, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    for source in package.glob("*.py"):
        source.unlink()
    for library in scratch.glob(f"*{SUFFIX}"):
        library.replace(package / library.name)
    return package


if __name__ == "__main__":
    print(compile_modules())
