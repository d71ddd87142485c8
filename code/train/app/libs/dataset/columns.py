"""Which column holds the text and which the label: as named, or guessed from the names data sets use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sentiment.errors import PermanentError

SENTIMENT140_COLUMNS: Final = ("target", "id", "date", "flag", "user", "text")
# In order of preference: airline's fifteen columns hold both `airline_sentiment` and `airline_sentiment_gold`, and
# IMDB's four hold both `label` and `rating`.
TEXT_NAMES: Final = (
    "text",
    "tweet",
    "tweet_text",
    "review",
    "sentence",
    "content",
    "message",
    "comment",
    "body",
    "post",
)
LABEL_NAMES: Final = ("label", "sentiment", "airline_sentiment", "target", "polarity", "class", "rating", "stars")
TOPIC_NAMES: Final = ("topic", "brand", "airline", "flag")


class Columns(NamedTuple):
    """Names of the columns to read; ``topic`` only when there is one, ``label`` None when none is needed."""

    text: str
    label: str | None
    topic: str | None

    def describe(self) -> str:
        """Say which column was taken for what, for the log and the data report."""
        return f"text from '{self.text}', label from '{self.label}', topic from '{self.topic}'"


def choose_columns(names: Sequence[str], options: Mapping[str, str], *, need_label: bool = True) -> Columns:
    """Return the columns to read; ``PermanentError("wrong_columns")`` names what was found and how to name the right ones.

    Names are compared without regard to case and outer white space; ``options`` (``text=``, ``label=``) win.
    """
    text = _choose(names, options.get("text"), TEXT_NAMES)
    label = _choose(names, options.get("label"), LABEL_NAMES)
    if text is None or (label is None and need_label) or text == label:
        missing = "text" if text is None else "label"
        raise PermanentError(
            f"no {missing} column among {', '.join(repr(name[:40]) for name in names[:20])}; name the columns after the "
            f"address: #text=<column>&label=<column>. Names known without that: {', '.join(TEXT_NAMES)}; "
            f"{', '.join(LABEL_NAMES)}",
            code="wrong_columns",
        )
    return Columns(text, label, _choose(names, options.get("topic"), TOPIC_NAMES))


def is_header(cells: Sequence[str], options: Mapping[str, str]) -> bool:
    """Tell whether a file's first row names columns."""
    named = [value for key, value in options.items() if key in ("text", "label")]
    known = {*TEXT_NAMES, *LABEL_NAMES, *(name.casefold() for name in named)}
    return any(cell.strip().casefold() in known for cell in cells)


def is_sentiment140(cells: Sequence[str]) -> bool:
    """Tell whether a file's first row is a row of Sentiment140, which comes with no header."""
    return len(cells) == len(SENTIMENT140_COLUMNS) and cells[0].strip() in {"0", "2", "4"}


def _choose(names: Sequence[str], wanted: str | None, known: Sequence[str]) -> str | None:
    folded = {name.strip().casefold(): name for name in reversed(names)}
    if wanted is not None:
        return folded.get(wanted.strip().casefold())
    return next((folded[name] for name in known if name in folded), None)
