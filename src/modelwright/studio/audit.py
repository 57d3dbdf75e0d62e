"""A report on how a curriculum reads, module by module: for an author who looks for what to rewrite, not a rule that anything breaks.

Reading ease is Flesch's (A New Readability Yardstick, Journal of Applied Psychology 32, 1948): 206.835 - 1.015 words a sentence - 84.6
syllables a word. Sixty to seventy reads like a newspaper, under thirty like a paper for specialists. It sees the length of sentences and
words and nothing else; mathematics and code count as one short word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelwright.curriculum.exercises import generate
from modelwright.curriculum.lesson_blocks import Check, Closing, Faded, Prose, blocks_of, words
from modelwright.curriculum.lint import DIFFERENT, SEEDS
from modelwright.curriculum.lint_lesson import lines_above
from modelwright.curriculum.loader import Curriculum
from modelwright.curriculum.models import Card, Lesson, Module, Problem

LONG = 35  # words: a sentence above it is read twice
SHARED = 7  # words: a shorter sentence may well stand in two lessons
TERM_WORDS = 4  # what stands in bold and is longer is emphasis, not a name
STANDING = "x"  # what mathematics and code are read as
SECOND_QUESTION = re.compile(r"[,;]?\s\b(?:and|or|but)\s+(?:why|how|what|when|where|which|who|whose)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """A sentence of a lesson without its mark-up, and the line of the file in which its paragraph begins."""

    line: int
    text: str
    words: int


@dataclass(frozen=True)
class LessonAudit:
    """How one lesson reads: its words as the linter counts them, and Flesch's reading ease.

    `no_lesson` are the terms that it sets in bold and that stand under `terms` in no lesson.
    """

    id: str
    words: int
    ease: float
    long: tuple[Sentence, ...]
    no_lesson: tuple[str, ...]


@dataclass(frozen=True)
class SharedSentence:
    """A sentence that stands in more than one lesson."""

    text: str
    lessons: tuple[str, ...]


@dataclass(frozen=True)
class FewQuestions:
    """A generator that repeats itself: its id and how many different questions its seeds gave."""

    problem: str
    questions: int


@dataclass(frozen=True)
class ModuleAudit:
    """The report of one module. `double_cards` are the ids of cards that ask two things."""

    module: str
    lessons: tuple[LessonAudit, ...]
    shared: tuple[SharedSentence, ...]
    double_cards: tuple[str, ...]
    few_questions: tuple[FewQuestions, ...]


def audit(curriculum: Curriculum, modules: Iterable[str] | None = None) -> list[ModuleAudit]:
    """The report of these modules, or of every one that has lessons, cards or problems. Raises UnknownId."""
    chosen = curriculum.modules.values() if modules is None else [curriculum.find("module", id) for id in modules]
    terms = {term.lower() for lesson in curriculum.lessons.values() for term in lesson.terms}
    places = shared_sentences(curriculum.lessons.values())
    return [_module(module, terms, places) for module in chosen if module.lessons or module.cards or module.problems]


def _module(module: Module, terms: set[str], places: list[SharedSentence]) -> ModuleAudit:
    own = {lesson.id for lesson in module.lessons}
    few = [FewQuestions(problem.id, count) for problem in module.problems if (count := questions(problem)) < DIFFERENT]
    return ModuleAudit(
        module=module.id,
        lessons=tuple(_lesson(lesson, terms) for lesson in module.lessons),
        shared=tuple(place for place in places if own & {*place.lessons}),
        double_cards=tuple(card.id for card in module.cards if asks_two_things(card)),
        few_questions=tuple(few),
    )


def _lesson(lesson: Lesson, terms: set[str]) -> LessonAudit:
    said = list(sentences(lesson))
    long = tuple(sentence for sentence in said if sentence.words > LONG)
    unlisted = tuple(term for term in bold_terms(lesson) if term.lower() not in terms and term.lower().removesuffix("s") not in terms)
    return LessonAudit(lesson.id, words(lesson), round(reading_ease([s.text for s in said]), 1), long, unlisted)


# Reading


def sentences(lesson: Lesson) -> Iterator[Sentence]:
    """What a lesson says, sentence by sentence: its prose, its questions and its answers, without headings, code and tables."""
    offset = lines_above(lesson)
    for line, markdown in _said(lesson):
        for first, paragraph in _paragraphs(markdown):
            for text in split(paragraph):
                yield Sentence(offset + line + first, text, len(text.split()))


def _said(lesson: Lesson) -> Iterator[tuple[int, str]]:
    """(line within the text, Markdown) of every block's words; of a block in YAML, the line is the block's own."""
    for block in blocks_of(lesson):
        match block:
            case Prose():
                yield block.line, re.sub(r"^(```|~~~).*?^\1", lambda m: "\n" * m[0].count("\n"), block.text, flags=re.S | re.M)
            case Check():
                yield from ((block.line, text) for text in (block.ask, block.why) if text)
            case Faded():
                yield block.line, block.ask
            case Closing():
                yield from ((question.line, text) for question in block.questions for text in (question.ask, question.answer) if text)


def _paragraphs(markdown: str) -> Iterator[tuple[int, str]]:
    """(lines above it, text) of each paragraph or list entry; headings, tables and displayed formulas end one or are passed over."""
    begin, gathered = 0, [""]
    for number, line in enumerate([*markdown.split("\n"), ""]):
        apart = re.match(r"\s*(#+ |\||<!--|!\[)", line)
        entry = re.match(r"\s*([-*+]|\d+[.)])\s+", line)
        if (not line.strip() or apart or entry) and any(gathered):
            yield begin, " ".join(gathered)
            gathered = []
        if line.strip() and not apart:
            begin = begin if any(gathered) else number
            gathered.append(line[entry.end() :] if entry else line.strip())


def split(paragraph: str) -> list[str]:
    """A paragraph's sentences as plain words: formulas and code become one word, links their text, emphasis goes."""
    text = re.sub(r"\$\$.+?\$\$|\$[^$]+\$|`+[^`]+`+", STANDING, paragraph)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}", "", text)
    parts = re.split(r"(?<=[.?!])[\"'’”)]*\s+(?=[\"'‘“(]?[A-Z0-9x])", " ".join(text.split()))
    return [part for part in parts if re.search(r"\w", part)]


