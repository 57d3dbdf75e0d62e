"""A run on the terminal: one line for what happens, one table row now and then for the numbers; and TensorBoard if asked."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console

from modelwright.forge.data.shards import Progress
from modelwright.forge.errors import ForgeError
from modelwright.forge.train import Evaluation, Sample, Saved, Step


class Screen:
    """`say` prints a line, `event` shows a measurement. A step is shown at most every two seconds."""

    def __init__(self, tensorboard: Path | None = None, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.shown = 0.0
        self.writer: Any = None
        self.folder = tensorboard

    def __enter__(self) -> Screen:
        if self.folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise ForgeError("TensorBoard's files need its package: pip install tensorboard, or leave the option away.") from None

            self.writer = SummaryWriter(str(self.folder / "tensorboard"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.writer is not None:
            self.writer.close()

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)

    def event(self, event: Any) -> None:
        if isinstance(event, Step):
            self._numbers(event)
            now = time.monotonic()
            if now - self.shown >= 2 or event.step == 1:
                self.shown = now
                router = ""
                if event.router_entropy is not None:
                    router = f"  router {event.router_entropy:.2f} / {event.most_loaded:.1f}x / {event.dead_experts} dead"
                self.say(
                    f"  step {event.step:>6}  loss {event.loss:.4f}  rate {event.lr:.0e}  |g| {event.grad_norm:.2f}  "
                    f"{event.tokens_per_second:,.0f} tok/s  mfu {event.mfu:.0%}{router}"
                )
        elif isinstance(event, Evaluation):
            self._numbers(event)
            self.say(f"  step {event.step:>6}  held out: loss {event.val_loss:.4f}, {event.bits_per_byte:.3f} bits per byte")
        elif isinstance(event, Sample):
            self.say(f"  step {event.step:>6}  {event.prompt!r} goes on: {event.text!r}")
            if self.writer is not None:
                self.writer.add_text(event.prompt, event.text, event.step)
        elif isinstance(event, Saved):
            self.say(f"  saved {event.folder}")
        elif isinstance(event, Progress):
            now = time.monotonic()
            if now - self.shown >= 2:
                self.shown = now
                self.say(f"  {event.documents:,} documents, {event.tokens:,} tokens")
        elif isinstance(event, str):
            self.say(f"  {event}")
        else:
            self._numbers(event)
            if dataclasses.is_dataclass(event) and time.monotonic() - self.shown >= 2:
                self.shown = time.monotonic()
                shown = [
                    f"{field.name.replace('_', ' ')} {value:.4g}" if isinstance(value, float) else f"{field.name.replace('_', ' ')} {value}"
                    for field in dataclasses.fields(event)
                    if isinstance(value := getattr(event, field.name), int | float | str) and len(str(value)) < 60 and value == value
                ]
                self.say("  " + "  ".join(shown))

    def _numbers(self, event: Any) -> None:
        if self.writer is None or not dataclasses.is_dataclass(event) or not hasattr(event, "step"):
            return
        for field in dataclasses.fields(event):
            value = getattr(event, field.name)
            if isinstance(value, int | float) and field.name != "step":
                self.writer.add_scalar(f"{type(event).__name__.lower()}/{field.name}", value, event.step)
