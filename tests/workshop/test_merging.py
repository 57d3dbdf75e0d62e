"""Two changes of one file: joined where they do not meet, refused where they do, and never a line lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelwright.workshop.merging import difference, merged

LINES = st.lists(st.sampled_from("abcdef"), max_size=8).map(lambda lines: "".join(line + "\n" for line in lines))


def test_changes_that_do_not_meet_are_joined() -> None:
    assert merged("a\nb\nc\n", "a\nb\nC\n", "A\nb\nc\n") == "A\nb\nC\n"


def test_changes_of_one_line_are_not() -> None:
    assert merged("a\n", "b\n", "c\n") is None
    assert "-c\n+b" in difference("c\n", "b\n", "outside", "here")


@given(base=LINES, mine=LINES)
def test_where_only_one_changed_it_is_theirs(base: str, mine: str) -> None:
    assert merged(base, mine, base) == mine
    assert merged(base, base, mine) == mine
    assert merged(base, mine, mine) == mine


@given(base=LINES, mine=LINES, theirs=LINES)
def test_what_either_added_is_there(base: str, mine: str, theirs: str) -> None:
    both = merged(base, mine + "mine\n", "theirs\n" + theirs)
    if both is not None:
        assert both.startswith("theirs\n")
        assert "mine\n" in both
