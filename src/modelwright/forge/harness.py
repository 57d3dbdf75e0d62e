"""A forge model for EleutherAI's `lm-evaluation-harness`: its three questions answered, so that its hundreds of tasks can be run.

    from modelwright.forge.harness import HarnessModel
    import lm_eval
    lm_eval.simple_evaluate(HarnessModel.load("runs/evening"), tasks=["arc_easy"])

The package need not be installed to import this; where it is, `HarnessModel` is a `lm_eval.api.model.LM`. What is longer than the context
loses its beginning, as with the harness's own models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelwright.forge.evaluate import GrokSystem, windows
from modelwright.forge.tokenizer import END

try:
    from lm_eval.api.model import LM as _Base
except ImportError:  # used alone, or in tests
    _Base = object


class HarnessModel(_Base):  # type: ignore[misc]
    """Requests are anything with `.args`: the harness's `Instance`, or a stand-in."""

    def __init__(self, system: GrokSystem, batch_size: int = 16) -> None:
        super().__init__()
        self.system, self.batch_size = system, batch_size

    @classmethod
    def load(cls, folder: str | Path, batch_size: int = 16) -> HarnessModel:
        return cls(GrokSystem.load(Path(folder)), batch_size)

    def loglikelihood(self, requests: Sequence[Any], **_: Any) -> list[tuple[float, bool]]:
        """(context, continuation) -> its log-probability, and whether each of its tokens was the likeliest."""
        pairs = []
        for context, continuation in (request.args for request in requests):
            before, after = self._encode_pair(context, continuation)
            room = self.system.context - len(after)
            pairs.append(([END, *before][-max(1, room) :], after[-(self.system.context - 1) :]))
        return self.system.continuations(pairs)

    def loglikelihood_rolling(self, requests: Sequence[Any], **_: Any) -> list[float]:
        """(text,) -> the log-probability of all of it, in windows that do not overlap."""
        found = []
        for (text,) in (request.args for request in requests):
            rows = windows(self.system.tokenizer.encode(text), self.system.context)
            found.append(sum(sum(row) for row in self.system.log_probs(rows)))
        return found

    def generate_until(self, requests: Sequence[Any], **_: Any) -> list[str]:
        """(context, {"until": […], "max_gen_toks": …, "temperature": …}) -> the text up to a stop."""
        found = []
        for context, options in (request.args for request in requests):
            until = options.get("until") or []
            stop = (until,) if isinstance(until, str) else tuple(until)
            temperature = float(options.get("temperature", 0.0)) if options.get("do_sample", "temperature" in options) else 0.0
            wanted = min(int(options.get("max_gen_toks", 256)), self.system.context - 1)
            found.append(self.system.complete([context], wanted, stop=stop, temperature=temperature)[0])
        return found

    def _encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """The space between the two belongs to the continuation, since tokens begin with theirs."""
        spaces = len(context) - len(context.rstrip())
        if spaces:
            continuation = context[-spaces:] + continuation
            context = context[:-spaces]
        encode = self.system.tokenizer.encode
        whole, before = encode(context + continuation), encode(context)
        if whole[: len(before)] == before and len(whole) > len(before):
            return before, whole[len(before) :]
        return before, encode(continuation)

    @property
    def tokenizer_name(self) -> str:
        return "modelwright"

    @property
    def rank(self) -> int:
        return 0

    @property
    def world_size(self) -> int:
        return 1
