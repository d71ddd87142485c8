"""Results in SQLite, PostgreSQL or MySQL."""
