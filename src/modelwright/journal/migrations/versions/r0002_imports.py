"""What was imported, so that it can be taken back; and a small index of the events that take something back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "journal_imports",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=False),
    )
    words = sa.text("kind = 'import-undone'")
    op.create_index("journal_events_undone", "journal_events", ["seq"], sqlite_where=words, postgresql_where=words)
