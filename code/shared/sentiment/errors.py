"""Failure words that tell the caller what to do: retry with back-off, or never retry."""

from __future__ import annotations


class SentimentError(Exception):
    """A failure with a stable, machine-readable ``code`` beside its sentence for people.

    The edge (HTTP, command line, stream loop) translates it once; nothing in between needs to catch it.
    """

    def __init__(self, detail: str, *, code: str) -> None:
        """Keep the sentence as the exception's text and the code for the caller."""
        super().__init__(detail)
        self.detail = detail
        self.code = code


class PermanentError(SentimentError):
    """Never retry: the input is wrong and will stay wrong (refuse it, or put it with the dead letters)."""


class TransientError(SentimentError):
    """Retry with back-off: something this app depends on is down, slow or full."""

    def __init__(self, detail: str, *, code: str, retry_after_seconds: float = 1.0) -> None:
        """Add how long a caller should wait before the next try, in seconds."""
        super().__init__(detail, code=code)
        self.retry_after_seconds = retry_after_seconds


class ConfigurationError(PermanentError):
    """The environment or the command line is wrong: say so in one line and exit with code 2."""

    def __init__(self, detail: str) -> None:
        """Carry the code every configuration mistake shares."""
        super().__init__(detail, code="configuration")


class ReleaseError(PermanentError):
    """A release cannot be trusted: missing, truncated, changed, of an unknown format, or not reproducing its goldens."""


class KeyMissingError(PermanentError):
    """The store has nothing under that key."""

    def __init__(self, key: str) -> None:
        """Name the key."""
        super().__init__(f"the store has no object '{key}'", code="key_missing")
        self.key = key


class RaceLostError(TransientError):
    """Somebody else wrote first: read again, decide again, write again."""

    def __init__(self, key: str) -> None:
        """Name the key."""
        super().__init__(
            f"another writer was first at '{key}'; read it again", code="race_lost", retry_after_seconds=0.0
        )
        self.key = key
