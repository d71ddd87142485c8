"""The jobs of a pipeline that speak to the cluster: through the real kubectl, up to an app that really answers."""

import os
import shutil
import subprocess
import sys

import pytest

from deploy.pipelines import colours
from deploy.pipelines.acceptance import App, accept
from deploy.pipelines.cluster import forward, kubectl_words
from deploy.pipelines.deploy import deploy, list_deployments
from deploy.pipelines.failure import JobFailedError
from deploy.pipelines.images import put_image
from deploy.pipelines.pull_image import pull_image
from deploy.pipelines.verify import verify
from develop.fixtures.app_process import App as Process
from develop.fixtures.http_answers import answering
from develop.places import CODE, USUAL_PORTS, python_of

IMAGE = "registry.gitlab.com/acme/sentiment/{}@sha256:" + "ab" * 32
PUBLISH = """
import sys
from pathlib import Path
from develop.fixtures.tiny_release import publish_tiny_release
from sentiment.release.promotion import promote_release
from sentiment.store import open_store
store = open_store(Path(sys.argv[1]).as_uri())
promote_release(store, publish_tiny_release(store, "v1").version, "first")
"""
# Forwards a port to an address on this machine and is kubectl in everything else.
KUBECTL = """#!/bin/sh
for word in "$@"; do
    if [ "$word" = port-forward ]; then
        echo "$*" >> {folder}/forwarded
        case "$*" in *missing*) echo "Error from server (NotFound): deployments.apps missing not found"; exit 1;; esac
        echo "Forwarding from 127.0.0.1:$FORWARD_TO -> 8080"
        exec sleep 60
    fi
done
exec {kubectl} "$@"
"""


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """serve as a process, version 1.1.0, with a small release."""
    folder = tmp_path_factory.mktemp("serve")
    (folder / "store").mkdir()
    path = os.pathsep.join([str(CODE), str(CODE / "serve" / "app")])
    words = [python_of("serve"), "-c", PUBLISH, str(folder / "store")]
    subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, check=True)
    settings = {"STORE_URL": (folder / "store").as_uri(), "MODEL_CACHE_DIR": str(folder / "cache"), "WORKERS": "1"}
    app = Process("serve", settings | {"APP_VERSION": "1.1.0"}, folder)
    try:
        yield app.wait_until_ready()
    finally:
        app.end()


@pytest.fixture
def forwarding(cluster, tmp_path, monkeypatch):
    """A function that says to which port of this machine kubectl forwards."""
    (tmp_path / "bin").mkdir()
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.write_text(KUBECTL.format(folder=tmp_path, kubectl=shutil.which("kubectl")))
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{kubectl.parent}:{os.environ['PATH']}")
    return lambda port: monkeypatch.setenv("FORWARD_TO", str(port))


def reached(cluster):
    return cluster.get("services", "serve")["spec"]["selector"]["colour"]


def test_an_image_is_pulled_on_every_node_and_the_daemon_set_is_gone_again(cluster):
    pull_image("serve", IMAGE.format("serve"))
    ((_, applied),) = [request for request in cluster.requests if request[0] == "PATCH daemonsets/prepull-serve"]
    spec = applied["spec"]["template"]["spec"]
    assert [container["image"] for container in spec["initContainers"]] == [IMAGE.format("serve")]
    assert applied["metadata"]["labels"]["app.kubernetes.io/name"] == "prepull-serve"
    assert cluster.requests[-1][0] == "DELETE daemonsets/prepull-serve"
    assert ("daemonsets", "prepull-serve") not in cluster.objects


def test_an_image_that_a_node_cannot_pull_fails_the_job_and_leaves_nothing(cluster, monkeypatch):
    monkeypatch.setattr("deploy.pipelines.pull_image._SECONDS", 1)
    cluster.broken.add(IMAGE.format("train"))
    with pytest.raises(JobFailedError, match="rollout status daemonset/prepull-train"):
        pull_image("train", IMAGE.format("train"))
    assert ("daemonsets", "prepull-train") not in cluster.objects


@pytest.mark.parametrize(("app", "names"), [("train", ["train"]), ("stream", ["stream-ingest", "stream-analyze"])])
def test_train_and_stream_are_rolled_out_with_the_released_image_alone(cluster, app, names):
    image = IMAGE.format(app)
    deploy(app, image, "1.1.0")
    for name in names:
        (container,) = cluster.get("deployments", name)["spec"]["template"]["spec"]["containers"]
        assert container["image"] == image
    assert "registry.example.com" not in str(cluster.objects)
    assert list_deployments((CODE / app / "build" / "manifest_app.yaml").read_text()) == names


def test_a_rollout_that_does_not_come_up_fails_the_job(cluster):
    cluster.broken.add(IMAGE.format("train"))
    with pytest.raises(JobFailedError, match="rollout status deployment/train"):
        deploy("train", IMAGE.format("train"), "1.1.0")


def test_serve_is_tried_in_its_idle_colour_before_callers_reach_it(cluster, forwarding, serve, tmp_path):
    forwarding(serve.port)
    deploy("serve", IMAGE.format("serve"), "1.1.0")
    assert reached(cluster) == "blue"
    assert "deployment/serve-blue :8080" in (tmp_path / "forwarded").read_text()
    deploy("serve", IMAGE.format("serve"), "1.1.0")
    assert reached(cluster) == "green"


