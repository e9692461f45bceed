"""Run by Alembic: the steps, within the transaction of the connection that the store hands over."""

from alembic import context

from maildesk.store.tables import metadata

# Batches: SQLite changes a column only by building its table anew.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
