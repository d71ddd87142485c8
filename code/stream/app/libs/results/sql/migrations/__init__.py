"""Alembic's revisions of the SQL tables, run by ``SqlResults.prepare``; together they make what ``schema`` describes.

A change of ``schema`` comes with a new module here, ``v0002_<what>.py``, whose ``down_revision`` is the one before.
"""
