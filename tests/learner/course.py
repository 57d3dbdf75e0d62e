"""A small course to test on: two stages, four modules, every kind of thing, no files. Unit tests must not depend on content."""

from collections.abc import Iterable
from pathlib import Path

from modelwright.curriculum import Curriculum
from modelwright.curriculum.models import (
    Card,
    Chapter,
    Choice,
    Hours,
    Item,
    Lab,
    Lesson,
    Module,
    Months,
    Problem,
    Project,
    Resource,
    Skill,
    Stage,
)

NOWHERE = Path("/nonexistent")
DAY = 86_400_000
START = 1_767_225_600_000 + 18 * 3_600_000  # Thursday 1 January 2026, 18:00 UTC


def skill(id: str, title: str, *needs: str, contains: dict[str, float] | None = None, hours: float = 2.0) -> Skill:
    return Skill(id=id, title=title, can=f"do {title.lower()}", prerequisites=needs, encompasses=contains or {}, hours=hours)


def lesson(id: str, title: str, *skills: str, minutes: int = 15) -> Lesson:
    return Lesson(id=id, title=title, skills=skills, minutes=minutes, text="", path=NOWHERE)


def problem(id: str, title: str, *skills: str, minutes: float = 2, difficulty: int = 2) -> Problem:
    return Problem(id=id, title=title, skills=skills, minutes=minutes, difficulty=difficulty, function="f", path=NOWHERE)


def lab(id: str, title: str, *skills: str, minutes: int = 30, difficulty: int = 2, contains: dict[str, float] | None = None) -> Lab:
    return Lab(
        id=id, title=title, skills=skills, encompasses=contains or {}, difficulty=difficulty, minutes=minutes, hints=("a", "b", "c"),
        folder=NOWHERE,
    )  # fmt: skip


def book(id: str, title: str, *chapters: Iterable[str], role: str = "main", hours: float = 1.5) -> Resource:
    made = tuple(Chapter(number=n, title=f"Part {n}", hours=hours, skills=tuple(skills)) for n, skills in enumerate(chapters, 1))
    return Resource(id=id, title=title, kind="book", role=role, why="-", free=True, link="https://example.org", chapters=made)


def cards(module: str, skills: Iterable[str], each: int = 3) -> tuple[Card, ...]:
    return tuple(
        Card(id=f"{module}/{s.split('/')[1]}-{n}", ask=f"{s} {n}?", answer="-", skill=s) for s in skills for n in range(1, each + 1)
    )


def course() -> Curriculum:
    algebra_skills = (
        skill("algebra/vectors", "Vectors as data"),
        skill("algebra/products", "Matrix products", "algebra/vectors", contains={"algebra/vectors": 0.7}, hours=3),
        skill("algebra/rank", "Rank", "algebra/products", contains={"algebra/products": 0.5}),
        skill("algebra/softmax", "Softmax", "algebra/vectors", contains={"algebra/vectors": 0.4}),
    )
    algebra = Module(
        id="algebra", number=1, title="Algebra", stage="foundation", why="-", hours=Hours(low=20, high=40), folder=NOWHERE,
        skills=algebra_skills,
        resources=(
            book("algebra/strang", "Strang", ["algebra/vectors"], ["algebra/products"], ["algebra/rank"]),
            book("algebra/light", "The lighter one", ["algebra/vectors", "algebra/products"], role="alternative", hours=1.0),
        ),
        lessons=(
            lesson("algebra/vectors-as-data", "A table is a set of arrows", "algebra/vectors"),
            lesson("algebra/row-by-column", "Why row times column", "algebra/products"),
            lesson("algebra/what-rank-counts", "What rank counts", "algebra/rank"),
            lesson("algebra/soft", "A maximum that can be differentiated", "algebra/softmax"),
        ),
        problems=(
            problem("algebra/lengths", "The length of a vector", "algebra/vectors"),
            problem("algebra/lengths-hard", "Lengths in a thousand dimensions", "algebra/vectors", difficulty=5),
            problem("algebra/multiply", "Multiply two matrices", "algebra/products"),
            problem("algebra/ranks", "Read off the rank", "algebra/rank"),
            problem("algebra/logits", "From logits to probabilities", "algebra/softmax"),
        ),
        labs=(
            lab("algebra/softmax", "Softmax", "algebra/softmax", contains={"algebra/vectors": 0.5}),
            lab("algebra/blocked", "Blocked matrix product", "algebra/products", minutes=60, difficulty=4, contains={"algebra/vectors": 0.3}),
        ),
        cards=cards("algebra", [s.id for s in algebra_skills]),
    )  # fmt: skip
    python = Module(
        id="python", number=2, title="Python", stage="foundation", why="-", hours=Hours(low=30, high=60), folder=NOWHERE,
        skills=(skill("python/names", "Names and values"), skill("python/loops", "Loops", "python/names"),
                skill("python/arrays", "Arrays", "python/loops")),
        items=(
            Item(id="python/loop-bound", skill="python/loops", kind="choose", ask="?", why="-",
                 choices=(Choice(text="a", right=True), Choice(text="b", shows="One too many"))),
        ),
        resources=(book("python/crash", "Crash Course", ["python/names"], ["python/loops"], ["python/loops", "python/arrays"]),),
    )  # fmt: skip
    deep = Module(
        id="deep", number=3, title="Deep learning", stage="core", why="-", hours=Hours(low=40, high=90), folder=NOWHERE,
        prerequisites=("algebra", "python"),
        skills=(
            skill("deep/attention", "Attention", "algebra/softmax", "algebra/products", "python/arrays",
                  contains={"algebra/softmax": 0.8, "algebra/products": 0.6}),
            skill("deep/training", "Training", "deep/attention", contains={"deep/attention": 0.3}),
        ),
        resources=(book("deep/goodfellow", "Goodfellow", ["deep/attention"], ["deep/training"]),),
        lessons=(lesson("deep/why-divide", "Why attention divides by √d", "deep/attention"),),
        problems=(problem("deep/logit-size", "The size of logits", "deep/attention"),),
        labs=(lab("deep/gqa", "Grouped-query attention", "deep/attention", minutes=75, difficulty=4),),
        cards=cards("deep", ["deep/attention"]),
    )  # fmt: skip
    optional = Module(
        id="games", number=4, title="Reinforcement learning", stage="core", why="-", hours=Hours(low=30, high=50), optional=True,
        skills=(skill("games/bandits", "Bandits", "algebra/vectors"),), folder=NOWHERE,
        resources=(book("games/sutton", "Sutton and Barto", ["games/bandits"]),),
    )  # fmt: skip
    stages = [
        Stage(id="foundation", number=1, title="Foundation", aim="-", months=Months(low=3, high=6), hours=Hours(low=50, high=100),
              modules=(algebra, python)),
        Stage(id="core", number=2, title="Core", aim="-", months=Months(low=6, high=12), hours=Hours(low=70, high=140),
              modules=(deep, optional)),
    ]  # fmt: skip
    projects = [
        Project(id="spam", title="A spam filter", stage="foundation", why="-", deliverable="A classifier and its report",
                hours=Hours(low=6, high=12), skills=("algebra/softmax", "python/arrays"), milestones=("the data, split", "a baseline")),
    ]  # fmt: skip
    return Curriculum(NOWHERE, stages, projects, [], "test")
