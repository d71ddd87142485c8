"""Rules for what runs in a pod: one a function, each says what breaks it.

Source of most: the Pod Security Standard "restricted" and the NSA's Kubernetes hardening guidance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from deploy.check_release.documents import SERVING, Document, list_containers, list_pods, name_of

_SECRET: Final = re.compile(r"(TOKEN|SECRET|PASSWORD|API_KEY|_KEY)$|^(USERS_URL|ALERT_WEBHOOK_URL|AWS_ACCESS_KEY_ID)$")
_KEY: Final = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN|\beyJ[\w-]{20,}\.|://[^/\s:@]+:[^/\s@]+@")
# stream's page is worth showing while serve is down, most of all then: its pods stay in the Service.
_READY_ELSEWHERE: Final = {"stream-analyze"}


def refuse_latest(documents: Sequence[Document]) -> Iterator[str]:
    """Refuse an image without a tag, or with "latest": what runs must be what was tested."""
    for name, container in list_containers(documents):
        tag = container["image"].rpartition("/")[2].partition(":")[2]
        if not tag or tag.startswith("latest"):
            yield f"{name}: image {container['image']}"


def refuse_secrets(documents: Sequence[Document]) -> Iterator[str]:
    """Refuse a Secret, and anything secret in plain sight, by a variable's name or by a value's form."""
    for document in documents:
        name = name_of(document)
        if document["kind"] == "Secret":
            yield f"{name}: a Secret is made by whoever deploys"
        values = dict(document.get("data", {})) if document["kind"] == "ConfigMap" else {}
        values |= {
            entry["name"]: entry["value"]
            for _, container in list_containers([document])
            for entry in container.get("env", ())
            if "value" in entry
        }
        yield from (f"{name}: {key}" for key, value in values.items() if value and _SECRET.search(key))
        yield from (f"{name}: {key}'s value" for key, value in values.items() if _KEY.search(str(value)))


def require_resources(documents: Sequence[Document]) -> Iterator[str]:
    """Require requests and limits of CPU, memory and disk: a pod that leaks hurts itself alone."""
    for name, container in list_containers(documents):
        for kind in ("requests", "limits"):
            given = container.get("resources", {}).get(kind, {})
            yield from (
                f"{name}: no {kind} of {part}" for part in ("cpu", "memory", "ephemeral-storage") if part not in given
            )


def require_closed_containers(documents: Sequence[Document]) -> Iterator[str]:
    """Require no root, no way to become root, no capabilities, a root file system that cannot be written, default seccomp."""
    for name, pod in list_pods(documents):
        context = pod.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            yield f"{name}: may run as root"
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name}: no seccomp profile"
        for part in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(part):
                yield f"{name}: {part}"
        yield from (f"{name}: hostPath" for volume in pod.get("volumes", ()) if "hostPath" in volume)
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    for name, container in list_containers(documents):
        context = container.get("securityContext", {})
        yield from (f"{name}: {part} is not {value}" for part, value in wanted.items() if context.get(part) != value)
        if context.get("privileged"):
            yield f"{name}: privileged"


def require_probes(documents: Sequence[Document]) -> Iterator[str]:
    """Require that alive is /health and ready is /ready, and that an app which is slow to start is not killed for it."""
    for document in documents:
        if document["kind"] not in SERVING:
            continue
        for name, container in list_containers([document]):
            ready = "/health" if document["metadata"]["name"] in _READY_ELSEWHERE else "/ready"
            for probe, path in (("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", ready)):
                found = container.get(probe, {}).get("httpGet", {}).get("path")
                if found != path:
                    yield f"{name}: {probe} asks {found}, not {path}"


def refuse_api_tokens(documents: Sequence[Document]) -> Iterator[str]:
    """Refuse a token for the cluster's API: no pod here speaks to it."""
    for name, pod in list_pods(documents):
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name}: mounts a token of the cluster"


def require_spread(documents: Sequence[Document]) -> Iterator[str]:
    """Require that pods of one Deployment are spread over nodes, by their own labels."""
    for document in documents:
        if document["kind"] not in SERVING:
            continue
        pod = document["spec"]["template"]
        labels = pod["metadata"]["labels"].items()
        rules = pod["spec"].get("topologySpreadConstraints", ())
        nodes = [rule for rule in rules if rule["topologyKey"] == "kubernetes.io/hostname"]
        if not any(rule["labelSelector"]["matchLabels"].items() <= labels for rule in nodes):
            yield f"{name_of(document)}: its pods may all land on one node"
