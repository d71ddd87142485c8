"""The manifests are valid, keep the product's rules, and give each app exactly the variables that it reads."""

import copy
import json
import os
import re
import subprocess

import pytest
from settings_programs import READ
from yaml import YAMLError

from deploy.check_release.manifests import VERSIONS, find_broken, list_manifests, read_manifest, validate
from deploy.check_release.policies import POLICIES
from develop.documentation.variables import read_variables
from develop.fixtures.tracked import APPS, ROOT, list_tracked, read
from develop.places import app_folder, python_of

TEXTS = list_manifests()
VARIABLES = {app: {v.name: v for v in read_variables() if app in v.apps} for app in APPS}
FOREIGN = {"AWS_REGION", "TMPDIR", "MLFLOW_TRACKING_TOKEN"}  # read by boto3, Python and MLflow themselves
CALLER = {"TRAIN_URL", "TRAIN_TOKEN", "POLL_SECONDS"}  # read by the schedule's own lines
BAKED = {"APP_VERSION", "APP_COMMIT"}
ROLES = {"train": [""], "serve": [""], "stream": ["ingest", "analyze"]}
MADE_UP = {
    "SECRET_KEY": "k" * 32, "USERS_URL": "sqlite:////tmp/users.db", "ALERT_WEBHOOK_URL": "https://hooks.example.com/x",
    "DATASET_URL": "sample", "RESULTS_URL": "postgresql+psycopg://sentiment@db/sentiment",
}  # fmt: skip


def documents_of(app):
    return read_manifest(read(f"code/{app}/build/manifest_app.yaml"))


def containers_of(app):
    for document in documents_of(app):
        if document["kind"] == "Deployment":
            yield from ((document["metadata"]["name"], c) for c in document["spec"]["template"]["spec"]["containers"])


def variables_of(app, container):
    """What the container's process sees: plain values, and the names of secrets with whether they may be absent."""
    maps = {d["metadata"]["name"]: d["data"] for d in documents_of(app) if d["kind"] == "ConfigMap"}
    plain = {k: v for source in container["envFrom"] for k, v in maps[source["configMapRef"]["name"]].items()}
    secret = {e["name"]: e["valueFrom"]["secretKeyRef"].get("optional", False) for e in container["env"]}
    return plain, secret


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
@pytest.mark.parametrize("name", TEXTS)
def test_kubernetes_own_schema_accepts(name, version, tmp_path):
    fact = validate(name, TEXTS[name], version, tmp_path)
    assert fact.passed, fact.detail


def test_a_field_that_no_schema_knows_is_refused(tmp_path):
    wrong = TEXTS["train's manifest"].replace("restartPolicy: Never", "restartPolice: Never")
    assert not validate("wrong", wrong, VERSIONS[-1], tmp_path).passed


def test_a_kind_that_no_schema_knows_is_refused(tmp_path):
    wrong = TEXTS["train's manifest"].replace("kind: CronJob", "kind: CronJobs")
    assert not validate("wrong", wrong, VERSIONS[-1], tmp_path).passed


def test_a_key_that_is_given_twice_is_refused():
    with pytest.raises(YAMLError, match="given twice: PORT"):
        read_manifest('data:\n  PORT: "1"\n  PORT: "2"\n')


def test_every_manifest_keeps_every_rule():
    assert {rule: broken for rule, broken in find_broken(TEXTS).items() if broken} == {}


def find(documents, kind):
    return next(document for document in documents if document["kind"] == kind)


def pod_of(documents):
    return find(documents, "Deployment")["spec"]["template"]["spec"]


def leave_out(path):
    def change(documents):
        *walk, last = path
        place = pod_of(documents)["containers"][0]
        for step in walk:
            place = place[step]
        del place[last]

    return change


# For each rule, changes to serve's manifest that it must find.
BREAKING = {
    "refuse_latest": [
        lambda d: pod_of(d)["containers"][0].update(image="registry.example.com/serve:latest"),
        lambda d: pod_of(d)["containers"][0].update(image="registry.example.com:5000/serve"),
    ],
    "refuse_secrets": [
        lambda d: d.append({"kind": "Secret", "metadata": {"name": "x"}}),
        lambda d: find(d, "ConfigMap")["data"].update(SECRET_KEY="x"),
        lambda d: find(d, "ConfigMap")["data"].update(RESULTS_URL="postgresql://me:password@db/x"),
        lambda d: pod_of(d)["containers"][0]["env"].append({"name": "X_BEARER_TOKEN", "value": "x"}),
    ],
    "require_resources": [leave_out(["resources", "limits", "memory"]), leave_out(["resources", "requests"])],
    "require_closed_containers": [
        lambda d: pod_of(d)["securityContext"].update(runAsNonRoot=False),
        lambda d: pod_of(d)["securityContext"].pop("seccompProfile"),
        lambda d: pod_of(d).update(hostNetwork=True),
        lambda d: pod_of(d)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
        leave_out(["securityContext", "readOnlyRootFilesystem"]),
        leave_out(["securityContext", "capabilities"]),
        lambda d: pod_of(d)["containers"][0]["securityContext"].update(privileged=True),
    ],
    "require_probes": [leave_out(["startupProbe"]), lambda d: pod_of(d)["containers"][0]["readinessProbe"]["httpGet"].update(path="/")],
    "refuse_api_tokens": [lambda d: pod_of(d).pop("automountServiceAccountToken")],
    "require_spread": [
        lambda d: pod_of(d).pop("topologySpreadConstraints"),
        lambda d: pod_of(d)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].update(colour="red"),
    ],
    "require_network_policy": [
        lambda d: d.remove(find(d, "NetworkPolicy")),
        lambda d: find(d, "NetworkPolicy")["spec"]["ingress"][0].pop("from"),
        lambda d: find(d, "NetworkPolicy")["spec"].update(policyTypes=["Ingress"]),
    ],
    "require_matching_selectors": [
        lambda d: find(d, "Service")["spec"]["selector"].update(colour="red"),
        lambda d: find(d, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"].update(colour="red"),
        lambda d: find(d, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"].update(name="serve"),
        lambda d: d.remove(find(d, "Service")),
    ],
    "require_tls": [lambda d: find(d, "Ingress")["spec"].pop("tls"), lambda d: find(d, "Service")["spec"].update(type="LoadBalancer")],
    "refuse_two_scalers": [lambda d: find(d, "Deployment")["spec"].update(replicas=3)],
}  # fmt: skip


def test_every_rule_is_shown_to_fail():
    assert set(BREAKING) == set(POLICIES)


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, n) for rule, changes in BREAKING.items() for n in range(len(changes))]
)
def test_a_rule_finds_what_breaks_it(rule, number):
    documents = documents_of("serve")
    broken = copy.deepcopy(documents)
    BREAKING[rule][number](broken)
    assert list(POLICIES[rule](documents)) == []
    assert list(POLICIES[rule](broken)) != []


