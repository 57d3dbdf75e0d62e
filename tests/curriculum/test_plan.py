"""What the plan must hold, whole: its stages, its modules, the books by title and author with all their chapters, and a skill graph that can be walked."""

from __future__ import annotations

import json
import os
import re
from itertools import chain
from pathlib import Path

import pytest

from modelwright.curriculum import Curriculum, load

REPOSITORY = Path(__file__).parents[2]
DATA = Path(os.environ.get("MODELWRIGHT_DATA", REPOSITORY.parent / "shared"))

# The table of the plan: module, then (role, title as it must contain, authors' surnames, chapters in the edition named).
TABLE = {
    "linear-algebra": [
        ("main", "Linear Algebra and Its Applications", ["Strang"], 8),
        ("alternative", "Introduction to Linear Algebra", ["Strang"], 12),
    ],
    "calculus": [("main", "Calculus", ["Stewart"], 17), ("alternative", "Calculus Made Easy", ["Thompson"], 21)],
    "probability": [
        ("main", "Introduction to Probability", ["Blitzstein", "Hwang"], 13),
        ("alternative", "The Elements of Statistical Learning", ["Hastie", "Tibshirani", "Friedman"], 18),
    ],
    "python": [
        ("main", "Python Crash Course", ["Matthes"], 20),
        ("alternative", "Automate the Boring Stuff with Python", ["Sweigart"], 20),
    ],
    "algorithms": [
        ("main", "Introduction to Algorithms", ["Cormen", "Leiserson", "Rivest", "Stein"], 35),
        ("alternative", "Data Structures and Algorithms in Python", ["Goodrich", "Tamassia", "Goldwasser"], 15),
    ],
    "ml-basics": [("main", "Machine Learning Yearning", ["Ng"], 58), ("supplement", "Machine Learning Specialization", ["Ng"], 10)],
    "hands-on-ml": [("main", "Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow", ["Géron"], 19)],
    "deep-learning": [
        ("main", "Deep Learning", ["Goodfellow", "Bengio", "Courville"], 20),
        ("alternative", "Neural Networks and Deep Learning", ["Nielsen"], 6),
    ],
    "nlp-fundamentals": [("main", "Speech and Language Processing", ["Jurafsky", "Martin"], 24)],
    "practical-nlp": [
        ("main", "Natural Language Processing with Python", ["Bird", "Klein", "Loper"], 11),
        ("alternative", "Practical Natural Language Processing", ["Vajjala", "Majumder", "Gupta", "Surana"], 11),
    ],
    "transformers": [
        ("main", "Transformers for Natural Language Processing", ["Rothman"], 17),
        (
            "supplement",
            "Attention Is All You Need",
            ["Vaswani", "Shazeer", "Parmar", "Uszkoreit", "Jones", "Gomez", "Kaiser", "Polosukhin"],
            1,
        ),
    ],
    "reinforcement-learning": [("main", "Reinforcement Learning: An Introduction", ["Sutton", "Barto"], 17)],
    "large-scale-ml": [("main", "Designing Data-Intensive Applications", ["Kleppmann"], 12)],
    "ai-systems-design": [("main", "Building Machine Learning Powered Applications", ["Ameisen"], 11)],
    "advanced-deep-learning": [("main", "Deep Learning with Python", ["Chollet"], 14)],
    "research-papers": [
        ("main", "arXiv", [], 0),
        ("supplement", "Language Models are Few-Shot Learners", ["Brown", "Amodei"], 1),
        ("supplement", "LLaMA", ["Touvron", "Lample"], 1),
        ("supplement", "Grok-1", ["xAI"], 2),
    ],
    "ethics": [("main", "Weapons of Math Destruction", ["O'Neil"], 12)],
}
STAGES = {"foundation": (3, 6), "core-machine-learning": (6, 12), "natural-language-processing": (6, 12), "systems-and-advanced": (6, 6)}


@pytest.fixture(scope="module")
def plan() -> Curriculum:
    return load(REPOSITORY / "curriculum")


