"""The fold as machine code, where there is a compiler: mypyc compiles the very modules that Python would run.

`make install` does it (`compiling`) and keeps what comes of it beside the modules, under a name that follows from their text: whoever
changes one runs what they wrote. Nothing needs it. Without a compiler, or with MODELWRIGHT_NATIVE=0, Python runs these modules, to the
same bits, in about twice the time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

MODULES = ("fsrs", "traces", "recall", "filtering", "folding")  # what every event of a fold runs through, and nothing else
HERE = Path(__file__).parent
SUFFIX = EXTENSION_SUFFIXES[0]  # names this Python and this machine
CFLAGS = "-ffp-contract=off"  # a product and a sum are never fused into one rounding: the bits are those of Python's own arithmetic


def place() -> Path:
    """The folder for these modules as they are written now."""
    what = hashlib.sha256(f"{CFLAGS} {SUFFIX} {sys.version}".encode())
    for name in MODULES:
        what.update((HERE / f"{name}.py").read_bytes())
    return HERE / ".made" / what.hexdigest()[:16]


def found() -> list[str]:
    """The folder to import from before this one: none, where nothing was compiled or it cannot be loaded."""
    if os.environ.get("MODELWRIGHT_NATIVE") == "0":
        return []
    try:
        folder = place()
        # The modules are small doors to one library, which they import by its name.
        for file in folder.glob(f"*__mypyc{SUFFIX}"):
            name = file.name.removesuffix(SUFFIX)
            spec = spec_from_file_location(name, file)
            if spec and spec.loader:
                library = module_from_spec(spec)
                spec.loader.exec_module(library)
                sys.modules[name] = library
                return [str(folder)]
    except (ImportError, OSError):
        pass
    return []
