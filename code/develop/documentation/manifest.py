"""The page about a release's manifest, read off the model that writes and reads it."""

from __future__ import annotations

from typing import Final

from develop.documentation.schemas import Schema, list_fields, render_fields

_HEAD: Final = """\
# Release manifest

`manifest.json` describes a release: it lists every file with its sha256, says by which rules texts are cleaned and
encoded, and carries what was measured. It is written last, so that a release without one does not exist, and never
changed. A reader checks every byte against it. The [layout of a store](../explanation/architecture.md#contract-one-the-release)
says where it lies.

This page is written by `make docs` from the model in `code/shared/sentiment/release/manifest.py`. Unknown fields are refused.
"""
# What the model does not say itself.
MEANINGS: Final = {
    "format": "The number of this layout; a reader refuses one that it does not know.",
    "version": "The release's name: the run that made it, so that names sort by time.",
    "created_at": "When the release was written.",
    "files": "Every file of the release.",
    "cleaning_version": "By which rules texts are cleaned; a reader refuses rules that it does not have.",
    "encoding": "How cleaned texts become numbers.",
    "labels": "The classes: NEGATIVE and POSITIVE, or with NEUTRAL between them.",
    "thresholds": "Two classes: where NEGATIVE ends and POSITIVE begins on the score.",
    "thresholds_source": "Where the thresholds come from.",
    "languages": "Languages of the data set; stream scores posts in these.",
    "metrics": "Figures on the held-out rows.",
    "datasets": "The data sets that it was trained on.",
    "seed": "Seed of every random choice.",
    "code_revision": "Commit of the app that trained.",
    "libraries": "Versions of the libraries that trained.",
    "parameters": "The run's hyperparameters.",
    "durations_seconds": "How long each stage took.",
    "warnings": "What a person should know before trusting the release.",
    "name": "The data set's name, without credentials.",
    "sha256": "Hash of the bytes.",
    "rows": "Training rows.",
    "bytes": "Size.",
    "bucket_bits": "Hashed features have 2 to this power values.",
    "shortest_letters": "Shortest n-gram of letters, for words outside the vocabulary.",
    "longest_letters": "Longest n-gram of letters.",
    "longest_words": "Longest n-gram of words.",
}
_ENCODING: Final = "EncodingParameters"
_RULES: Final = {"version": "By which rules; a reader refuses others."}


def list_unexplained(schema: Schema) -> list[str]:
    """Return the fields that neither the model nor ``MEANINGS`` explains."""
    fields = [field for part in (schema, *schema.get("$defs", {}).values()) for field in list_fields(part)]
    return [name for name, _, _, text in fields if not text and name not in MEANINGS]


def render_manifest(schema: Schema) -> str:
    """Return the page; ``schema`` is the manifest's JSON schema as pydantic gives it."""
    parts = [_HEAD, "## Manifest", render_fields(schema, MEANINGS)]
    for name, inner in schema.get("$defs", {}).items():
        parts += [f"## {name}", inner.get("description", "")]
        if inner.get("properties"):
            parts.append(render_fields(inner, MEANINGS | _RULES if name == _ENCODING else MEANINGS))
    return "\n\n".join(part.strip() for part in parts if part) + "\n"