def ancestors(plan: Curriculum) -> dict[str, set[str]]:
    """Every skill that must come before each skill, by whatever path."""
    table: dict[str, set[str]] = {}
    for id in plan.order:
        direct = plan.skills[id].prerequisites
        table[id] = set(direct).union(*(table[p] for p in direct))
    return table


def test_the_road_has_five_stages_and_seventeen_modules_in_order(plan):
    assert [m.id for m in plan.modules.values()] == list(TABLE)
    assert [m.number for m in plan.modules.values()] == list(range(1, 18))
    assert [len(s.modules) for s in plan.stages.values()] == [5, 3, 3, 3, 3]
    months = {s.id: (s.months.low, s.months.high) for s in plan.stages.values()}
    assert {id: months[id] for id in STAGES} == STAGES
    assert months["research"][1] is None


def test_only_reinforcement_learning_is_optional_and_nothing_required_rests_on_it(plan):
    assert [m.id for m in plan.modules.values() if m.optional] == ["reinforcement-learning"]
    optional = {s.id for s in plan.modules["reinforcement-learning"].skills if not s.required}
    rests = {s.id for s in plan.skills.values() if s.id not in optional and optional & set(s.prerequisites)}
    assert not rests


def test_what_a_language_model_needs_of_reinforcement_learning_is_required_and_in_the_capstone(plan):
    required = {s.id.split("/")[1] for s in plan.skills.values() if s.required}
    assert required == {"policy-gradient", "clipped-policy-updates", "verifiable-rewards", "group-relative-advantage"}
    needed = {f"reinforcement-learning/{slug}" for slug in ("policy-gradient", "verifiable-rewards", "group-relative-advantage")}
    assert needed <= set(plan.projects["projects/capstone"].skills)


@pytest.mark.parametrize(("module", "row"), [(m, row) for m, rows in TABLE.items() for row in rows], ids=lambda v: v[1] if v[1:] else v)
def test_every_resource_of_the_table_is_there_with_its_authors_and_all_its_chapters(plan, module, row):
    role, title, surnames, chapters = row
    found = [r for r in plan.modules[module].resources if r.role == role and title in r.title]
    assert len(found) == 1
    resource = found[0]
    for surname in surnames:
        assert any(surname in author for author in resource.authors), (surname, resource.authors)
    assert len(resource.chapters) == chapters
    assert resource.why
    assert resource.year


def test_chapters_are_numbered_without_a_gap_and_no_title_comes_twice(plan):
    for resource in plan.resources.values():
        numbers = [c.number for c in resource.chapters]
        if numbers:
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), resource.id
            assert numbers[0] in (0, 1), resource.id
        assert len({c.title for c in resource.chapters}) == len(numbers), resource.id


def test_chapter_titles_agree_with_the_public_lists():
    file = DATA / "data" / "books.json"
    if not file.is_file():
        pytest.skip(f"{file} is missing; set MODELWRIGHT_DATA to the folder that holds data/")
    plan = load(REPOSITORY / "curriculum")
    books = [r for r in plan.resources.values() if r.kind == "book"]
    words = lambda text: [word.rstrip("s") for word in re.sub(r"[^a-zé0-9]+", " ", text.lower()).split()]
    for listed in json.loads(file.read_text(encoding="utf-8"))["books"]:
        name = words(listed["title"].split("(")[0].replace("Geron", "Géron"))
        own = next(b for b in books if words(b.title)[: len(name)] == name)
        titles = [words(c.title) for c in own.chapters if c.number > 0]
        for number, title in enumerate(listed["chapters"]):
            if title.startswith("("):
                continue
            theirs, ours = set(words(title)), set(titles[number])
            assert len(theirs & ours) >= 0.5 * min(len(theirs), len(ours)), (own.title, number + 1, title)


def test_every_book_lists_its_chapters_with_hours(plan):
    books = [r for r in plan.resources.values() if r.kind == "book"]
    assert len(books) >= 24
    for book in books:
        assert len(book.chapters) >= 6, book.title
        assert any(c.skills for c in book.chapters), book.title


def test_every_link_is_whole_and_goes_by_https(plan):
    for resource in plan.resources.values():
        assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}/\S*", resource.link), (resource.id, resource.link)


