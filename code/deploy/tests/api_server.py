"""A Kubernetes API server small enough to read: enough of the HTTP API for the real kubectl to apply, patch, scale and wait.

It keeps objects in memory, counts their versions, refuses a write that names an old one (409), and plays the Deployment
controller: pods are ready at once, unless their image is one of ``broken``. Every request is noted in order.
"""

import copy
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from yaml import safe_load

RESOURCES = {
    "v1": {"services": "Service", "configmaps": "ConfigMap", "serviceaccounts": "ServiceAccount"},
    "apps/v1": {"deployments": "Deployment", "daemonsets": "DaemonSet"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "batch/v1": {"cronjobs": "CronJob"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "networking.k8s.io/v1": {"ingresses": "Ingress", "networkpolicies": "NetworkPolicy"},
}
PATH = re.compile(r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)/namespaces/(?P<namespace>[^/]+)/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<part>[^/]+))?$")  # fmt: skip


class RefusedError(Exception):
    def __init__(self, status, reason, message):
        super().__init__(message)
        self.body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": status}  # fmt: skip


class Cluster:
    """The objects of one namespace, by resource and name."""

    def __init__(self):
        self.objects, self.requests, self.broken = {}, [], set()
        self.before_patch = lambda resource, name: None  # what somebody else does in between
        self._version = 0

    def get(self, resource, name):
        return self.objects[resource, name]

    def write(self, resource, name, changed):
        self._version += 1
        metadata = changed.setdefault("metadata", {})
        metadata |= {
            "name": name,
            "namespace": "sentiment",
            "resourceVersion": str(self._version),
            "uid": f"{resource}/{name}",
        }
        if resource == "deployments":
            self._roll_out(changed)
        elif resource == "daemonsets":
            self._roll_out_everywhere(changed)
        self.objects[resource, name] = changed
        return changed

    def patch(self, resource, name, change):
        self.before_patch(resource, name)
        found = self.objects.get((resource, name))
        if found is None:
            raise RefusedError(404, "NotFound", f'{resource} "{name}" not found')
        named = change.get("metadata", {}).get("resourceVersion")
        if named and named != found["metadata"]["resourceVersion"]:
            raise RefusedError(
                409, "Conflict", "the object has been modified; please apply your changes to the latest version"
            )
        return self.write(resource, name, merge(copy.deepcopy(found), change))

    def apply(self, resource, name, wanted):
        """Server-side apply: fields that are not named stay as they are (a scaled Deployment's replicas, say)."""
        found = copy.deepcopy(self.objects.get((resource, name), {}))
        if resource == "deployments" and found:
            found["spec"].pop("template", None)
        return self.write(resource, name, merge(found, wanted))

    def delete(self, resource, name):
        self.requests.append((f"DELETE {resource}/{name}", None))
        if self.objects.pop((resource, name), None) is None:
            raise RefusedError(404, "NotFound", f'{resource} "{name}" not found')
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _roll_out_everywhere(self, daemon_set):
        """On three nodes; where the image cannot be had, on none."""
        spec = daemon_set["spec"]["template"]["spec"]
        images = {container["image"] for container in [*spec.get("initContainers", []), *spec["containers"]]}
        ready = 0 if images & self.broken else 3
        daemon_set["metadata"]["generation"] = generation = daemon_set["metadata"].get("generation", 0) + 1
        daemon_set["status"] = {
            "observedGeneration": generation, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3,
            "numberAvailable": ready, "numberReady": ready, "currentNumberScheduled": 3,
        }  # fmt: skip

    def _roll_out(self, deployment):
        pods = deployment["spec"].setdefault("replicas", 1)
        images = {container["image"] for container in deployment["spec"]["template"]["spec"]["containers"]}
        ready = 0 if images & self.broken else pods
        generation = deployment["metadata"].get("generation", 0) + 1
        deployment["metadata"]["generation"] = generation
        failure = (
            [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}] if ready < pods else []
        )
        deployment["status"] = {
            "observedGeneration": generation, "replicas": pods, "updatedReplicas": pods, "readyReplicas": ready,
            "availableReplicas": ready, "unavailableReplicas": pods - ready, "conditions": failure,
        }  # fmt: skip


def merge(found, change):
    """RFC 7386."""
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            found[name] = merge(found.get(name) if isinstance(found.get(name), dict) else {}, value)
        else:
            found[name] = value
    return found


