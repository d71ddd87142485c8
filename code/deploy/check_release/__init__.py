"""`make check-release`: the road from a tag to the pods, as much of it as one machine can run.

A check is one module here with two public names, listed once in ``catalogue.CHECKS``:

- ``PARTS``, a ``parts.Parts``: the Debian packages, Python environments and Node programs that it needs. The driver
  installs them before the first check runs; a check itself installs nothing.
- ``check_<module>(folder: Path) -> Iterator[Fact]``: do it for real and yield a ``fact.Fact`` for each thing that was
  tried, as soon as it is known: each becomes one line on the screen and one of the counted. A fact that failed carries
  in ``detail`` what a person needs to mend it. Raise ``fact.CheckFailedError`` to give up, which counts as one failure;
  so does a check that yields nothing. ``folder`` is empty, the check's own, and removed at the end.

Checks run as root in the environment ``tools``, one after the other in the catalogue's order;
``make check-release ARGS=images`` runs one. What is cheap of a check is a test of the house as well.
"""