def test_tools_communities_and_competition_sites_are_named(plan):
    titles = {r.title for r in plan.shared.values()}
    assert {"NumPy", "pandas", "scikit-learn", "PyTorch", "TensorFlow and Keras", "Hugging Face", "Git"} <= titles
    assert {"X", "r/MachineLearning", "GitHub", "Kaggle"} <= titles
    named = set(chain.from_iterable((*m.tools, *m.communities) for m in plan.modules.values()))
    assert named <= set(plan.shared)


def test_the_projects_lead_from_a_spam_classifier_by_a_chatbot_to_a_model_of_ones_own(plan):
    ids = list(plan.projects)
    spam, chatbot, capstone = (ids.index(f"projects/{p}") for p in ("spam-classifier", "chatbot", "capstone"))
    assert spam < chatbot < capstone
    assert 6 <= len(ids) <= 10
    for project in plan.projects.values():
        assert project.stage in plan.stages
        assert set(project.skills) <= set(plan.skills), project.id
        assert len(project.milestones) >= 4
        last = max(list(plan.modules).index(plan.skills[s].module) for s in project.skills)
        assert list(plan.modules.values())[last].stage == project.stage or project.id == "projects/capstone", project.id


def test_a_stage_takes_the_hours_of_its_modules(plan):
    for stage in plan.stages.values():
        assert stage.hours.low == sum(m.hours.low for m in stage.modules)
        assert stage.hours.high == sum(m.hours.high for m in stage.modules)


def test_the_hours_of_a_modules_skills_lie_within_the_modules(plan):
    for module in plan.modules.values():
        assert module.hours.low <= sum(s.hours for s in module.skills) <= module.hours.high, module.id


def test_there_are_skills_enough_and_each_says_what_one_can_then_do(plan):
    assert len(plan.skills) >= 190
    for module in plan.modules.values():
        assert len(module.skills) >= 9, module.id
    for skill in plan.skills.values():
        assert 20 <= len(skill.can) <= 170, skill.id
        assert skill.can[0].islower(), skill.id
        assert not skill.can.endswith("."), skill.id
    titles = [s.title for s in plan.skills.values()]
    assert len(set(titles)) == len(titles)


def test_the_skills_that_the_forges_parts_need_exist(plan):
    needed = {
        "transformers": [
            "byte-pair-merges",
            "byte-pair-encoding",
            "token-batches",
            "token-embeddings",
            "tied-output-head",
            "rmsnorm",
            "rotary-positions",
            "grouped-query-attention",
            "logit-soft-cap",
            "causal-mask",
            "gated-feed-forward",
            "mixture-of-experts-routing",
            "load-balancing-loss",
            "transformer-block",
            "masked-cross-entropy",
            "sampling",
            "chat-template",
            "scaled-dot-product",
            "softmax-saturation",
        ],
        "ai-systems-design": ["key-value-cache", "weight-quantisation"],
        "advanced-deep-learning": [
            "adamw",
            "muon",
            "learning-rate-schedules",
            "gradient-clipping",
            "gradient-accumulation",
            "low-rank-adaptation",
        ],
        "research-papers": ["direct-preference-optimisation"],
        "reinforcement-learning": ["group-relative-advantage", "verifiable-rewards"],
        "large-scale-ml": ["ring-all-reduce", "checkpointing"],
        "linear-algebra": ["matrix-product"],
        "deep-learning": ["softmax"],
    }
    assert not {f"{module}/{slug}" for module, slugs in needed.items() for slug in slugs} - set(plan.skills)


