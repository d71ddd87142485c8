"""The manifest of a release, its files, and the check that a copy is complete and unchanged."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sentiment.errors import ReleaseError
from sentiment.model.labels import THREE_CLASSES, TWO_CLASSES, Label, Thresholds
from sentiment.text.cleaning import CLEANING_VERSION
from sentiment.text.encoding import ENCODING_VERSION, EncodingParameters

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
VOCABULARY: Final = "vocabulary.json"
VECTORS: Final = "word2vec.npy"
KERAS_NETWORK: Final = "model.keras"
ONNX_NETWORK: Final = "model.onnx"
GOLDEN: Final = "golden.jsonl"
BASELINE: Final = "baseline.json"
REPORT: Final = "report.json"
REQUIRED_FILES: Final = (VOCABULARY, VECTORS, KERAS_NETWORK, ONNX_NETWORK, GOLDEN, BASELINE, REPORT)

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(_Frozen):
    """One file of a release."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class DatasetEntry(_Frozen):
    """What the release learned from: a name without secrets, the sha256 of the bytes read, and rows used."""

    name: str
    sha256: str
    rows: int


class Manifest(_Frozen):
    """The whole description of a release; written last, so a release without one does not exist."""

    format: int
    version: str
    created_at: datetime
    files: dict[str, FileEntry]
    cleaning_version: int
    encoding: EncodingParameters
    labels: tuple[Label, ...]
    thresholds: Thresholds
    thresholds_source: str
    languages: tuple[str, ...]
    metrics: dict[str, Any]
    datasets: tuple[DatasetEntry, ...]
    seed: int
    code_revision: str
    libraries: dict[str, str]
    parameters: dict[str, Any]
    durations_seconds: dict[str, float]
    warnings: tuple[str, ...] = ()

    @field_validator("files")
    @classmethod
    def _require_files(cls, files: dict[str, FileEntry]) -> dict[str, FileEntry]:
        missing = [name for name in REQUIRED_FILES if name not in files]
        odd = [name for name in files if not _FILE_NAME.fullmatch(name) or name == MANIFEST]
        if missing or odd:
            msg = f"files missing: {missing}, file names not allowed: {odd}"
            raise ValueError(msg)
        return files

    @field_validator("labels")
    @classmethod
    def _require_known_labels(cls, labels: tuple[Label, ...]) -> tuple[Label, ...]:
        if labels not in (TWO_CLASSES, THREE_CLASSES):
            msg = f"must be {TWO_CLASSES} or {THREE_CLASSES}"
            raise ValueError(msg)
        return labels


@dataclass(frozen=True)
class Release:
    """A release on this machine's disk whose every byte has been checked against its manifest."""

    manifest: Manifest
    folder: Path

    @property
    def version(self) -> str:
        """The release's name."""
        return self.manifest.version


def new_version(now: datetime | None = None) -> str:
    """Return a fresh version name that sorts by time: ``20261121T063000Z-1f3a9c``."""
    return f"{(now or datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{uuid4().hex[:6]}"


def require_version(version: str) -> str:
    """Return ``version`` when it is a plain name, else raise ``ReleaseError("bad_version")``."""
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"'{version[:80]}' is no release version", code="bad_version")
    return version


def parse_manifest(data: bytes, version: str) -> Manifest:
    """Read a manifest and refuse what this code cannot serve faithfully.

    Raises ``ReleaseError``: ``unknown_format`` (format, cleaning or encoding rules from another time), ``bad_manifest``
    (not JSON, fields missing or wrong, or another version's manifest).
    """
    try:
        raw = json.loads(data)
        found = {"format": raw["format"], "cleaning": raw["cleaning_version"], "encoding": raw["encoding"]["version"]}
    except (ValueError, TypeError, KeyError) as error:
        raise ReleaseError(
            f"release {version}: manifest.json is not a manifest ({error!r})", code="bad_manifest"
        ) from None
    known = {"format": FORMAT, "cleaning": CLEANING_VERSION, "encoding": ENCODING_VERSION}
    if found != known:
        raise ReleaseError(f"release {version}: made by rules {found}, this app knows {known}", code="unknown_format")
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ReleaseError(f"release {version}: manifest.json: {where}: {first['msg']}", code="bad_manifest") from None
    if manifest.version != version:
        raise ReleaseError(f"release {version}: its manifest is of {manifest.version}", code="bad_manifest")
    return manifest


def describe_file(path: Path) -> FileEntry:
    """Hash a file in blocks and return its manifest entry."""
    with path.open("rb") as file:
        return FileEntry(sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=path.stat().st_size)


def verify_file(path: Path, entry: FileEntry, version: str) -> None:
    """Raise ``ReleaseError`` when the file is not there (``file_missing``) or not what the manifest says (``file_changed``)."""
    if not path.is_file():
        raise ReleaseError(f"release {version}: {path.name} is missing", code="file_missing")
    found = describe_file(path)
    if found != entry:
        raise ReleaseError(
            f"release {version}: {path.name} has {found.bytes} bytes, sha256 {found.sha256[:12]}…; "
            f"the manifest says {entry.bytes} bytes, {entry.sha256[:12]}…",
            code="file_changed",
        )
