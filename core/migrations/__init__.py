"""The database's versions, oldest first, run by Alembic."""
