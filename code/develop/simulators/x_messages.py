"""What X's filtered stream sends: posts, keep-alives, the word before it hangs up; and bytes cut as a network cuts them."""

from __future__ import annotations

import json
import random
from typing import Any, Final

KEEP_ALIVE: Final = b"\r\n"
DISCONNECT: Final = (
    json.dumps(
        {
            "errors": [
                {
                    "title": "operational-disconnect",
                    "disconnect_type": "UpstreamOperationalDisconnect",
                    "detail": "for operational reasons",
                    "type": "https://api.x.com/2/problems/operational-disconnect",
                }
            ]
        }
    ).encode()
    + b"\r\n"
)
NOON: Final = "2026-03-01T12:00:00.000Z"


def make_message(
    post: str,
    text: str = "",
    *,
    rule: str | None = "1",
    tag: str | None = "acme",
    user: str = "ann",
    **data: Any,
) -> bytes:
    """Return one line as X sends it with the fields and expansions that stream asks for."""
    match = [{"id": rule, **({"tag": tag} if tag else {})}] if rule else []
    return make_line(post, text or f"post {post} 😀 naïve", user, match, data)


def make_line(post: str, text: str, user: str, matches: list[dict[str, str]], data: dict[str, Any]) -> bytes:
    """Return one line; ``data`` adds to the post's fields or replaces them."""
    fields = {
        "id": post,
        "text": text,
        "author_id": "42",
        "created_at": NOON,
        "lang": "en",
        "edit_history_tweet_ids": [post],
        **data,
    }
    users = [{"id": "42", "username": user, "name": user.title()}]
    body = {"data": fields, "includes": {"users": users}, "matching_rules": matches}
    return json.dumps(body, ensure_ascii=False).encode() + b"\r\n"


def split_anywhere(data: bytes, seed: int) -> list[bytes]:
    """Cut bytes into chunks at random places, inside characters and line ends too."""
    chance = random.Random(seed)  # noqa: S311 - a script, no secret
    pieces, rest = [], data
    while rest:
        size = chance.randint(1, 40)
        pieces.append(rest[:size])
        rest = rest[size:]
    return pieces
