"""The object store of releases, runs and data sets: one interface, two implementations, chosen by ``STORE_URL``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from sentiment.errors import ConfigurationError

STORE_EXAMPLES = "file:///var/lib/sentiment/store or s3://bucket/prefix"


class StoredObject(NamedTuple):
    """An object's bytes with the tag that names exactly this content (for compare-and-set)."""

    data: bytes
    etag: str


class Store(Protocol):
    """Objects under slash-separated keys, with the two conditional writes that make publishing safe.

    Every method raises ``TransientError("store_down")`` when the store cannot be reached or refuses for now, and
    ``PermanentError`` when it never will (``store_denied``, ``bad_key``).
    """

    url: str

    def read(self, key: str) -> StoredObject:
        """Return the object; ``KeyMissingError`` when there is none."""

    def download(self, key: str, path: Path) -> None:
        """Copy the object into a local file without holding it in memory; ``KeyMissingError`` when there is none."""

    def create(self, key: str, data: bytes) -> str:
        """Write a new object and return its etag; ``RaceLostError`` when the key is taken (one winner of many)."""

    def replace(self, key: str, data: bytes, etag: str) -> str:
        """Swap the object if it still has ``etag``; ``RaceLostError`` when it changed, ``KeyMissingError`` when gone."""

    def write(self, key: str, data: bytes) -> str:
        """Write unconditionally: for objects with one writer, such as a run's status."""

    def upload(self, key: str, path: Path) -> None:
        """Copy a local file to the key without holding it in memory."""

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with ``prefix``, in ascending order."""

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is no error."""

    def check(self) -> None:
        """Prove that the store can be written, read and listed by doing so; raises what stands in the way."""


def open_store(url: str) -> Store:
    """Return the store that ``url`` names; ``ConfigurationError`` for an unknown scheme or a malformed address."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/") and parts.path.strip("/"):
        from sentiment.store.directory import DirectoryStore

        return DirectoryStore(unquote(parts.path))
    if parts.scheme == "s3" and parts.netloc:
        from sentiment.store.s3 import S3Store

        return S3Store(parts.netloc, parts.path.strip("/"))
    msg = f"STORE_URL is '{url}', which names no store; valid: {STORE_EXAMPLES}"
    raise ConfigurationError(msg)