# What a model like Grok rests on beyond the plan's books, by module: each slug is a skill with questions and something to read.
ROAD = {
    "python": ["the-shell", "data-frames", "table-cleaning", "grouping-and-joining"],
    "hands-on-ml": ["keras-models", "tensorflow-differences", "experiment-tracking"],
    "practical-nlp": ["nltk-toolkit", "spacy-pipelines"],
    "transformers": [
        "unigram-tokenisation",
        "tokenizers-library",
        "hub-datasets",
        "pretrained-models-in-practice",
        "publishing-on-the-hub",
        "sequence-packing",
        "sliding-window-attention",
        "context-extension",
        "latent-attention",
        "query-key-norm",
        "shared-and-fine-grained-experts",
    ],
    "large-scale-ml": ["sql-queries", "crawl-extraction", "quality-filters", "deduplication-at-scale", "data-mixtures"],
    "ai-systems-design": [
        "containers",
        "profiling",
        "compiled-models",
        "gpu-memory-hierarchy",
        "flash-attention",
        "triton-kernels",
        "speculative-decoding",
        "constrained-decoding",
        "tool-calls",
    ],
    "advanced-deep-learning": ["fp8-training", "maximal-update-parametrisation", "distillation", "image-patches", "peft-in-practice"],
    "research-papers": ["test-time-reasoning", "agents"],
}


@pytest.mark.parametrize(("module", "slug"), [(module, slug) for module, slugs in ROAD.items() for slug in slugs])
def test_the_road_to_a_model_like_grok_has_no_hole(plan, module, slug):
    skill = plan.find("skill", f"{module}/{slug}")
    assert skill.prerequisites
    assert skill.encompasses
    assert len(plan.teaching(skill.id, "item")) >= 3
    own = {resource.id for resource in plan.modules[module].resources}
    assert own & {resource for resource, _ in plan.chapters(skill.id)}, "its questions are asked after a chapter of its own module"


def test_every_skill_can_be_reached_from_skills_that_need_nothing(plan):
    assert set(plan.order) == set(plan.skills), "a circle of prerequisites cannot be ordered"
    for skill in plan.skills.values():
        assert set(skill.prerequisites) <= set(plan.skills), skill.id
    roots = [s.id for s in plan.skills.values() if not s.prerequisites]
    assert roots
    assert {r.split("/")[0] for r in roots} <= {m.id for m in plan.stages["foundation"].modules}


def test_what_the_plan_has_later_comes_right_before_its_first_use(plan):
    order = plan.order
    assert order.index("python/numpy-arrays") + 1 == order.index("linear-algebra/vectors")
    assert order.index("python/exceptions") + 1 == order.index("linear-algebra/dot-product")
    assert order.index("linear-algebra/conditioning") < order.index("calculus/limits") < order.index("python/dictionaries")


def test_no_prerequisite_says_what_a_path_already_says(plan):
    before = ancestors(plan)
    redundant = [(s.id, p, q) for s in plan.skills.values() for p in s.prerequisites for q in s.prerequisites if p in before[q]]
    assert not redundant


def test_what_a_skill_practises_was_learned_before_it(plan):
    before = ancestors(plan)
    for skill in plan.skills.values():
        assert set(skill.encompasses) <= before[skill.id], (skill.id, set(skill.encompasses) - before[skill.id])


def test_no_skill_stands_alone_in_both_graphs(plan):
    practised = set(chain.from_iterable(s.encompasses for s in plan.skills.values()))
    for skill in plan.skills.values():
        assert skill.prerequisites or plan.dependents(skill.id), skill.id
    # Practice flows back: nearly every skill that another rests on is also practised by some later one.
    bases = [s.id for s in plan.skills.values() if plan.dependents(s.id)]
    assert sum(id in practised for id in bases) >= 0.85 * len(bases)


def test_a_skill_rests_only_on_modules_that_its_module_names_as_earlier(plan):
    order = list(plan.modules)
    reach = {}
    for module in plan.modules.values():
        reach[module.id], waiting = {module.id}, list(module.prerequisites)
        while waiting:
            reach[module.id].add(earlier := waiting.pop())
            waiting += set(plan.modules[earlier].prerequisites) - reach[module.id]
        for earlier in module.prerequisites:
            # A stage's modules are taken side by side: one may rest on another whose number is higher.
            assert order.index(earlier) < order.index(module.id) or plan.modules[earlier].stage == module.stage == "foundation"
        for skill in module.skills:
            assert {p.split("/")[0] for p in skill.prerequisites} <= reach[module.id], skill.id


def test_every_skill_is_served_by_a_chapter_a_lesson_or_a_lab(plan):
    served = [bool(plan.chapters(id) or plan.teaching(id, "lesson") or plan.teaching(id, "lab")) for id in plan.skills]
    assert all(served)