@pytest.mark.parametrize("app", APPS)
def test_every_variable_of_a_manifest_is_one_that_the_app_reads(app):
    for name, container in containers_of(app):
        plain, secret = variables_of(app, container)
        assert (set(plain) | set(secret)) - set(VARIABLES[app]) <= FOREIGN, name
        assert not BAKED & (set(plain) | set(secret)), "the image knows its version"


@pytest.mark.parametrize("app", APPS)
def test_every_setting_of_an_app_is_given_somewhere(app):
    given = set().union(*(set().union(*variables_of(app, container)) for _, container in containers_of(app)))
    assert set(VARIABLES[app]) - BAKED - given == set()


@pytest.mark.parametrize("app", APPS)
def test_what_is_secret_comes_from_the_apps_own_secret_alone(app):
    for name, container in containers_of(app):
        plain, _ = variables_of(app, container)
        assert not [key for key in plain if VARIABLES[app].get(key) and VARIABLES[app][key].secret], name
        assert {e["valueFrom"]["secretKeyRef"]["name"] for e in container["env"]} == {app}


def start(app, role, container, *, optional):
    plain, secret = variables_of(app, container)
    given = {key: MADE_UP.get(key, "made-up") for key, absent in secret.items() if optional or not absent}
    if role == "ingest":
        given["X_BEARER_TOKEN"] = "made-up"  # what the source of the ConfigMap wants
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **plain, **given}
    words = [python_of(app), "-c", READ[app], role]
    return subprocess.run(words, cwd=app_folder(app), env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("optional", [False, True], ids=["without", "with"])
@pytest.mark.parametrize(("app", "role"), [(app, role) for app in APPS for role in ROLES[app]])
def test_the_app_itself_accepts_its_manifest_with_and_without_optional_secrets(app, role, optional):
    container = next(c for name, c in containers_of(app) if name.endswith(role) or not role)
    answer = start(app, role, container, optional=optional)
    assert answer.returncode == 0, answer.stderr


def test_a_container_without_its_required_secret_does_not_start():
    container = copy.deepcopy(next(containers_of("train"))[1])
    container["env"] = [entry for entry in container["env"] if entry["name"] != "TRAIN_TOKEN"]
    answer = start("train", "", container, optional=False)
    assert answer.returncode != 0
    assert "TRAIN_TOKEN is missing" in answer.stderr


def test_services_answer_where_the_others_call_them():
    ports = {}
    for app in APPS:
        services = [d for d in documents_of(app) if d["kind"] == "Service"]
        ports |= {f"http://{d['metadata']['name']}:{p['port']}" for d in services for p in d["spec"]["ports"]} and {
            d["metadata"]["name"]: d["spec"]["ports"][0]["port"] for d in services
        }
    called = re.findall(r"http://(serve|train|stream):(\d+)", "".join(TEXTS.values()))
    assert {name for name, _ in called} == {"serve", "train"}
    assert all(ports[name] == int(port) for name, port in called)


def test_who_may_reach_whom_is_what_the_design_says():
    def callers(app):
        rules = find(documents_of(app), "NetworkPolicy")["spec"]["ingress"]
        return json.dumps(rules)

    assert '"app.kubernetes.io/name": "stream", "app.kubernetes.io/component": "analyze"' in callers("serve")
    assert "ingress-nginx" in callers("serve")
    assert "train-schedule" in callers("train")
    assert "ingress-nginx" not in callers("train"), "nobody outside the cluster reaches train"
    assert all('"kubernetes.io/metadata.name": "monitoring"' in callers(app) for app in APPS)


def test_no_manifest_is_forgotten():
    tracked = {path for path in list_tracked("*.yaml") if "/kubernetes/" in path or path.endswith("manifest_app.yaml")}
    assert len(TEXTS) == len(tracked) + 1, "the others, and serve's rendered green"
    assert all((ROOT / path).is_file() for path in tracked)