def test_a_colour_that_answers_with_another_version_is_never_reached(cluster, forwarding, serve):
    forwarding(serve.port)
    deploy("serve", IMAGE.format("serve"), "1.1.0")
    with pytest.raises(JobFailedError, match=r"/health says 1\.1\.0 instead of version 1\.2\.0"):
        deploy("serve", IMAGE.format("serve").replace("ab", "cd"), "1.2.0", ready_seconds=0.1)
    assert reached(cluster) == "blue", "callers keep what they had"


def test_a_deployed_serve_that_answers_stays(cluster, forwarding, serve, monkeypatch):
    forwarding(serve.port)
    for _ in range(2):
        deploy("serve", IMAGE.format("serve"), "1.1.0")
    monkeypatch.setenv("SERVE_URL", serve.url)
    verify("serve", "1.1.0")
    assert reached(cluster) == "green"


def test_a_deployed_serve_that_fails_is_switched_back_by_itself(cluster, forwarding, serve, monkeypatch):
    forwarding(serve.port)
    for _ in range(2):
        deploy("serve", IMAGE.format("serve"), "1.1.0")
    health = (200, {"version": "1.1.0"})
    upside_down = lambda body: (200, {"label": "NEGATIVE", "score": 0.1 if "love" in str(body) else 0.9})  # noqa: E731
    with answering({"GET /health": health, "GET /ready": (200, {}), "POST /predict": upside_down}) as broken:
        monkeypatch.setenv("SERVE_URL", broken.url)
        with pytest.raises(JobFailedError, match="switched back to blue"):
            verify("serve", "1.1.0", ready_seconds=1)
    assert reached(cluster) == "blue"
    with pytest.raises(JobFailedError, match="went back"):
        colours.switch()


def test_train_and_stream_that_fail_are_left_and_reported(cluster, monkeypatch):
    monkeypatch.setenv("TRAIN_URL", "http://127.0.0.1:9")
    with pytest.raises(JobFailedError, match="train is not ready"):
        verify("train", "1.1.0", ready_seconds=0.1)
    assert cluster.requests == []


def test_a_forwarded_port_is_closed_again_and_a_failure_is_told(cluster, forwarding, serve, tmp_path):
    forwarding(serve.port)
    with forward("service/serve", USUAL_PORTS["serve"]) as address:
        assert address == f"http://127.0.0.1:{serve.port}"
    with pytest.raises(JobFailedError, match="NotFound"), forward("deployment/missing", 8080):
        pass


def test_without_an_agent_or_a_kubeconfig_no_cluster_is_guessed(monkeypatch):
    for name in ("KUBE_CONTEXT", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(JobFailedError, match="KUBE_CONTEXT"):
        kubectl_words()
    monkeypatch.setenv("KUBE_CONTEXT", "acme/sentiment:agent")
    monkeypatch.setenv("KUBE_NAMESPACE", "staging")
    assert kubectl_words() == ["kubectl", "--context=acme/sentiment:agent", "--namespace=staging"]


def test_what_is_no_image_is_not_written_into_a_manifest():
    manifest = "image: registry.example.com/sentiment/serve:0.0.0\n"
    for image in ("serve", "serve:1\nkind: Secret", "a b:1", ""):
        with pytest.raises(JobFailedError, match="is no image"):
            put_image(manifest, "serve", image)
    with pytest.raises(JobFailedError, match="does not name"):
        put_image(manifest, "train", "r.example/train:1.0.0")


def test_serve_answers_as_callers_rely_on(serve):
    tried = accept(App("serve", serve.url), "1.1.0", ready_seconds=1)
    assert tried[0] == "version 1.1.0 is ready"
    assert len(tried) == 3


GOOD = {
    "GET /health": (200, {"version": "1.0.0"}), "GET /ready": (200, {}), "GET /runs": (200, {}), "GET /train": (401, {}),
    "GET /models": (200, {"current": "v1"}), "GET /": (200, "page"), "GET /api/summary": (200, {}),
    "GET /api/tweets?limit=1": (200, {}), "GET /api/gaps": (200, {}), "POST /api/dead-letters/none/retry": (401, {}),
}  # fmt: skip


@pytest.mark.parametrize("app", ["train", "stream"])
def test_train_and_stream_answer_and_guard_what_changes_something(app):
    with answering(dict(GOOD)) as server:
        assert len(accept(App(app, server.url), "1.0.0", ready_seconds=1)) == 3


@pytest.mark.parametrize(
    ("app", "question", "answer"),
    [
        ("train", "GET /ready", (503, {"reasons": ["the store is away"]})),
        ("train", "GET /train", (202, {})),
        ("train", "GET /models", (500, {})),
        ("stream", "GET /", (404, "")),
        ("stream", "GET /api/gaps", (503, {})),
        ("stream", "POST /api/dead-letters/none/retry", (404, {})),
    ],
)
def test_every_answer_that_is_not_as_promised_is_found(app, question, answer):
    with answering(GOOD | {question: answer}) as server, pytest.raises(JobFailedError, match=str(answer[0])):
        accept(App(app, server.url), "1.0.0", ready_seconds=0.1)


@pytest.mark.parametrize("module", ["pull_image", "deploy", "verify", "build_image"])
def test_a_job_that_was_not_given_what_it_needs_says_so(module, tmp_path):
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CODE)}
    words = [sys.executable, "-m", f"deploy.pipelines.{module}", "serve"]
    job = subprocess.run(words, env=given, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert job.returncode == 1
    assert " is missing: " in job.stderr
    assert len(job.stderr.splitlines()) == 1
