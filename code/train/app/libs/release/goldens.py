"""Golden predictions: texts with the labels and scores of a release, replayed by every reader before it serves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sentiment.errors import ReleaseError
from sentiment.model.classifier import TextScorer
from sentiment.model.goldens import SCORE_TOLERANCE
from sentiment.model.labels import to_prediction
from sentiment.text.cleaning import clean

_SUBJECTS: Final = ("the new phone", "my flight", "this coffee", "their support", "the update", "@brand", "#delivery")
_OPINIONS: Final = (
    "{} is great", "{} is not great", "{} isn't bad at all", "{} is awful", "I love {}", "I hate {}!!!",
    "never again, {}", "{} … well, it works", "{} is sooooo good", "is {} any good?", "THANK YOU {}", "{} broke again :(",
    "can't complain about {}", "{} could be worse", "nobody likes {}", "{} was fine until today", "not sure about {}",
    "wow, just wow. {}", "{} made my day :)", "don't buy {}", "hardly the best, {}", "{} > everything else",
)  # fmt: skip
_ODD: Final = (
    "", " ", "\n\t", ".", "!!!", "???", "🙂", "😡😡😡", "👍🏽", "👨‍👩‍👧‍👦", "❤️", "🇧🇷🇩🇪", ":)", ":(", "<3", "¯\\_(ツ)_/¯",
    "https://example.org", "look https://example.org/a?b=c#d !", "www.example.org is down", "pic.twitter.com/abc123 nice",
    "@a @b @c @d", "@", "#", "# hashtag", "RT @someone: love this", "a", "no", "not", "NOT GOOD", "not not good",
    "don’t like it", "don't like it", "dont like it", "AT&T is fine", "AT&amp;T is fine", "&lt;3 &lt;3", "5 &gt; 4", "&amp;amp;",
    "שלום עולם", "מוצר נהדר! 😀", "خدمة سيئة جدا", "أحب هذا", "これは最高です", "最悪だ", "дуже добре", "δεν μου αρέσει",
    "que droga de serviço", "adorei 😍😍", "schön, aber teuer", "ça marche", "naïve café", "ﬁne ﬂight", "ｇｏｏｄ", "𝓵𝓸𝓿𝓮 𝓲𝓽",
    "e\u0301te\u0301", "été", "zero\u200bwidth", "soft\u00adhyphen", "non\u00a0breaking", "\ufeffbom", "line one\nline two",
    "tab\tseparated", "null\x00byte", "so so so so so", "aaaaaaaaaaaaaaaaaaaa", "hahahahahahaha", "1234567890", "3.14159",
    "<script>alert(1)</script>", "'; DROP TABLE tweets; --", "=1+1", "{{7*7}}", "%s%n%x", "../../etc/passwd",
    "C++ > Java", "50% off!!!", "$$$", "e-mail me: a@example.org", "http://", "ftp://old.example.org/x is slow",
    "bit.ly/abc check this", "good" * 50, "bad " * 300, "so late! " * 1100, "love " * 2000, "x" * 10_000,
    "ein sehr langer Satz ohne Sinn " * 320, "🙂" * 500, "@user " * 500, "#tag" * 300, "?" * 2000,
    "I don't think this is not unlike what I never wanted", "Yeah, right. Best. Service. Ever.",
)  # fmt: skip


def golden_texts() -> list[str]:
    """Return about 200 texts: negation, emoji, empty, right-to-left, links, entities, hostile, and 10,000 characters long."""
    plain = [opinion.format(subject) for opinion, subject in product(_OPINIONS, _SUBJECTS[:5])]
    short = [f"{subject}: {word}" for subject, word in product(_SUBJECTS[:2], ("meh", "yay", "ugh", "ok"))]
    return [*plain, *short, *_ODD]


def write_goldens(scorer: TextScorer, path: Path) -> int:
    """Write a line ``{"text", "label", "score"}`` per golden text, as predicted by the code that serves releases."""
    texts = golden_texts()
    predictions = scorer.predict([clean(text) for text in texts])
    with path.open("w", encoding="utf-8") as file:
        for text, prediction in zip(texts, predictions, strict=True):
            line = {"text": text, "label": prediction.label, "score": prediction.score}
            file.write(json.dumps(line, ensure_ascii=True) + "\n")
    return len(texts)


def require_same_scores(scorer: TextScorer, probabilities: Sequence[NDArray[np.float32]]) -> None:
    """Refuse an exported network whose scores are not those of Keras: ``ReleaseError("export_differs")``.

    ``probabilities``: those of Keras for each of ``golden_texts``, [classes] each. Both may round to different fifth
    decimals, so the tolerance is the readers' own.
    """
    texts = golden_texts()
    found = scorer.predict([clean(text) for text in texts])
    for text, prediction, row in zip(texts, found, probabilities, strict=True):
        expected = to_prediction(row.tolist(), scorer.thresholds).score
        if abs(prediction.score - expected) > SCORE_TOLERANCE:
            raise ReleaseError(
                f"the exported network scores {text[:40]!r} {prediction.score}, Keras {expected}", code="export_differs"
            )
