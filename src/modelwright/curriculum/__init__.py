"""What there is to learn: the plan and everything in it, read from plain files.

curriculum = load()
curriculum.find("lab", "linear-algebra/softmax")
"""

from modelwright.curriculum.errors import AnswerError, CurriculumError, Finding, UnknownId
from modelwright.curriculum.exercises import Exercise, Judgement, generate, judge, show
from modelwright.curriculum.loader import Curriculum, default_folder, load
from modelwright.curriculum.render import RenderedLesson, render_inline, render_lesson, render_markdown, render_math

__all__ = [
    "AnswerError", "Curriculum", "CurriculumError", "Exercise", "Finding", "Judgement", "RenderedLesson", "UnknownId", "default_folder",
    "generate", "judge", "load", "render_inline", "render_lesson", "render_markdown", "render_math", "show",
]  # fmt: skip
