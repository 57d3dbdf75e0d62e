"""The journal's tables, as the newest migration leaves them, and the link that chains one entry to the next."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

START_LINK = "0" * 64
WORDS: sa.ColumnElement[str] = sa.literal_column("'import-undone'")  # spelled out, so that the small index of these events is used

_META = sa.MetaData()
EVENTS = sa.Table(
    "journal_events",
    _META,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(32)),
    sa.Column("learner", sa.String(200)),
    sa.Column("at", sa.BigInteger),
    sa.Column("kind", sa.String(40)),
    sa.Column("body", sa.Text),
    sa.Column("link", sa.String(64)),
)
HEAD = sa.Table(
    "journal_head", _META, sa.Column("one", sa.Integer, primary_key=True), sa.Column("seq", sa.BigInteger), sa.Column("link", sa.String(64))
)
# What was imported here. It is no part of what happened: nothing is folded from it, and an export does not carry it.
IMPORTS = sa.Table(
    "journal_imports",
    _META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger),
    sa.Column("source", sa.String(200)),
    sa.Column("first", sa.BigInteger),
    sa.Column("last", sa.BigInteger),
    sa.Column("undone_at", sa.BigInteger),
)


def link(previous: str, body: str) -> str:
    # A damaged text has marks in place of bytes that are not UTF-8 (`databases.rows`): they become those bytes again.
    return hashlib.sha256((previous + body).encode("utf-8", "surrogateescape")).hexdigest()
