"""Draws the pictures of the README from real pages: a learner of some weeks, the studio, a browser, three screenshots.

    python docs/images/draw.py        (takes a minute or two; needs Chromium and Pillow)

The history is made by `tests/web/lived.py` with a fixed seed; the code in the lab is one of its plausible wrong solutions.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "tests" / "web"), str(HERE.parents[1] / "tests")]

from conftest import LAUNCH, Served  # noqa: E402
from lived import live  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from modelwright.studio import Studio  # noqa: E402

LAB = "linear-algebra/softmax"


def shoot(page: Any, name: str) -> None:
    from PIL import Image

    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(HERE / f"{name}.png", optimize=True)
    print(f"{name}.png: {(HERE / f'{name}.png').stat().st_size // 1000} kB")


def main() -> None:
    own = "/usr/bin/chromium"
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as lived, tempfile.TemporaryDirectory() as fresh:
        browser = playwright.chromium.launch(executable_path=own if Path(own).exists() else None, args=LAUNCH)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce")
        live(Path(lived), days=24)
        with Studio.open(lived) as studio:
            served = Served(studio)
            page.goto(served.url)
            shoot(page, "today")
            page.set_viewport_size({"width": 1280, "height": 1150})
            page.goto(served.url + "/skills")
            shoot(page, "skill-map")
            served.stop()
        with Studio.open(fresh) as studio:
            studio.enrol("Ada", 7)
            wrong = (studio.curriculum.labs[LAB].folder / "wrong" / "largest_of_the_whole_array.py").read_text("utf-8")
            studio.hand_in(LAB, source=wrong.split('"""', 2)[2].lstrip())
            served = Served(studio)
            page.set_viewport_size({"width": 1280, "height": 1300})
            page.goto(served.url + "/lab/" + LAB)
            page.wait_for_selector(".cm-content")
            shoot(page, "lab")
            served.stop()
        browser.close()


if __name__ == "__main__":
    main()
