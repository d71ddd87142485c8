"""Releases that are bad in each way a store can hold them: published as if nothing were wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import onnx
from onnx import helper

from develop.fixtures.tiny_release import publish_tiny_release
from sentiment.release.manifest import GOLDEN, MANIFEST, ONNX_NETWORK, VOCABULARY
from sentiment.release.promotion import CURRENT, Current, read_current
from sentiment.release.publishing import release_prefix
from sentiment.store import Store


def _rewrite(store: Store, version: str, name: str, change: Callable[[bytes], bytes], *, hashed: bool) -> None:
    """Change one file of a published release; ``hashed`` makes the manifest agree with the change."""
    key = release_prefix(version) + name
    data = change(store.read(key).data)
    store.write(key, data)
    if hashed:
        _describe_anew(store, version, name, data)


def _describe_anew(store: Store, version: str, name: str, data: bytes) -> None:
    manifest = json.loads(store.read(release_prefix(version) + MANIFEST).data)
    manifest["files"][name] = {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
    store.write(release_prefix(version) + MANIFEST, json.dumps(manifest).encode())


def _set_fields(store: Store, version: str, **fields: Any) -> None:
    key = release_prefix(version) + MANIFEST
    store.write(key, json.dumps(json.loads(store.read(key).data) | fields).encode())


def _move_golden(data: bytes) -> bytes:
    first, *rest = data.splitlines()
    line = json.loads(first)
    return b"\n".join([json.dumps(line | {"score": round(1 - line["score"], 5)}).encode(), *rest])


def _loop_for_ever(data: bytes) -> bytes:
    """Add a loop of 10^12 rounds in front of the answer: a network that loads and never ends."""
    model = onnx.load_from_string(data)
    result = model.graph.output[0].name
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["still"]),
            helper.make_node("Softmax", ["carried"], ["turned"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", onnx.TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("turned", onnx.TensorProto.FLOAT, None),
        ],
    )
    for node in model.graph.node:
        node.output[:] = ["before_loop" if name == result else name for name in node.output]
    model.graph.initializer.append(helper.make_tensor("rounds", onnx.TensorProto.INT64, [], [10**12]))
    model.graph.initializer.append(helper.make_tensor("yes", onnx.TensorProto.BOOL, [], [True]))
    model.graph.node.append(helper.make_node("Loop", ["rounds", "yes", "before_loop"], [result], body=body))
    serialized: bytes = model.SerializeToString()
    return serialized


def _lose(store: Store, version: str, name: str) -> None:
    store.delete(release_prefix(version) + name)


# What is done to a good release, by the code it must be refused with and what makes it differ.
SPOILERS: dict[str, tuple[str, Callable[[Store, str], None]]] = {
    "a changed byte": ("file_changed", lambda s, v: _rewrite(s, v, ONNX_NETWORK, lambda d: d[:-1] + bytes([d[-1] ^ 1]), hashed=False)),
    "a truncated file": ("file_changed", lambda s, v: _rewrite(s, v, VOCABULARY, lambda d: d[: len(d) // 2], hashed=False)),
    "a missing file": ("file_missing", lambda s, v: _lose(s, v, ONNX_NETWORK)),
    "a missing manifest": ("key_missing", lambda s, v: _lose(s, v, MANIFEST)),
    "a network that is none": ("bad_network", lambda s, v: _rewrite(s, v, ONNX_NETWORK, lambda d: d[: len(d) // 2], hashed=True)),
    "goldens it does not reproduce": ("golden_differs", lambda s, v: _rewrite(s, v, GOLDEN, _move_golden, hashed=True)),
    "an unknown format": ("unknown_format", lambda s, v: _set_fields(s, v, format=99)),
    "unknown cleaning rules": ("unknown_format", lambda s, v: _set_fields(s, v, cleaning_version=99)),
    "a manifest that is no JSON": ("bad_manifest", lambda s, v: s.write(release_prefix(v) + MANIFEST, b"{")),
    "a network that never ends": ("load_timeout", lambda s, v: _rewrite(s, v, ONNX_NETWORK, _loop_for_ever, hashed=True)),
}  # fmt: skip


def publish_spoiled(store: Store, version: str, kind: str) -> str:
    """Publish a release that is bad in the way of ``kind``; return the code it must be refused with."""
    publish_tiny_release(store, version)
    code, spoil = SPOILERS[kind]
    spoil(store, version)
    return code


def force_current(store: Store, version: str) -> None:
    """Name ``version`` in current.json as a broken or hostile publisher would: without the checks of a promotion."""
    before = read_current(store)
    previous = before.current.version if before else None
    current = Current(version=version, previous=previous, promoted_at=datetime.now(UTC), reason="forced by a test")
    store.write(CURRENT, current.model_dump_json().encode())
