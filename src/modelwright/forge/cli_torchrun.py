"""The door for torchrun: `torchrun --nproc-per-node 2 -m modelwright.forge.cli_torchrun RECIPE [--folder F] [--set table.key=value]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modelwright.errors import ModelwrightError


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("recipe")
    options.add_argument("--folder", type=Path)
    options.add_argument("--set", action="append", default=[], help="table.key=value")
    given = options.parse_args()
    from modelwright.forge.distributed import train_recipe
    from modelwright.forge.parts import Parts

    try:
        train_recipe(given.recipe, given.folder, dict(word.partition("=")[::2] for word in given.set), Parts())
    except ModelwrightError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