def describe_group(version):
    rows = []
    for resource, kind in RESOURCES[version].items():
        row = {"name": resource, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": ["get", "list", "watch", "create", "patch", "update", "delete"]}  # fmt: skip
        rows.append(row)
        if resource == "deployments":
            rows.append({**row, "name": "deployments/scale", "group": "autoscaling", "version": "v1", "kind": "Scale"})
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": rows}


def describe_groups():
    groups = []
    for version in RESOURCES:
        group, _, number = version.rpartition("/")
        if group:
            entry = {"groupVersion": version, "version": number}
            groups.append({"name": group, "versions": [entry], "preferredVersion": entry})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def describe_openapi(version):
    """As much as kubectl reads to learn that the server validates fields by itself."""
    group, _, number = version.rpartition("/")
    paths = {}
    for resource, kind in RESOURCES[version].items():
        prefix = f"/apis/{version}" if group else f"/api/{version}"
        about = {
            "x-kubernetes-group-version-kind": {"group": group, "version": number, "kind": kind},
            "parameters": [{"name": "fieldValidation", "in": "query"}, {"name": "dryRun", "in": "query"}],
        }
        paths[f"{prefix}/namespaces/{{namespace}}/{resource}/{{name}}"] = {"patch": about}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.31.0"}, "paths": paths}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits for an acknowledgement

    def log_message(self, *words):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        path = parts.path
        if path == "/version":
            return self.answer({"major": "1", "minor": "31", "gitVersion": "v1.31.0"})
        if path == "/api":
            return self.answer({"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            return self.answer(describe_groups())
        if path == "/openapi/v3":
            listed = {
                f"apis/{v}" if "/" in v else f"api/{v}": {"serverRelativeURL": f"/openapi/v3/{v}"} for v in RESOURCES
            }
            return self.answer({"paths": listed})
        version = path.removeprefix("/openapi/v3/").removeprefix("/apis/").removeprefix("/api/")
        if version in RESOURCES:
            describe = describe_openapi if path.startswith("/openapi") else describe_group
            return self.answer(describe(version))
        return self.serve(lambda found: self.read(found, parse_qs(parts.query)))

    def do_PATCH(self):
        self.serve(self.patch)

    def do_DELETE(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.serve(lambda found: self.server.cluster.delete(found["resource"], found["name"]))

    def read(self, found, options):
        resource, name = found["resource"], found["name"]
        cluster = self.server.cluster
        if name:
            if (resource, name) not in cluster.objects:
                raise RefusedError(404, "NotFound", f'{resource} "{name}" not found')
            return cluster.get(resource, name)
        version = f"{found['group']}/{found['version']}" if found["group"] else found["version"]
        if "watch" in options:
            return None
        chosen = [item for (kind, _), item in cluster.objects.items() if kind == resource]
        for selector in options.get("labelSelector", []):
            chosen = [
                item for item in chosen if dict([selector.split("=")]).items() <= item["metadata"]["labels"].items()
            ]
        for selector in options.get("fieldSelector", []):
            chosen = [item for item in chosen if item["metadata"]["name"] == selector.removeprefix("metadata.name=")]
        return {"kind": f"{RESOURCES[version][resource]}List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": chosen}  # fmt: skip

    def patch(self, found):
        cluster, resource, name = self.server.cluster, found["resource"], found["name"]
        change = safe_load(self.rfile.read(int(self.headers["Content-Length"])))
        cluster.requests.append((f"PATCH {resource}/{name}{'/scale' if found['part'] else ''}", change))
        if self.headers["Content-Type"] == "application/apply-patch+yaml":
            return cluster.apply(resource, name, change)
        changed = cluster.patch(resource, name, change)
        if found["part"] != "scale":
            return changed
        return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": name, "namespace": "sentiment"}, "spec": {"replicas": changed["spec"]["replicas"]}}  # fmt: skip

    def serve(self, act):
        found = PATH.match(urlsplit(self.path).path)
        if found is None:
            return self.answer({"kind": "Status", "status": "Failure", "code": 404, "message": self.path}, 404)
        try:
            with self.server.lock:
                answer = act(found)
        except RefusedError as refusal:
            return self.answer(refusal.body, refusal.body["code"])
        return self.answer(answer) if answer is not None else self.answer_watch()

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer_watch(self):
        """A watch on which nothing happens: what is waited for was in the list already."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.server.ended.wait(2)
        self.close_connection = True


@contextmanager
def start_api_server():
    """Yield the cluster and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.cluster, server.lock, server.ended = Cluster(), threading.Lock(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.cluster, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
