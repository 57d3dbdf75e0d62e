"""Run by Alembic inside `store.py`'s own connection and transaction: a journal is migrated whole or not at all."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    transaction_per_migration=False,
)
context.run_migrations()
