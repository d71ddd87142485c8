"""URLs that name a source, a spool or a results store, as typed values: what each scheme means is decided here alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from sentiment.errors import ConfigurationError
from sentiment.labelled.options import FileOptions, parse_options
from sentiment.service.settings import is_loopback

SOURCE_EXAMPLES: Final = "file:///srv/tweets.csv.gz?rate=50&loop=false, x://api.x.com or wss://host/subscribe"
SPOOL_EXAMPLES: Final = "file:///var/lib/sentiment/spool, sqs://queue-name or sqs://queue-name?visibility=30"
DEFAULT_VISIBILITY_SECONDS: Final = 30
_LONGEST_VISIBILITY_SECONDS: Final = 43_200  # SQS's
RESULTS_EXAMPLES: Final = (
    "sqlite:////var/lib/sentiment/results.db, dynamodb://twitter_sentiment, "
    "postgresql+psycopg://user:password@host/database or mysql+pymysql://user:password@host/database"
)
_SQL_SCHEMES: Final = frozenset({"sqlite", "postgresql+psycopg", "mysql+pymysql"})
_FAST: Final = 1_000_000.0


class ReplayAddress(NamedTuple):
    """A file to replay: ``rate`` in posts a second (0 = as fast as possible), again and again with ``loop``."""

    path: Path
    rate: float
    loop: bool
    options: FileOptions
    """Column names and encoding, from the fragment (``#text=body&encoding=latin-1``)."""


class XAddress(NamedTuple):
    """X's API at ``x://host`` (TLS), or a simulator of it at ``x+http://127.0.0.1:port``."""

    url: str
    token: SecretStr


class JetstreamAddress(NamedTuple):
    """Bluesky's Jetstream at ``wss://host/subscribe``, or a simulator of it at ``ws://127.0.0.1:port``."""

    url: str


SourceAddress = ReplayAddress | XAddress | JetstreamAddress


class FolderAddress(NamedTuple):
    """A folder on disk, in which one process at a time does a role."""

    path: Path


class QueueAddress(NamedTuple):
    """A queue; a worker that dies keeps its messages from the others for ``visibility_seconds``."""

    name: str
    visibility_seconds: int


SpoolAddress = FolderAddress | QueueAddress


def parse_replay_url(url: str) -> ReplayAddress:
    """Read ``file:///abs/path?rate=50&loop=false#text=body``; ``ConfigurationError`` when it is not one."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    rate, loop = options.pop("rate", "0"), options.pop("loop", "false").lower()
    if parts.netloc or not parts.path.startswith("/") or options or loop not in ("true", "false", "1", "0"):
        raise _refusal("SOURCE_URL", "is no file to replay (options: rate=<posts a second>, loop=true|false)")
    try:
        posts_a_second = float(rate)
    except ValueError:
        posts_a_second = -1.0
    if not 0 <= posts_a_second <= _FAST:
        raise _refusal("SOURCE_URL", f"has rate={rate[:20]}, which is no number of posts a second")
    path, again = Path(unquote(parts.path)), loop in ("true", "1")
    return ReplayAddress(path, posts_a_second, again, _parse_file_options(parts.fragment))


def parse_source_url(url: str, x_bearer_token: SecretStr | None) -> SourceAddress:
    """Read a source's address; ``ConfigurationError`` unless it names one and what that one needs is given."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        address = parse_replay_url(url)
        if not address.path.is_file():
            raise _refusal("SOURCE_URL", f"names the file {address.path}, which is not there")
        return address
    if parts.scheme not in ("x", "x+http", "ws", "wss") or not parts.hostname:
        raise _refusal("SOURCE_URL", "names no source")
    if parts.scheme in ("x+http", "ws") and not is_loopback(parts.hostname):
        raise _refusal("SOURCE_URL", f"would send posts and keys in the clear: {parts.scheme}:// is for loopback only")
    if parts.scheme in ("ws", "wss"):
        return JetstreamAddress(url)
    if x_bearer_token is None:
        raise ConfigurationError("X_BEARER_TOKEN is missing, e.g. X_BEARER_TOKEN=AAAA… from the X developer portal")
    return XAddress(url, x_bearer_token)


def parse_spool_url(url: str) -> SpoolAddress:
    """Read ``file:///abs/folder`` or ``sqs://queue-name?visibility=30``; ``ConfigurationError`` when it is neither."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return FolderAddress(Path(unquote(parts.path)))
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    seconds = options.pop("visibility", str(DEFAULT_VISIBILITY_SECONDS))
    if parts.scheme != "sqs" or not parts.netloc or parts.path.strip("/") or options:
        raise ConfigurationError(f"SPOOL_URL names no spool; valid: {SPOOL_EXAMPLES}")
    if not seconds.isdecimal() or not 1 <= int(seconds) <= _LONGEST_VISIBILITY_SECONDS:
        raise ConfigurationError(
            f"SPOOL_URL has visibility={seconds[:20]}, which is no number of seconds from 1 to 43200"
        )
    return QueueAddress(parts.netloc, int(seconds))


def require_results_url(url: str) -> None:
    """Raise ``ConfigurationError`` unless ``url`` names a results store; its password is never repeated."""
    scheme, _, rest = url.partition("://")
    known = scheme in _SQL_SCHEMES or scheme == "dynamodb"
    if not known or not rest or (scheme == "sqlite" and not rest.startswith("/")):
        raise ConfigurationError(f"RESULTS_URL names no results store; valid: {RESULTS_EXAMPLES}")


def _parse_file_options(fragment: str) -> FileOptions:
    try:
        return parse_options(fragment)
    except ConfigurationError as error:
        raise ConfigurationError(f"SOURCE_URL: {error.detail}") from None


def _refusal(variable: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"{variable} {reason}; valid: {SOURCE_EXAMPLES}")
