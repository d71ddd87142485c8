"""Which permission an AWS request needs: action and resources, read off the wire for the services that the apps use.

Source: AWS's service authorization reference for S3, DynamoDB and SQS. A batch call of SQS needs the single one's permission.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote

_OBJECT_ACTIONS: Final = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}
ACCOUNT: Final = "123456789012"
"""moto's only account."""


class Call(NamedTuple):
    """One request: whose key signed it, what it asks for, and on which resources (ARNs; none: a call not known here)."""

    key: str
    action: str
    resources: tuple[str, ...]


def read_call(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Call | None:
    """Return what a request asks for; None for one that is not signed."""
    signature = headers.get("Authorization", "")
    if "Credential=" not in signature:
        return None
    key, _, region, service = signature.partition("Credential=")[2].split("/")[:4]
    if service == "s3":
        return Call(key, *_read_s3(method, path, query))
    action = headers.get("X-Amz-Target", "").rpartition(".")[2]
    fields = json.loads(body or b"{}") if action else {}
    if service == "dynamodb":
        names = _name_tables(fields)
        return Call(key, f"dynamodb:{action}", tuple(f"arn:aws:dynamodb:{region}:{ACCOUNT}:{name}" for name in names))
    if service == "sqs":
        name = fields.get("QueueName") or str(fields.get("QueueUrl", "")).rpartition("/")[2]
        return Call(key, f"sqs:{action.removesuffix('Batch')}", (f"arn:aws:sqs:{region}:{ACCOUNT}:{name}",))
    return Call(key, f"{service}:{action}", ())


def _read_s3(method: str, path: str, query: str) -> tuple[str, tuple[str, ...]]:
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if key:
        if method == "POST" and ("uploads" in options or "uploadId" in options):
            action = "s3:PutObject"
        elif method == "DELETE" and "uploadId" in options:
            action = "s3:AbortMultipartUpload"
        else:
            action = _OBJECT_ACTIONS.get(method, f"s3:{method}")
        return action, (f"arn:aws:s3:::{bucket}/{key}",)
    if method in ("GET", "HEAD") and bucket:
        return "s3:ListBucket", (f"arn:aws:s3:::{bucket}",)
    return f"s3:{method}", ()


def _name_tables(fields: Mapping[str, Any]) -> tuple[str, ...]:
    if "RequestItems" in fields:
        return tuple(f"table/{name}" for name in fields["RequestItems"])
    name = f"table/{fields.get('TableName', '')}"
    return (f"{name}/index/{fields['IndexName']}",) if "IndexName" in fields else (name,)
