"""Kubernetes documents as data: their pods and containers, whatever kind wraps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

Document = dict[str, Any]
SERVING: Final = ("Deployment", "StatefulSet")
"""Kinds whose pods answer requests until they are told to stop."""
_PODS: Final = (*SERVING, "DaemonSet", "Job", "CronJob")


def template_of(document: Document) -> dict[str, Any] | None:
    """Return the pod template of a document, or None for a kind without pods."""
    if document["kind"] not in _PODS:
        return None
    spec = document["spec"]
    template: dict[str, Any] = (
        spec["jobTemplate"]["spec"]["template"] if document["kind"] == "CronJob" else spec["template"]
    )
    return template


def labels_of(document: Document) -> dict[str, str]:
    """Return the labels of a document's pods."""
    template = template_of(document)
    return dict(template["metadata"]["labels"]) if template else {}


def list_pods(documents: Sequence[Document]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each pod's specification with a name for people."""
    for document in documents:
        template = template_of(document)
        if template is not None:
            yield name_of(document), template["spec"]


def list_containers(documents: Sequence[Document]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each container, init containers too, with a name for people."""
    for name, pod in list_pods(documents):
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            yield f"{name}/{container['name']}", container


def name_of(document: Document) -> str:
    """Return a document's kind and name."""
    return f"{document['kind']} {document['metadata']['name']}"
