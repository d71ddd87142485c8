"""A store in an S3 bucket. The only module of it that imports boto3.

Conditional writes as S3 defines them: ``If-None-Match: *`` creates, ``If-Match: <etag>`` compares and sets; 412 says
the race is lost, 409 that it was too close to call, 404 that the key is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sentiment.errors import KeyMissingError, PermanentError, RaceLostError, SentimentError, TransientError
from sentiment.store import StoredObject
from sentiment.store.keys import require_key

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
_MISSING = {"NoSuchKey", "404", "NotFound"}
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_DENIED = {"NoSuchBucket", "AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidBucketName"}


class S3Store:
    """Objects under ``s3://bucket/prefix``; credentials, region and endpoint from boto3's default chain."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        """Make one client, kept for the life of the store (clients are thread-safe)."""
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client: Any = boto3.client("s3", config=_CONFIG)

    def read(self, key: str) -> StoredObject:
        """Return the object's bytes and S3's own etag."""
        with _translated(key):
            answer = self._client.get_object(**self._named(key))
            return StoredObject(answer["Body"].read(), answer["ETag"].strip('"'))

    def download(self, key: str, path: Path) -> None:
        """Download in parts (boto3's transfer manager)."""
        with _translated(key):
            self._client.download_file(self._bucket, self._named(key)["Key"], str(path))

    def create(self, key: str, data: bytes) -> str:
        """Put with ``If-None-Match: *``."""
        return self._put(key, data, IfNoneMatch="*")

    def replace(self, key: str, data: bytes, etag: str) -> str:
        """Put with ``If-Match``."""
        return self._put(key, data, IfMatch=etag)

    def write(self, key: str, data: bytes) -> str:
        """Put."""
        return self._put(key, data)

    def upload(self, key: str, path: Path) -> None:
        """Upload in parts (boto3's transfer manager)."""
        with _translated(key):
            self._client.upload_file(str(path), self._bucket, self._named(key)["Key"])

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Page through the listing; S3 answers in ascending order."""
        with _translated(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"][len(self._prefix) :]

    def delete(self, key: str) -> None:
        """Delete; S3 answers the same for a key that is not there."""
        with _translated(key):
            self._client.delete_object(**self._named(key))

    def check(self) -> None:
        """Create, refuse to create again, read, list and delete a probe: also proves that conditions are kept."""
        probe = f"checks/{uuid4().hex}"
        self.create(probe, b"probe")
        try:
            if self.read(probe).data != b"probe" or probe not in self.list_keys(probe):
                raise TransientError(f"{self.url} does not give back what was written", code="store_down")
            self._require_conditions(probe)
        finally:
            self.delete(probe)

    def _require_conditions(self, probe: str) -> None:
        try:
            self.create(probe, b"second")
        except RaceLostError:
            return
        raise PermanentError(
            f"{self.url} ignores If-None-Match: releases cannot be swapped safely", code="store_denied"
        )

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + require_key(key)}

    def _put(self, key: str, data: bytes, **condition: str) -> str:
        with _translated(key):
            answer = self._client.put_object(**self._named(key), Body=data, **condition)
            return str(answer["ETag"]).strip('"')


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _translate(key, error) from error
    except (BotoCoreError, Boto3Error) as error:
        raise TransientError(f"S3 cannot be reached for '{key}': {error}", code="store_down") from error


def _translate(key: str, error: ClientError) -> SentimentError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in _MISSING:
        return KeyMissingError(key)
    if code in _LOST:
        return RaceLostError(key)
    if code in _DENIED:
        return PermanentError(f"S3 refuses '{key}': {error}", code="store_denied")
    return TransientError(f"S3 fails at '{key}': {error}", code="store_down")
