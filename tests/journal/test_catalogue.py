"""docs/events.md and the types say the same."""

import re
from pathlib import Path

import msgspec

from modelwright.journal.events import Event
from modelwright.journal.upgrades import KINDS, Reader, kind_of

PAGE = (Path(__file__).parents[2] / "docs/events.md").read_text(encoding="utf-8")


def test_the_catalogue_names_every_kind_and_every_field() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*)$", PAGE, re.M))
    for kind in KINDS:
        row = rows[kind_of(kind)]
        for field in msgspec.structs.fields(kind):
            assert f"`{field.encode_name}`" in row, (kind_of(kind), field.encode_name)
    for field in msgspec.structs.fields(Event):
        assert field.encode_name in rows


def test_the_catalogues_example_is_an_event() -> None:
    example = re.search(r"```json\n(.*)\n```", PAGE)
    assert example
    assert kind_of(Reader().read(example[1]).data) == "card-reviewed"
