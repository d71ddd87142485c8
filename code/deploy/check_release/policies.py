"""What this product's manifests must keep to beyond the schemas of Kubernetes: every rule, and those on how the parts fit.

Written here because no tool for it can be installed beside the others: conftest and Kyverno are Go programs that no package
registry in use here has, and Checkov 3.3.30 brings 99 packages, one of which contradicts pytest's. About half of the rules
are the product's own (which path a probe asks, whose replicas an autoscaler owns, which labels belong together).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from deploy.check_release import pod_policies
from deploy.check_release.documents import SERVING, Document, labels_of, name_of, template_of


def require_network_policy(documents: Sequence[Document]) -> Iterator[str]:
    """Require for every pod a policy for both directions, and that none lets everybody in."""
    policies = [document for document in documents if document["kind"] == "NetworkPolicy"]
    for policy in policies:
        rules = policy["spec"].get("ingress", ())
        if any(not rule.get("from") or not rule.get("ports") for rule in rules):
            yield f"{name_of(policy)}: lets everybody in"
    for document in documents:
        template = template_of(document)
        if template is None or document["kind"] == "DaemonSet":
            continue
        labels = template["metadata"]["labels"].items()
        chosen = [
            policy
            for policy in policies
            if policy["spec"]["podSelector"].get("matchLabels", {}).items() <= labels
            and set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        ]
        if not chosen:
            yield f"{name_of(document)}: no NetworkPolicy"


def require_matching_selectors(documents: Sequence[Document]) -> Iterator[str]:
    """Require that what a Service, budget, autoscaler or Ingress points at is in the same file."""
    templates = [labels for document in documents if (labels := labels_of(document))]
    names = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for document in documents:
        spec = document.get("spec", {})
        selector: dict[str, str] = {}
        if document["kind"] == "Service":
            selector = spec["selector"]
        elif document["kind"] == "PodDisruptionBudget" or document["kind"] in SERVING:
            selector = spec["selector"]["matchLabels"]
        elif document["kind"] == "HorizontalPodAutoscaler":
            target = spec["scaleTargetRef"]
            if (target["kind"], target["name"]) not in names:
                yield f"{name_of(document)}: scales {target['name']}, which is not here"
        elif document["kind"] == "Ingress":
            backends = [path["backend"]["service"]["name"] for rule in spec["rules"] for path in rule["http"]["paths"]]
            yield from (f"{name_of(document)}: leads to {name}" for name in backends if ("Service", name) not in names)
        if selector and not any(selector.items() <= labels.items() for labels in templates):
            yield f"{name_of(document)}: selects no pod"


def require_tls(documents: Sequence[Document]) -> Iterator[str]:
    """Require a certificate for every host of an Ingress, and that a load balancer ends TLS and listens nowhere else."""
    for document in documents:
        spec = document.get("spec", {})
        if document["kind"] == "Ingress":
            covered = {host for entry in spec.get("tls", ()) for host in entry["hosts"] if entry.get("secretName")}
            yield from (f"{name_of(document)}: {rule['host']}" for rule in spec["rules"] if rule["host"] not in covered)
        elif spec.get("type") == "LoadBalancer":
            annotations = document["metadata"].get("annotations", {})
            certified = any(key.endswith("ssl-cert") for key in annotations)
            if not certified or {port["port"] for port in spec["ports"]} != {443}:
                yield f"{name_of(document)}: a load balancer without TLS"


def refuse_two_scalers(documents: Sequence[Document]) -> Iterator[str]:
    """Refuse replicas in a Deployment that an autoscaler scales: each deploy would undo the scaling."""
    targets = {
        document["spec"]["scaleTargetRef"]["name"]
        for document in documents
        if document["kind"] == "HorizontalPodAutoscaler"
    }
    for document in documents:
        if document["kind"] in SERVING and document["metadata"]["name"] in targets and "replicas" in document["spec"]:
            yield f"{name_of(document)}: replicas beside an autoscaler"


POLICIES: Final[dict[str, Callable[[Sequence[Document]], Iterator[str]]]] = {
    function.__name__: function
    for function in (
        pod_policies.refuse_latest,
        pod_policies.refuse_secrets,
        pod_policies.require_resources,
        pod_policies.require_closed_containers,
        pod_policies.require_probes,
        pod_policies.refuse_api_tokens,
        pod_policies.require_spread,
        require_network_policy,
        require_matching_selectors,
        require_tls,
        refuse_two_scalers,
    )
}
"""Every rule by its name."""
