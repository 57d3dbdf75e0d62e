"""What comes in is held to one schema with bounds for every field: a line outside it is refused at the door, by its number."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from anything import data_of, line
from modelwright.journal import BadEventError, Journal
from modelwright.journal import events as e
from modelwright.journal.checks import fsrs_bounds
from modelwright.journal.upgrades import KINDS, kind_of

GOOD = b'{"id":"%032d","at":5,"data":{"kind":"lesson-opened","lesson":"a/b"}}'
FIT = [(low + high) / 2 for low, high in fsrs_bounds()]
BIG = "9" * 400


def raw(data: str, rest: str = '"at":5') -> str:
    return f'{{"id":"{7:032d}",{rest},"data":{data}}}'


OPENED = '{"kind":"lesson-opened","lesson":"a/b"}'
ITEM = (
    '{"kind":"item-answered","item":"a/b","skills":["a/b"],"right":true,"seconds":9,"item_kind":"choose","setting":"exam","difficulty":%s}'
)
OUT_OF_BOUNDS = {
    "a parameter of the memory beyond FSRS's own bounds": raw(msgspec.json.encode({"kind": "memory-fitted", "parameters": [*FIT[:-1], 5.0]}).decode()),
    "too few parameters": raw('{"kind":"memory-fitted","parameters":[1,2,3]}'),
    "a difficulty of 1e308": raw(ITEM % "1e308"),
    "a difficulty that no float holds": raw(ITEM % "1e400"),
    "an offset of 10^25": raw(OPENED, '"at":5,"tz":10000000000000000000000000'),
    "an offset of 27 hours": raw(OPENED, '"at":5,"tz":1620'),
    "a time long before 1970": raw(OPENED, '"at":-9000000000000000000'),
    "the year 10,000": raw(OPENED, '"at":253402300800000'),
    "a time of 400 digits": raw(OPENED, f'"at":{BIG}'),
    "a version of 400 digits": raw(OPENED, f'"at":5,"version":{BIG}'),
    "a learner of no name": raw(OPENED, '"at":5,"learner":""'),
    "a learner with an escape sequence": raw(OPENED, '"at":5,"learner":"\\u001b[2J"'),
    "an id of a megabyte": raw(f'{{"kind":"lesson-opened","lesson":"{"x" * 1_000_000}"}}'),
    "negative seconds": raw('{"kind":"lesson-finished","lesson":"a/b","seconds":-1}'),
    "a week of 500 hours": raw('{"kind":"enrolled","name":"A","hours_per_week":500}'),
    "a name that no commit can carry": raw('{"kind":"enrolled","name":"A <b>\\n","hours_per_week":5}'),
    "the thirtieth of February": raw('{"kind":"enrolled","name":"A","hours_per_week":5,"deadline":"2028-02-30"}'),
    "a deadline in digits of another script": raw('{"kind":"goals-changed","deadline":"２０２８-01-01"}'),
    "a self-report of 7": raw('{"kind":"enrolled","name":"A","hours_per_week":5,"background":{"m":7}}'),
    "a retention of 2": raw('{"kind":"goals-changed","retention":2}'),
    "a probability of 7": raw('{"kind":"placed","skills":{"a/b":7},"by":"test"}'),
    "a fourth hint": raw('{"kind":"hint-taken","lab":"a/b","number":4}'),
    "a negative seed": raw('{"kind":"problem-answered","problem":"a/b","seed":-1,"skills":[],"answer":"","right":true,"seconds":1}'),
    "reviews that are not pairs": raw('{"kind":"reviews-imported","source":"anki","file":"f","reviews":1,"cards":{"c":[1,2,3]}}'),
    "a rating of 9": raw('{"kind":"reviews-imported","source":"anki","file":"f","reviews":1,"cards":{"c":[1,9]}}'),
    "a forecast for the year 300,000": raw('{"kind":"forecast-made","finish":{"q50":9000000000000000}}'),
    "an undo of what is no id": raw('{"kind":"import-undone","events":["' + "Z" * 32 + '"]}'),
    "JSON nested 200,000 deep": raw('{"kind":"note-written","target":"a/b","text":"x","more":' + "[" * 200_000 + "]" * 200_000 + "}"),
    "a verdict nested 100 deep": raw(
        '{"kind":"lab-submitted","lab":"a/b","skills":[],"passed":true,"checks_passed":1,"checks_total":1,"seconds":1,"source_sha256":"",'
        '"verdict":{"a":' + "[" * 100 + "]" * 100 + "}}"
    ),
    "brackets that never end": "[" * 200_000,
    "half a character": raw('{"kind":"note-written","target":"a/b","text":"half \\ud83d"}'),
    "not UTF-8": raw('{"kind":"note-written","target":"a/b","text":"?"}').replace("?", "\udcff"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", OUT_OF_BOUNDS.values(), ids=OUT_OF_BOUNDS.keys())
def test_a_line_out_of_bounds_is_refused_by_its_number_and_nothing_comes_in(journal: Journal, wrong: str) -> None:
    file = io.BytesIO(GOOD % 1 + b"\n\n" + wrong.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(BadEventError, match=r"^Line 3 cannot be imported, and nothing was: ") as refused:
        journal.import_(file)
    assert len(str(refused.value)) < 700
    assert str(refused.value).isprintable()
    assert journal.last_seq() == 0
    assert journal.imports() == []


@pytest.mark.parametrize(
    "wrong",
    [
        e.MemoryFitted(parameters=[99.0] * 21),
        e.Enrolled(name="Ada", hours_per_week=1e9),
        e.ItemAnswered(item="a", skills=[], right=True, seconds=1, item_kind="choose", difficulty=1e308, setting="exam"),
        e.NoteWritten(target="a" * 300, text=""),
    ],
)
def test_the_program_itself_cannot_record_what_is_out_of_bounds(journal: Journal, wrong: e.Data) -> None:
    with pytest.raises(BadEventError, match="nothing was"):
        journal.append(wrong)
    with pytest.raises(BadEventError, match="nothing was"):
        journal.append(e.LessonOpened(lesson="a/b"), at=10**15)
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(BadEventError, match="deep in one another"):
        journal.append(
            e.LabSubmitted(
                lab="a", skills=[], passed=True, checks_passed=1, checks_total=1, seconds=1, source_sha256="", verdict={"x": deep}
            )
        )
    assert journal.last_seq() == 0


def test_brackets_in_a_text_and_many_checks_side_by_side_are_no_depth(journal: Journal) -> None:
    verdict = {"checks": [{"name": "[" * 300 + '"\\' + "{" * 300}] * 200}
    data = e.LabSubmitted(lab="a", skills=[], passed=False, checks_passed=0, checks_total=200, seconds=1, source_sha256="", verdict=verdict)
    journal.append(data)
    assert [event.data for _, event in journal.events()] == [data]


def unbounded(type: Any, where: str) -> Iterator[str]:
    match type:
        case inspect.StrType(max_length=longest):
            if longest is None:
                yield where
        case inspect.IntType(ge=low, le=high) | inspect.FloatType(ge=low, le=high):
            if low is None or high is None:
                yield where
        case inspect.ListType(item_type=item, max_length=longest):
            if longest is None:
                yield where
            yield from unbounded(item, where + "[]")
        case inspect.DictType(key_type=key, value_type=value, max_length=longest):
            if longest is None:
                yield where
            yield from unbounded(key, where + " keys")
            yield from unbounded(value, where + " values")
        case inspect.UnionType(types=types):
            for one in types:
                yield from unbounded(one, where)
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from unbounded(field.type, f"{where}.{field.encode_name}")
        case inspect.LiteralType() | inspect.BoolType() | inspect.NoneType():
            pass
        case _:
            yield where


def test_every_field_of_every_event_has_bounds() -> None:
    """But for those that are held elsewhere: the id and the parameters by a check, the version by the reader, a verdict as a whole."""
    found = set(unbounded(inspect.type_info(e.Event), "event"))
    assert found == {"event.id", "event.version", "event.data.parameters[]", "event.data.verdict keys", "event.data.verdict values"}


@settings(max_examples=8, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_lies_within_the_bounds_comes_in_and_goes_out_as_it_was(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    lines = [line(n, data.draw(data_of(kind, ["a/b"])), 5 + n, 0) for n, kind in enumerate(KINDS)]
    with Journal.open(tmp_path_factory.mktemp("in") / "a.db") as one, Journal.open(tmp_path_factory.mktemp("in") / "b.db") as two:
        assert one.import_(io.BytesIO(b"\n".join(lines))).added == len(KINDS)
        assert one.verify().ok
        out = io.BytesIO()
        one.export(out)
        two.import_(io.BytesIO(out.getvalue()))
        assert [event for _, event in two.events()] == [event for _, event in one.events()]


def test_an_order_mark_and_unicodes_own_line_ends_are_no_trouble(journal: Journal, tmp_path: Path) -> None:
    text = "one\u2028two\u2029three\x85four"
    body = raw(msgspec.json.encode({"kind": "note-written", "target": "a/b", "text": text}).decode())
    for n, lines in enumerate((io.BytesIO(b"\xef\xbb\xbf" + body.encode() + b"\r\n"), io.StringIO("\ufeff" + body + "\n"))):
        with Journal.open(tmp_path / f"{n}.db") as into:
            assert into.import_(lines).added == 1
            assert [event.data for _, event in into.events()] == [e.NoteWritten(target="a/b", text=text)]


def test_a_line_without_end_is_refused(journal: Journal) -> None:
    class Endless(io.RawIOBase):
        def readline(self, size: int | None = -1) -> bytes:
            return b"x" * (size or 0)

    with pytest.raises(BadEventError, match="Line 1 .* longer than 64 MB"):
        journal.import_(Endless())


def test_the_kinds_of_the_strategy_are_all_kinds() -> None:
    assert len({kind_of(kind) for kind in KINDS}) == len(KINDS) == 30
