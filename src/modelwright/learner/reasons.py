"""Why a step is there, in sentences that are true at the moment when they are said.

What was done is told with its day, in the learner's own calendar; a run of right answers from long ago is not spoken of as if it were
tonight's; and no probability is quoted that no answer stands behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwright.learner import wording as say

if TYPE_CHECKING:
    from modelwright.learner.traces import LabTrace, SkillTrace

LATELY = 7  # days for which a run of answers is still spoken of as going on
FRESH = 3  # days for which a lab that was left open is still in one's mind


def practice(trace: SkillTrace | None, about: str, p: float, now: int, tz: int) -> str:
    """Why to practise a skill that was taught. about: its title, for use inside a sentence; p: the chance of a right answer."""
    if trace is None or not trace.answered_at or (trace.taught_at and trace.answered_at < trace.taught_at):
        if trace is None or not trace.taught_at:
            return f"A few problems show whether {about} is yours."
        days = say.days_between(trace.taught_at, now, tz)
        when = "" if days < 1 else f" {say.ago(trace.taught_at, now, tz)}"
        return f"You {'have read' if not when else 'read'} about {about}{when}; a few problems show what stayed."
    days, streak = say.days_between(trace.answered_at, now, tz), trace.streak
    if days > LATELY:
        answers = "answer then was" if streak == 1 else f"{say.number(streak)} answers then were"
        then = f"; your last {answers} right" if streak > 0 else ""
        return f"You last practised {about} {say.ago(trace.answered_at, now, tz)}{then}. A few problems show what is left of it."
    if streak == 1:
        return f"Your last answer on {about} was right; a few more make it yours."
    if streak > 1:
        return f"{say.capital(say.count(streak, 'right answer'))} in a row on {about}; a few more make it yours."
    return f"Your last answer on {about} was wrong; today you would get it right {say.often(p)}."


def rests_on(wrong: str, trace: SkillTrace | None, p: float) -> str:
    """Why to go back to what a skill rests on. wrong: what went wrong with the skill."""
    if trace is None or not trace.answered_at:
        return f"{wrong}, and they rest on this, of which nothing is known yet."
    return f"{wrong}, and they rest on this, which you would get right {say.often(p)}."


def claim(trace: SkillTrace | None) -> str:
    """Whose word it is that a skill is known, where no answer since stands behind it."""
    return "Your placement says" if trace is not None and trace.placed_by_test else "You said"


def unfinished(trace: LabTrace, now: int, tz: int) -> str:
    """Why to go on with a lab that was left open."""
    days = say.days_between(trace.tried_at, now, tz)
    if trace.best <= 0:
        return "You have begun it, and nothing passes yet."
    share = say.often(min(trace.best, 0.95)).removesuffix(" times").replace(" times in ", " checks in ")
    share = share.replace("once in 2", "half of its checks").replace("once in ", "one check in ")
    passing = f"{say.capital(share)} pass{'es' if share.startswith('one ') else ''} already"
    return f"{passing}, and it is fresh in your mind." if days <= FRESH else f"{passing}; you left it {say.ago(trace.tried_at, now, tz)}."
