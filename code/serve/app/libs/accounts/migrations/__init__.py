"""Alembic's revisions of the user database, run by ``libs.accounts.database`` at its first use; the newest is ``tables``."""