def reading_ease(texts: Iterable[str]) -> float:
    """Flesch's reading ease of sentences; 100 is the easiest that is usual. Nothing said reads as 100."""
    said = [re.findall(r"[A-Za-z'’]+", text) for text in texts]
    said = [sentence for sentence in said if sentence]
    spoken = [word for sentence in said for word in sentence]
    if not spoken:
        return 100.0
    return 206.835 - 1.015 * len(spoken) / len(said) - 84.6 * sum(map(syllables, spoken)) / len(spoken)


def syllables(word: str) -> int:
    """About how many syllables an English word has: its groups of vowels, without a silent e at the end."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    silent = re.search(r"([^aeiouyl]|[aeiouy]l)es?$|[^aeioudty]ed$", letters) and not re.search(r"([cgsxz]|sh|ch)es$", letters)
    return max(1, len(re.findall(r"[aeiouy]+", letters)) - bool(silent))


def bold_terms(lesson: Lesson) -> list[str]:
    """What a lesson sets in bold and is short enough to be a name, once each, in order."""
    found = [term for _, text in _said(lesson) for term in re.findall(r"\*\*(?!\s)([^*$`]+?)\*\*", text)]
    names = [" ".join(term.split()) for term in found if not re.search(r"[.?!:]$", term) and len(term.split()) <= TERM_WORDS]
    return list(dict.fromkeys(names))


def shared_sentences(lessons: Iterable[Lesson]) -> list[SharedSentence]:
    """Sentences of at least SHARED words that stand in several lessons, whatever their case and marks."""
    where: dict[str, dict[str, str]] = defaultdict(dict)
    for lesson in lessons:
        for sentence in sentences(lesson):
            if sentence.words >= SHARED:
                where[" ".join(re.findall(r"[a-z0-9]+", sentence.text.lower()))].setdefault(lesson.id, sentence.text)
    return [SharedSentence(next(iter(texts.values())), tuple(texts)) for texts in where.values() if len(texts) > 1]


# Cards and generators


def asks_two_things(card: Card) -> bool:
    """Whether a card's question is two: two question marks, or one question joined to another by a word."""
    return card.ask.count("?") > 1 or bool(SECOND_QUESTION.search(card.ask))


def questions(problem: Problem, seeds: int = SEEDS) -> int:
    """How many different questions a generator's first seeds give."""
    return len({generate(problem, seed).question for seed in range(seeds)})
