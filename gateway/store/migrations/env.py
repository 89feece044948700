"""Alembic's entry: revisions run inside the transaction that `gateway.store.migrate` hands over."""

from alembic import context

from gateway.store.entrance import signins

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=signins.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
