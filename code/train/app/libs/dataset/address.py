"""Addresses of data sets: the values of ``DATASET_URL`` and ``EXCLUDE_URL`` taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from sentiment.errors import ConfigurationError
from sentiment.labelled.options import FileOptions, parse_options

SAMPLE: Final = "sample"
SENTIMENT140: Final = "sentiment140"
STAGES: Final = ("distant", "labelled")
EXAMPLES: Final = (
    "sample, sentiment140, store:datasets/x.csv, file:///srv/x.csv.gz, s3://bucket/x.parquet, "
    "https://example.org/x.jsonl or postgresql+psycopg://user@host/db?query=SELECT+text,label+FROM+posts"
)
_SQL: Final = re.compile(r"(sqlite|postgresql|mysql|mariadb|oracle|mssql)(\+\w+)?")


@dataclass(frozen=True)
class DatasetAddress:
    """One data set's address. ``options`` come from the fragment: column names, encoding, values of the labels."""

    scheme: str
    location: str  # with no fragment; for store: the key, for file: the decoded path
    options: FileOptions = field(default_factory=FileOptions)

    @property
    def name(self) -> str:
        """What reports call it: never credentials, host names kept, a query's text left out."""
        if self.scheme in (SAMPLE, SENTIMENT140):
            return self.scheme
        if self.scheme == "sql":
            parts = urlsplit(self.location)
            return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        return unquote(self.location.partition("?")[0].rstrip("/").rpartition("/")[2])


class Datasets(NamedTuple):
    """Addresses of a run's training data: ``labelled`` alone, or ``distant`` (labelled by emoticons) before it."""

    labelled: DatasetAddress
    distant: DatasetAddress | None = None

    @property
    def name(self) -> str:
        """What runs and reports call it, without credentials."""
        return self.labelled.name if self.distant is None else f"{self.distant.name}, then {self.labelled.name}"


def parse_datasets(value: str) -> Datasets:
    """Take ``DATASET_URL`` apart: one address, or ``distant=<url> labelled=<url>``; ``ConfigurationError`` otherwise."""
    words = value.split()
    if len(words) == 1 and not words[0].startswith(tuple(f"{stage}=" for stage in STAGES)):
        return Datasets(parse_address(words[0]))
    stages = dict(word.split("=", 1) for word in words if "=" in word)
    if len(words) != len(STAGES) or set(stages) != set(STAGES):
        raise ConfigurationError(f"write one address, or distant=<url> labelled=<url>; an address is {EXAMPLES}")
    return Datasets(parse_address(stages["labelled"]), parse_address(stages["distant"]))


def parse_address(address: str) -> DatasetAddress:
    """Take one address apart; ``ConfigurationError`` for an unknown scheme, an unsafe one, or unknown options."""
    location, _, fragment = address.partition("#")
    scheme, rest = _split(location)
    official = scheme == SENTIMENT140
    return DatasetAddress(scheme, rest, parse_options(fragment, encoding="latin-1" if official else "utf-8"))


def _split(location: str) -> tuple[str, str]:
    if location in (SAMPLE, SENTIMENT140):
        return location, ""
    scheme, colon, rest = location.partition(":")
    parts = urlsplit(location)
    if scheme == "store" and colon:
        return scheme, _require_dataset_key(rest)
    if scheme == "file" and not parts.netloc and parts.path.strip("/"):
        return scheme, unquote(parts.path)
    if scheme in ("s3", "https") and parts.netloc and parts.path.strip("/"):
        return scheme, location
    if _SQL.fullmatch(scheme) and colon:
        return "sql", _require_query(location)
    if scheme == "http":
        raise ConfigurationError("remote data sets need TLS: https:// instead of http://")
    raise ConfigurationError(f"it names no data set; valid: {EXAMPLES}")


def _require_dataset_key(key: str) -> str:
    if not re.fullmatch(r"datasets/[A-Za-z0-9][A-Za-z0-9._=+-]*(/[A-Za-z0-9][A-Za-z0-9._=+-]*)*", key):
        raise ConfigurationError("a data set inside the store is store:datasets/<name>, e.g. store:datasets/x.csv")
    return key


def _require_query(location: str) -> str:
    if "query" not in dict(parse_qsl(urlsplit(location).query)):
        raise ConfigurationError("a SQL address needs ?query=SELECT+text,label+FROM+…")
    return location
