"""A C file of the forge as a library: compiled once with the machine's own compiler, and kept in the user's cache.

Nothing needs it: whoever asks gets None where there is no compiler, on other systems than Linux, or with MODELWRIGHT_NATIVE=0, and then
does with PyTorch's operations.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def compiled(name: str, flags: tuple[str, ...], signatures: Mapping[str, tuple[Any, ...]]) -> ctypes.CDLL | None:
    """The functions of a C file beside this one. The library's name depends on its source, the flags, the compiler and the processor."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if os.environ.get("MODELWRIGHT_NATIVE") == "0" or compiler is None or platform.system() != "Linux":
        return None
    # PyTorch brings its own OpenMP; a second one would have its own threads, and the two would fight for the cores.
    found = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*.so*"))
    if not found:
        return None
    source = Path(__file__).with_name(name)
    what = source.read_bytes() + " ".join((*flags, compiler, str(found[0]), _processor())).encode()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelwright"
    file = cache / f"{source.stem}-{hashlib.sha256(what).hexdigest()[:16]}.so"
    try:
        if not file.exists():
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                made = str(Path(folder) / "made")
                for command in ((*flags, "-c", str(source), "-o", f"{made}.o"), ("-shared", f"{made}.o", str(found[0]), "-lm", "-o", made)):
                    subprocess.run([compiler, *command], check=True, capture_output=True, timeout=120)
                Path(made).replace(file)
        loaded = ctypes.CDLL(str(file))
        for function, types in signatures.items():
            getattr(loaded, function).argtypes = types
            getattr(loaded, function).restype = None
        return loaded
    except (OSError, subprocess.SubprocessError, AttributeError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        return platform.machine()
