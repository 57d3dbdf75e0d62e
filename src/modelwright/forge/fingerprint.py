"""One hash of how a conversation becomes tokens, so that a model tuned on one format is never served with another.

It covers the tokenizer as it is on disk (its pre-tokenisation pattern and merges) and the template, by what both make of one probe
conversation with every kind of turn in it. Tuning writes it into the checkpoint; `checkpoint.load_model` compares it. A change of either
side after tuning is otherwise silent: the model still talks, only worse.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from modelwright.forge import template
from modelwright.forge.errors import CheckpointError
from modelwright.forge.template import Call, Message, RenderTurns, Tool, render_turns
from modelwright.forge.tokenizer import PATTERN, SPECIALS, Tokenizer

_PROBE = (
    Message("system", "Be brief.\n\n  Say 'no' if it isn't so."),
    Message("user", "What's 12 + 34?\tÄ 🦉 <|end|>"),
    Message("assistant", "46", think="2 + 4 = 6; 1 + 3 = 4"),
    Message("user", "And the weather?"),
    Message("assistant", "", calls=(Call("weather", '{"city": "Oslo"}'),)),
    Message("tool", "rain"),
    Message("assistant", "Rain."),
)


def fingerprint(tokenizer: Tokenizer, part: RenderTurns = render_turns) -> dict[str, str]:
    """{"tokenizer": …, "template": …}, two hashes, so that a mismatch can say which side changed."""
    pieces = json.dumps([PATTERN, SPECIALS, tokenizer.to_json()])
    rendered = template.render(_PROBE, tokenizer, [Tool("weather", "in a city", {"type": "object"})], part=part)
    prompted = template.prompt(_PROBE, tokenizer, think=True, part=part)
    shape = json.dumps([rendered.tokens, rendered.mask, prompted])
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in (("tokenizer", pieces), ("template", shape))}


def check_fingerprint(meta: Mapping[str, Any], tokenizer: Tokenizer | None, where: str) -> None:
    """Refuse a tuned model whose tokenizer or template is not the one that it was tuned with. A base model has nothing to compare."""
    recorded = meta.get("chat")
    if not recorded:
        return
    if tokenizer is None:
        raise CheckpointError(f"{where} was tuned for conversation but has no tokenizer.json; put back the one it was tuned with")
    now = fingerprint(tokenizer)
    # A changed tokenizer changes the rendered ids too, so it is named first.
    for side in ("tokenizer", "template"):
        if recorded.get(side) != now[side]:
            raise CheckpointError(
                f"{where} was tuned with another {side} than this one, so it would be served a format it has never seen; "
                + ("put back its tokenizer.json" if side == "tokenizer" else "tune it again")
            )
