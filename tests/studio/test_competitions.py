"""A competition from its beginning to its end: what is recorded, what is refused, and what closing it shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_competition
import tiny_curriculum
from modelwright.arena import EntryError
from modelwright.journal import events as e
from modelwright.studio import Studio, StudioError, Unknown
from turned_clock import Clock

COINS = tiny_competition.ID
HALF = b"def predict(train, test):\n    return [0.5] * len(test)\n"
BETTER = b"def predict(train, test):\n    return 1 / (1 + 2.718 ** (-1.3 * test['bend']))\n"


@pytest.fixture(scope="module")
def with_coins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_curriculum.build(tmp_path_factory.mktemp("with-coins"))
    tiny_competition.add(folder)
    return folder


@pytest.fixture
def studio(home: Path, with_coins: Path, clock: Clock) -> Iterator[Studio]:
    with Studio.open(home, with_coins, now=clock) as studio:
        studio.enrol("Ada", 6)
        yield studio


def recorded(studio: Studio) -> list[e.Data]:
    return [event.data for _, event in studio.journal.events() if isinstance(event.data, (e.CompetitionEntry, e.CompetitionClosed))]


def test_a_competition_is_begun_entered_and_closed_and_another_studio_sees_the_same(studio: Studio, home: Path, with_coins: Path) -> None:
    begun = studio.begin_competition(COINS)
    folder = Path(begun.folder)
    assert {"train.csv", "test.csv", "entry.py", "README.md", "sample_submission.csv"} <= {path.name for path in folder.iterdir()}
    assert b"heads" not in (folder / "test.csv").read_bytes()
    studio.measure_ghosts(COINS)
    first = studio.enter(COINS, "half.py", HALF, validation=0.69)
    second = studio.enter(COINS, "better.py", BETTER, validation=0.55, note="the bend")
    assert (second.rank, first.left_today, second.left_today) == (2, 2, 1)
    assert second.compared.startswith("It is better than entry 1 by ")
    assert "enough to say so" in second.compared
    board = studio.competition(COINS).board
    assert [line.title for line in board] == ["The reference", "2. better.py", "One in two", "1. half.py"]
    assert [line.rank for line in board] == [1, 2, 3, 3]
    closed = studio.close_competition(COINS)
    assert closed.shake is not None
    assert [move.title for move in closed.shake.moves][:2] == ["The reference", "2. better.py"]
    assert any("trusting the board would have been right" in sentence for sentence in closed.shake.sentences)
    with Studio.open(home, with_coins) as other:
        assert other.competition(COINS).shake == closed.shake
    with pytest.raises(StudioError, match="is closed"):
        studio.enter(COINS, "third.py", HALF + b"# third\n")
    with pytest.raises(StudioError, match="closed already"):
        studio.close_competition(COINS)


def test_what_cannot_be_scored_is_not_recorded_and_takes_none_of_the_days_entries(studio: Studio) -> None:
    for name, content in (("a.csv", b"id,heads\n"), ("a.py", b"x = 1\n"), ("a.pkl", b"\x80\x04x"), ("a.py", b"")):
        with pytest.raises(EntryError):
            studio.enter(COINS, name, content)
    assert recorded(studio) == []
    assert studio.competition(COINS).left_today == 3


def test_a_day_has_so_many_entries_and_the_next_one_as_many_again(studio: Studio, clock: Clock) -> None:
    for number in range(3):
        studio.enter(COINS, "half.py", HALF + b"#" * number)
    with pytest.raises(StudioError, match="3 entries today"):
        studio.enter(COINS, "half.py", HALF + b"# once more")
    clock.pass_(days=1)
    assert studio.competition(COINS).left_today == 3
    studio.enter(COINS, "half.py", HALF + b"# once more")


def test_the_next_days_entries_come_at_four_in_the_morning_and_not_at_midnight(studio: Studio, clock: Clock) -> None:
    for number in range(3):
        studio.enter(COINS, "half.py", HALF + b"#" * number)
    clock.pass_(hours=25 - time.localtime(clock.now / 1000).tm_hour)  # past one at night
    assert studio.competition(COINS).left_today == 0
    clock.pass_(hours=4)
    assert studio.competition(COINS).left_today == 3


def test_the_same_file_is_handed_in_once(studio: Studio) -> None:
    studio.enter(COINS, "half.py", HALF)
    with pytest.raises(EntryError, match="handed in before, as entry 1"):
        studio.enter(COINS, "renamed.py", HALF)


def test_who_has_the_labels_is_set_aside_and_stands_on_no_board(studio: Studio) -> None:
    from modelwright.arena import material

    drawn = material(studio.curriculum.competitions[COINS])
    rows = "".join(f"{id},{0.99 if label else 0.01}\n" for id, label in zip(drawn.ids, drawn.truth, strict=True))
    came = studio.enter(COINS, "mine.csv", ("id,heads\n" + rows).encode())
    assert came.rank is None
    assert "has seen labels" in came.set_aside
    studio.enter(COINS, "half.py", HALF)
    shake = studio.close_competition(COINS).shake
    assert shake is not None
    assert [move.title for move in shake.moves] == ["2. half.py"]


def test_files_that_the_learner_changed_stay_when_it_is_begun_again(studio: Studio) -> None:
    folder = Path(studio.begin_competition(COINS).folder)
    (folder / "entry.py").write_text("# mine\n")
    (folder / "train.csv").write_text("spoiled\n")
    studio.begin_competition(COINS)
    assert (folder / "entry.py").read_text() == "# mine\n"
    assert (folder / "train.csv").read_text().startswith("id,bend,heads")
    page = studio.write_up(COINS)
    page.write_text("what I did\n")
    assert studio.write_up(COINS).read_text() == "what I did\n"


def test_predictions_that_are_gone_are_told_and_the_others_still_count(studio: Studio, home: Path) -> None:
    first = studio.enter(COINS, "half.py", HALF)
    studio.enter(COINS, "better.py", BETTER)
    (home / "arena" / COINS / f"{first.name}.npy").unlink()
    shake = studio.close_competition(COINS).shake
    assert shake is not None
    assert shake.lost == ("half.py",)
    assert [move.title for move in shake.moves] == ["2. better.py"]


def test_where_an_entry_cannot_be_kept_nothing_is_recorded(studio: Studio, home: Path) -> None:
    (home / "arena").write_text("a file where a folder should be")
    with pytest.raises(StudioError, match="was not handed in"):
        studio.enter(COINS, "half.py", HALF)
    assert recorded(studio) == []


def test_closing_needs_an_entry_and_a_name_that_exists(studio: Studio) -> None:
    with pytest.raises(StudioError, match="Hand in an entry first"):
        studio.close_competition(COINS)
    with pytest.raises(Unknown, match="bent-coins"):
        studio.competition("bent-coin")


def test_an_entry_that_was_scored_on_other_data_keeps_its_score_and_does_not_compare(home: Path, tmp_path: Path, clock: Clock) -> None:
    folder = tiny_curriculum.build(tmp_path / "course")
    data = tiny_competition.add(folder) / "data.py"
    with Studio.open(home, folder, now=clock) as studio:
        studio.enrol("Ada", 6)
        studio.enter(COINS, "half.py", HALF)
    data.write_text(data.read_text().replace("1.5 * bend", "1.7 * bend"))
    with Studio.open(home, folder, now=clock) as studio:
        (line,) = studio.competition(COINS).board
        assert line.score is None
        assert "scored on other data" in line.why
        came = studio.enter(COINS, "better.py", BETTER)
        assert (came.rank, came.compared) == (1, "")
        shake = studio.close_competition(COINS).shake
        assert shake is not None
        assert [move.title for move in shake.moves] == ["2. better.py"]
        assert shake.lost == ()
    data.write_text(data.read_text().replace("1.7 * bend", "1.9 * bend"))
    with Studio.open(home, folder, now=clock) as studio:
        again = studio.competition(COINS).shake
        assert again is not None
        assert [move.title for move in again.moves] == ["2. better.py"]


def test_a_page_does_not_wait_until_the_data_are_drawn(
    studio: Studio, home: Path, with_coins: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.enter(COINS, "half.py", HALF)
    shown = studio.competition(COINS)

    def refuse(*_: object) -> None:
        raise AssertionError("the data were drawn")

    monkeypatch.setattr("modelwright.arena.material", refuse)
    with Studio.open(home, with_coins, now=clock) as other:
        assert other.competition(COINS) == shown
        assert other.competitions()[0].rank == 1
    with Studio.open(home.with_name("another"), with_coins, now=clock) as fresh:
        fresh.enrol("Bo", 6)
        assert fresh.competition(COINS).board == ()  # nobody began it there
