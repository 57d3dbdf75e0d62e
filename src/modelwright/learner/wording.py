"""Numbers as a person would say them."""

from __future__ import annotations

import datetime as dt

_WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_FRACTIONS = ((1, 20), (1, 10), (1, 5), (1, 4), (1, 3), (2, 5), (1, 2), (3, 5), (2, 3), (3, 4), (4, 5), (9, 10), (19, 20), (99, 100))
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DAY = 86_400_000
DAY_BEGINS = 4  # o'clock: what is done after midnight still belongs to the evening before


def number(n: int) -> str:
    """In words up to twenty."""
    return _WORDS[n] if 0 <= n < len(_WORDS) else f"{n:,}"


def count(n: int, noun: str, plural: str = "") -> str:
    return f"{number(n)} {noun if n == 1 else plural or noun + 's'}"


def often(p: float) -> str:
    """A probability as a frequency: 0.61 is "3 times in 5"."""
    a, b = min(_FRACTIONS, key=lambda f: abs(f[0] / f[1] - p))
    return f"once in {b}" if a == 1 else f"{a} times in {b}"


def day_of(at: int, tz: int) -> int:
    """The learner's day, counted from 1970: it begins at four in the morning."""
    return (at + tz * 60_000 - DAY_BEGINS * 3_600_000) // DAY


def days_between(at: int, now: int, tz: int) -> int:
    """How many of the learner's days lie between two moments: 1 from last night to tonight, however many hours that is."""
    return day_of(now, tz) - day_of(at, tz)


def ago(at: int, now: int, tz: int) -> str:
    days = days_between(at, now, tz)
    if days < 1:
        return "today" if now >= at else "just now"
    return "yesterday" if days == 1 else f"{days} days ago"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(names: list[str], last: str = "and") -> str:
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + f" {last} " + names[-1]


def date(at: int, tz: int = 0) -> dt.datetime:
    return dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=at + tz * 60_000)


def month(at: int, tz: int = 0) -> str:
    day = date(at, tz)
    return f"{_MONTHS[day.month - 1]} {day.year}"


def day(at: int, tz: int = 0) -> str:
    moment = date(at, tz)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def minutes(m: float) -> str:
    return f"{max(1, round(m))} min" if m < 90 else f"{m / 60:.1f} h"


def span(low: float, high: float | None, unit: str = "h") -> str:
    """A range: "3 to 6 months", "6 months", "6 months and on" where it has no end."""
    if high is None:
        return f"{low:g} {unit} and on"
    return f"{low:g} {unit}" if low == high else f"{low:g} to {high:g} {unit}"
