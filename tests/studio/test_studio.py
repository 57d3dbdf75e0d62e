"""What a person can do in the studio, and what they can rely on."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.journal import Journal
from modelwright.journal import events as e
from modelwright.studio import NotEnrolled, Studio, StudioError, Unknown
from modelwright.studio.errors import NotYet
from turned_clock import Clock

DOUBLING, WEIGHTS = "tiny-maths/doubling", "tiny-maths/weights"


def right_answer(question: str) -> int:
    return 2 * int(re.search(r"(\d+)\$", question)[1])  # type: ignore[index]


def answer_rightly(studio: Studio, times: int = 1) -> None:
    for _ in range(times):
        view = studio.problem(tiny.PROBLEM)
        assert studio.answer(tiny.PROBLEM, view.seed, str(right_answer(view.question))).right


def kinds(studio: Studio) -> list[str]:
    return [type(event.data).__name__ for _, event in studio.journal.events()]


# Enrolling


def test_nothing_personal_is_answered_before_somebody_is_enrolled(home: Path, curriculum_folder: Path) -> None:
    with Studio.open(home, curriculum_folder) as studio:
        assert not studio.enrolled
        for question in (studio.today, studio.next, studio.reviews, studio.forecast, lambda: studio.lab(tiny.LAB)):
            with pytest.raises(NotEnrolled, match="modelwright enrol"):
                question()


def test_the_road_can_be_seen_before_anybody_is_enrolled(home: Path, curriculum_folder: Path) -> None:
    with Studio.open(home, curriculum_folder) as studio:
        assert studio.plan().skills == 2
        assert studio.skill_map().nodes
        assert studio.module("tiny-maths").lessons
        assert studio.library().books
        assert studio.lesson(tiny.LESSON).title == "What doubling does"
        assert studio.problem(tiny.PROBLEM).question
        assert not studio.status().enrolled


def test_enrolling_makes_a_workshop_under_the_learners_name(studio: Studio, home: Path) -> None:
    log = subprocess.run(["git", "log", "--format=%an"], cwd=home / "workshop", capture_output=True, text=True, check=True).stdout
    assert log.split() == ["Ada"]
    assert studio.settings().name == "Ada"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"name": "  ", "hours_per_week": 5}, "A name is needed"),
        ({"name": "Ada", "hours_per_week": 0}, "between 0.5 and 80"),
        ({"name": "Ada", "hours_per_week": 5, "deadline": "soon"}, "is not a date"),
        ({"name": "Ada", "hours_per_week": 5, "deadline": "2001-01-01"}, "has passed"),
        ({"name": "Ada", "hours_per_week": 5, "background": {"tiny-maths": 7}}, "0 .* to 3"),
        ({"name": "Ada", "hours_per_week": 5, "background": {"tiny-math": 1}}, "Did you mean tiny-maths"),
    ],
)
def test_an_enrolment_that_makes_no_sense_is_refused_and_not_recorded(
    home: Path, curriculum_folder: Path, words: dict, sentence: str
) -> None:
    with Studio.open(home, curriculum_folder) as studio:
        with pytest.raises(StudioError, match=sentence):
            studio.enrol(**words)
        assert not studio.enrolled


def test_goals_can_be_changed_one_at_a_time(studio: Studio) -> None:
    studio.change_goals(hours_per_week=9)
    settings = studio.change_goals(deadline="2099-01-01", books={"tiny-maths": "tiny-maths/smaller-numbers"})
    assert (settings.hours_per_week, settings.deadline, settings.books[0].chosen) == (9, "2099-01-01", "tiny-maths/smaller-numbers")
    assert studio.change_goals(deadline="").deadline is None
    with pytest.raises(StudioError, match="not optional"):
        studio.change_goals(skipped=["tiny-maths"])


# The evening


def test_an_evening_says_what_to_do_and_why_within_its_minutes(studio: Studio) -> None:
    today = studio.today(30)
    assert today.steps[0].kind == "lesson"
    assert today.steps[0].reason
    assert sum(step.minutes for step in today.steps) <= 35
    assert studio.next() == today.steps[0]


def test_what_was_done_today_stands_on_todays_list_and_the_rest_moves_up(studio: Studio, clock: Clock) -> None:
    studio.open_lesson(tiny.LESSON)
    clock.pass_(minutes=6)
    studio.finish_lesson(tiny.LESSON)
    today = studio.today()
    assert [(step.kind, step.done) for step in today.steps][:2] == [("lesson", True), (today.steps[1].kind, False)]
    assert today.steps[0].title == "What doubling does"
    assert today.minutes_done_today == pytest.approx(6, abs=0.1)
    clock.pass_(days=1)
    assert not any(step.done for step in studio.today().steps), "tomorrow's list begins empty"


def test_after_midnight_it_is_still_the_same_evening(studio: Studio, clock: Clock) -> None:
    from modelwright.learner.wording import day_of

    assert day_of(86_400_000 * 100 + 3_600_000 * 23, 0) == day_of(86_400_000 * 101 + 3_600_000 * 2, 0)
    assert day_of(86_400_000 * 100 + 3_600_000 * 23, 0) != day_of(86_400_000 * 101 + 3_600_000 * 5, 0)


def test_why_not_is_answered_for_anything_and_a_typing_error_gets_the_nearest(studio: Studio) -> None:
    assert "doubling" in studio.why_not(tiny.LAB).reason.lower()
    with pytest.raises(Unknown, match=r"tiny-maths/softmax"):
        studio.why_not("tiny-maths/sofmax")


def test_the_forecast_is_a_range_with_a_sentence_and_moves_with_the_hours(studio: Studio) -> None:
    before = studio.forecast()
    assert before.finish.q025 <= before.finish.q10 <= before.finish.q50 <= before.finish.q90 <= before.finish.q975
    assert before.sentence
    studio.change_goals(hours_per_week=20)
    assert studio.forecast().finish.q50 < before.finish.q50


def test_once_a_week_the_journal_keeps_what_was_forecast(studio: Studio, clock: Clock) -> None:
    studio.today()
    assert "ForecastMade" not in kinds(studio)
    clock.pass_(days=8)
    studio.today()
    studio.today()
    assert kinds(studio).count("ForecastMade") == 1


# Lessons, chapters, notes


def test_a_lesson_is_read_and_its_answers_come_back(studio: Studio, clock: Clock) -> None:
    page = studio.open_lesson(tiny.LESSON)
    assert "<math" in page.html
    assert page.questions == ("What is twice 7?", "What does halving undo?")
    assert "Before you go on" not in page.html
    clock.pass_(minutes=4)
    studio.finish_lesson(tiny.LESSON, answers=["14", "doubling"])
    again = studio.lesson(tiny.LESSON)
    assert again.finished
    assert again.answers == ("14", "doubling")
    assert again.then is not None
    assert (again.then.kind, again.then.id) == ("problem", tiny.PROBLEM)


def test_the_time_of_a_lesson_is_measured_from_its_opening_and_a_night_is_not_work(studio: Studio, clock: Clock) -> None:
    studio.open_lesson(tiny.LESSON)
    clock.pass_(hours=9)
    studio.finish_lesson(tiny.LESSON)
    (finished,) = [event.data for _, event in studio.journal.events() if isinstance(event.data, e.LessonFinished)]
    assert finished.seconds == 15 * 60, "three times the lesson's five minutes at most"


def test_looking_at_a_lesson_again_and_again_records_one_opening(studio: Studio, clock: Clock) -> None:
    for _ in range(5):
        studio.open_lesson(tiny.LESSON)
        clock.pass_(minutes=1)
    assert kinds(studio).count("LessonOpened") == 1


def test_a_chapter_is_ticked_and_unticked_and_its_hours_follow(studio: Studio) -> None:
    book = studio.read_chapter(tiny.BOOK, 1)
    assert (book.chapters_done, book.hours_done) == (1, 1.5)
    assert studio.read_chapter(tiny.BOOK, 1).chapters_done == 1
    assert kinds(studio).count("ChapterRead") == 1, "a tick on a ticked chapter is not news"
    assert studio.module("tiny-maths").line.hours_done == pytest.approx(1.5)
    assert studio.read_chapter(tiny.BOOK, 1, done=False).chapters_done == 0
    assert studio.module("tiny-maths").line.hours_done == 0
    with pytest.raises(StudioError, match=r"has no chapter 9; it has 1 to 2"):
        studio.read_chapter(tiny.BOOK, 9)


def test_a_note_is_kept_and_an_empty_one_takes_it_away(studio: Studio) -> None:
    studio.note(tiny.BOOK, "Page 12 has it backwards.")
    assert studio.library().books[0].note == "Page 12 has it backwards."
    assert [note.text for note in studio.library().notes] == ["Page 12 has it backwards."]
    studio.note(tiny.BOOK, "")
    assert studio.library().notes == ()


# Problems


def test_a_wrong_answer_names_the_misconception_and_a_right_one_brings_the_worked_solution(studio: Studio) -> None:
    view = studio.problem(tiny.PROBLEM)
    n = right_answer(view.question) // 2
    wrong = studio.answer(tiny.PROBLEM, view.seed, str(n * n))
    assert not wrong.right
    assert "square" in (wrong.misconception or "")
    assert wrong.solution is None
    right = studio.answer(tiny.PROBLEM, view.seed, f"2*{n}")
    assert right.right
    assert right.attempt == 2
    assert right.solution is not None
    assert right.solution.steps
    assert right.next_seed != view.seed
    assert studio.problem(tiny.PROBLEM).seed == right.next_seed


def test_text_that_is_no_mathematics_is_explained_and_not_held_against_anyone(studio: Studio) -> None:
    view = studio.problem(tiny.PROBLEM)
    result = studio.answer(tiny.PROBLEM, view.seed, "((")
    assert not result.understood
    assert result.message
    assert "ProblemAnswered" not in kinds(studio)


def test_a_question_left_unanswered_is_asked_again(studio: Studio) -> None:
    view = studio.problem(tiny.PROBLEM)
    studio.answer(tiny.PROBLEM, view.seed, "1")
    assert studio.problem(tiny.PROBLEM).question == view.question


def test_a_solution_asked_for_first_is_recorded_and_the_answer_after_it_says_so(studio: Studio) -> None:
    view = studio.problem(tiny.PROBLEM)
    assert studio.show_solution(tiny.PROBLEM, view.seed).answer
    studio.answer(tiny.PROBLEM, view.seed, str(right_answer(view.question)))
    given_up, after = [event.data for _, event in studio.journal.events() if isinstance(event.data, e.ProblemAnswered)]
    assert (given_up.right, given_up.solution_shown) == (False, True)
    assert (after.right, after.solution_shown) == (True, True)
    assert studio.problem(tiny.PROBLEM).seed != view.seed


def test_practice_moves_mastery_and_says_by_how_much(studio: Studio) -> None:
    before = studio.skill(DOUBLING).line
    assert (before.standing, before.mastery) == ("open", 0.0)
    view = studio.problem(tiny.PROBLEM)
    result = studio.answer(tiny.PROBLEM, view.seed, str(right_answer(view.question)))
    assert result.changed[0].id == DOUBLING
    assert studio.skill(DOUBLING).line.mastery == pytest.approx(result.changed[0].after, abs=1e-6)
    assert studio.skill(DOUBLING).line.mastery > 0.3


# Cards


def test_cards_come_after_the_lesson_and_leave_with_a_good_rating(studio: Studio) -> None:
    assert studio.reviews().due == 0
    studio.finish_lesson(tiny.LESSON)
    queue = studio.reviews()
    assert queue.due == 3
    first = queue.first
    assert first is not None
    assert list(first.intervals) == sorted(first.intervals)
    left = studio.review(first.id, 4, 3.0)
    assert left.due == 2
    assert left.done_today == 1
    for card in left.cards:
        studio.review(card.id, 4, 3.0)
    empty = studio.reviews()
    assert empty.first is None
    assert empty.next_due_at is not None


def test_a_card_comes_back_when_its_interval_said(studio: Studio, clock: Clock) -> None:
    studio.finish_lesson(tiny.LESSON)
    card = studio.reviews().first
    assert card is not None
    studio.review(card.id, 4)
    clock.pass_(days=card.intervals[3] - 1)
    assert card.id not in [c.id for c in studio.reviews().cards]
    clock.pass_(days=1, minutes=1)
    assert card.id in [c.id for c in studio.reviews().cards]


def test_a_rating_that_does_not_exist_is_refused(studio: Studio) -> None:
    with pytest.raises(StudioError, match="1 .again."):
        studio.review("tiny-maths/twice", 5)


# Ids


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda s: s.lab("tiny-maths/sofmax"), tiny.LAB),
        (lambda s: s.lesson("tiny-maths/dubling"), tiny.LESSON),
        (lambda s: s.module("tiny-math"), "tiny-maths"),
        (lambda s: s.find_lab("sotfmax"), tiny.LAB),
    ],
)
def test_a_wrong_name_gets_the_nearest_right_one(studio: Studio, call, meant: str) -> None:
    with pytest.raises(Unknown, match=meant):
        call(studio)


def test_a_lab_is_found_by_its_last_word_and_by_its_file(studio: Studio, home: Path) -> None:
    assert studio.find_lab("softmax") == tiny.LAB
    assert studio.find_lab(str(home / "workshop" / "labs" / "tiny_maths" / "softmax.py")) == tiny.LAB
    assert studio.find_lab("anywhere/else/softmax.py") == tiny.LAB


def test_search_finds_every_kind_of_thing_and_ranks_titles_first(studio: Studio) -> None:
    assert {found.link.kind for found in studio.search("weights")} >= {"skill", "card"}
    assert studio.search("softm")[0].link.id == tiny.LAB
    assert studio.search("   ") == ()
    assert studio.search("no-such-word-anywhere") == ()


# Labs


def test_opening_a_lab_writes_its_starter_once(studio: Studio) -> None:
    view = studio.lab(tiny.LAB)
    assert view.source == tiny.STARTER
    assert view.checks == ("two equal logits share the weight", "rows sum to one", "large logits stay finite")
    Path(view.path).write_text("mine\n")
    assert studio.lab(tiny.LAB).source == "mine\n"
    assert studio.last_lab() == tiny.LAB


def test_a_save_that_would_undo_another_editor_is_refused(studio: Studio) -> None:
    view = studio.lab(tiny.LAB)
    Path(view.path).write_text("from my editor\n")
    from modelwright.workshop import Changed

    with pytest.raises(Changed):
        studio.save(tiny.LAB, "from the page\n", expected_sha=view.sha)
    assert studio.lab(tiny.LAB).source == "from my editor\n"


def test_a_file_that_cannot_be_shown_is_named_and_not_broken(studio: Studio) -> None:
    path = Path(studio.lab(tiny.LAB).path)
    path.write_bytes(b"x = '\xff\xfe'\n")
    view = studio.lab(tiny.LAB)
    assert "not UTF-8" in view.trouble
    assert view.source == ""
    assert path.read_bytes() == b"x = '\xff\xfe'\n"


def test_three_hints_each_once_and_recorded(studio: Studio) -> None:
    assert [studio.hint(tiny.LAB).number for _ in range(4)] == [1, 2, 3, 3]
    assert kinds(studio).count("HintTaken") == 3
    assert studio.lab(tiny.LAB).hints_left == 0


def test_the_solution_needs_a_pass_or_an_explicit_wish_which_is_recorded(studio: Studio) -> None:
    with pytest.raises(NotYet, match="not passed"):
        studio.solution(tiny.LAB)
    assert "SolutionSeen" not in kinds(studio)
    assert studio.solution(tiny.LAB, confirm=True).code == tiny.SOLUTION
    assert kinds(studio).count("SolutionSeen") == 1


# Two processes, and the cache


def test_what_another_process_appends_is_seen_at_once(studio: Studio, home: Path, curriculum_folder: Path, clock: Clock) -> None:
    with Studio.open(home, curriculum_folder, now=clock) as other:
        other.finish_lesson(tiny.LESSON)
        assert studio.lesson(tiny.LESSON).finished
        assert studio.reviews().due == 3
        card = studio.reviews().cards[0].id
        studio.review(card, 4)
        assert card not in [c.id for c in other.reviews().cards]


def test_many_threads_lose_nothing(studio: Studio) -> None:
    def work() -> None:
        for _ in range(5):
            studio.note(tiny.BOOK, "a note")
            studio.plan()
            studio.skill_map()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds(studio).count("NoteWritten") == 30


def history(studio: Studio, clock: Clock) -> None:
    """A few evenings."""
    for _ in range(4):
        studio.open_lesson(tiny.LESSON)
        clock.pass_(minutes=5)
        studio.finish_lesson(tiny.LESSON, answers=["a", "b"])
        answer_rightly(studio, 3)
        for card in studio.reviews().cards:
            studio.review(card.id, 3, 4.0)
        studio.read_chapter(tiny.BOOK, 1)
        studio.hint(tiny.LAB)
        studio.note(tiny.LESSON, "again")
        clock.pass_(days=2)
    studio.today()  # which keeps the week's forecast: from here on nothing more is recorded by looking


def everything(studio: Studio) -> tuple:
    return (
        studio.plan(), studio.module("tiny-maths"), studio.skill_map(), studio.skill(WEIGHTS), studio.library(), studio.status(),
        studio.lesson(tiny.LESSON), studio.reviews(), studio.today(), studio.settings(), studio.lab(tiny.LAB),
    )  # fmt: skip


def test_deleting_every_cache_changes_nothing(home: Path, curriculum_folder: Path, clock: Clock) -> None:
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        studio.enrol("Ada", 6)
        history(studio, clock)
    assert list((home / "cache").iterdir()), "there is a snapshot to delete"
    with Studio.open(home, curriculum_folder, now=clock) as warm:
        before, state = everything(warm), warm._ledger.state.canonical()
    for file in (home / "cache").iterdir():
        file.unlink()
    with Studio.open(home, curriculum_folder, now=clock) as cold:
        assert everything(cold) == before
        assert cold._ledger.state.canonical() == state


def test_a_snapshot_is_used_and_a_broken_one_is_as_if_it_were_not_there(home: Path, curriculum_folder: Path, clock: Clock) -> None:
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        studio.enrol("Ada", 6)
        history(studio, clock)
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        assert studio._ledger.saved_seq == studio._ledger.seq, "nothing had to be folded"
        before = everything(studio)
    snapshot = home / "cache" / "state.msgpack"
    snapshot.write_bytes(snapshot.read_bytes()[: snapshot.stat().st_size // 2])
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        assert everything(studio) == before


def test_a_snapshot_of_another_journal_is_not_believed(home: Path, curriculum_folder: Path, clock: Clock, tmp_path: Path) -> None:
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        studio.enrol("Ada", 6)
        history(studio, clock)
    (home / "journal.db").unlink()
    for extra in ("journal.db-wal", "journal.db-shm"):
        (home / extra).unlink(missing_ok=True)
    journal = Journal.open(home / "journal.db")
    journal.append_many([e.Enrolled(name="Grace", hours_per_week=3)] + [e.NoteWritten(target="x", text=str(i)) for i in range(200)])
    journal.close()
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        assert studio.settings().name == "Grace"
        assert not studio.lesson(tiny.LESSON).finished


def test_a_changed_curriculum_is_folded_anew(home: Path, clock: Clock, tmp_path: Path) -> None:
    folder = tiny.build(tmp_path / "mine")
    with Studio.open(home, folder, now=clock) as studio:
        studio.enrol("Ada", 6)
        history(studio, clock)
        studio.finish_lesson(tiny.LESSON)
    lesson = folder / "1-foundation" / "tiny-maths" / "lessons" / "doubling.md"
    lesson.write_text(lesson.read_text().replace("skills: [tiny-maths/doubling]", "skills: [tiny-maths/doubling, tiny-maths/weights]"))
    with Studio.open(home, folder, now=clock) as studio:
        assert studio.skill(WEIGHTS).line.memory is not None, "the lesson taught that skill too, by the curriculum as it is now"


def test_an_id_that_the_curriculum_dropped_does_not_break_a_page(studio: Studio) -> None:
    studio.journal.append_many([
        e.LessonFinished(lesson="gone/lesson", seconds=60),
        e.CardReviewed(card="gone/card", skill="gone/skill", rating=3, seconds=2),
        e.ChapterRead(resource="gone/book", chapter=1, hours=1),
        e.LabSubmitted(
            lab="gone/lab", skills=["gone/skill"], passed=True, checks_passed=1, checks_total=1, seconds=60, source_sha256="0", verdict={}
        ),
    ])  # fmt: skip
    everything(studio)
    assert any("gone/lab" in line.what for line in studio.status().recent)


def test_no_more_chapters_are_counted_as_read_than_there_are(studio: Studio) -> None:
    """Chapters of books that are not the chosen ones stood in the count, and not in its whole."""
    for resource in studio.curriculum.resources.values():
        for chapter in resource.chapters:
            studio.read_chapter(resource.id, chapter.number, hours=1)
    status = studio.status()
    assert status.chapters_read == status.chapters


def test_what_is_put_off_comes_back_tomorrow_and_what_is_chosen_stands_first(studio: Studio, clock: Clock) -> None:
    first = studio.next()
    assert studio.why_not(first.target).tonight
    assert studio.choose(first.target, "not-tonight").startswith("It comes no sooner than tomorrow")
    today = studio.today()
    assert first.target not in [step.target for step in today.steps]
    assert [link.id for link in today.put_off] == [first.target]
    assert studio.why_not(first.target).put_off
    answer = studio.why_not(tiny.LAB)
    assert answer.anyway is not None
    assert answer.anyway.kind == "lab"
    studio.choose("softmax", "now")  # a last part will do, as everywhere
    assert studio.next().target == tiny.LAB
    assert studio.next().reason.startswith("You chose it.")
    studio.choose(first.target, "as-planned")
    assert not studio.today().put_off
    clock.pass_(days=1)
    assert studio.next().target == first.target


def test_a_card_alone_cannot_be_done_anyway_and_that_is_said(studio: Studio) -> None:
    card = next(iter(studio.curriculum.cards))
    with pytest.raises(StudioError, match="cannot be done by itself"):
        studio.choose(card, "now")
