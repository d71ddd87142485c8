"""The compose file: valid, closed, and giving each app what that app itself accepts."""

import os
import re
import subprocess

import pytest
from settings_programs import READ
from yaml import safe_load

from develop.documentation.variables import read_variables
from develop.fixtures.tracked import APPS, ROOT, read
from develop.places import app_folder, python_of

PATH = "code/deploy/compose/compose.yaml"
COMPOSE = safe_load(read(PATH))
SERVICES = COMPOSE["services"]
OF_APP = {"train": "train", "serve": "serve", "serve-accounts": "serve", "stream": "stream"}
AWS = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
SECRET = re.compile(r"\$\{([A-Z0-9_]+):\?[^}]+\}")


def fill(value):
    return SECRET.sub("made-up-and-long-enough-to-be-a-key", str(value))


def environment_of(service):
    return {name: fill(value) for name, value in SERVICES[service].get("environment", {}).items()}


def test_the_schema_of_compose_accepts_it():
    words = [python_of("tools"), "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", PATH]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_everything_that_was_promised_is_in_it():
    assert set(SERVICES) >= {*APPS, "s3", "dynamodb", "postgres", "mlflow", "prometheus", "grafana"}


@pytest.mark.parametrize(("service", "app"), OF_APP.items())
def test_an_apps_environment_is_what_the_app_requires(service, app, tmp_path):
    known = {v.name: v for v in read_variables() if app in v.apps}
    given = environment_of(service)
    assert set(given) - set(known) <= AWS | {"TMPDIR"}
    assert {name for name, v in known.items() if v.required} <= set(given)
    replay = tmp_path / "replay.csv.gz"
    replay.touch()
    environment = {name: value.replace("/sample/replay.csv.gz", str(replay)) for name, value in given.items()}
    words = [python_of(app), "-c", READ[app], "all"]
    environment |= {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    answer = subprocess.run(words, cwd=app_folder(app), env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(("service", "app"), OF_APP.items())
def test_what_an_app_requires_is_really_required(service, app):
    """The test above could pass with settings that accept anything."""
    known = {v.name for v in read_variables() if app in v.apps and v.required and v.name in ("STORE_URL", "SPOOL_URL")}
    environment = {name: value for name, value in environment_of(service).items() if name not in known}
    environment |= {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    words = [python_of(app), "-c", READ[app], "analyze"]
    answer = subprocess.run(words, cwd=app_folder(app), env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert f"{next(iter(known))} is missing" in answer.stderr


def test_secrets_come_from_whoever_starts_it():
    needed = set(SECRET.findall(read(PATH)))
    shown = re.search(r"for name in (.+)\n", read(PATH))[1].split()
    assert needed == set(shown), "the first lines of the file make every secret that it asks for, and no other"
    for service in OF_APP:
        for name, value in SERVICES[service]["environment"].items():
            if re.search(r"TOKEN|SECRET_KEY|PASSWORD", name) or "://sentiment:" in str(value):
                assert SECRET.search(str(value)), f"{service}: {name}"


def test_nothing_is_reached_from_outside_this_machine():
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def test_every_container_is_closed():
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_every_image_has_a_tag_or_is_built_here():
    for name, service in SERVICES.items():
        tag = service["image"].rpartition("/")[2].partition(":")[2]
        assert tag, name
        assert tag != "latest", name
        if service["image"].startswith("sentiment/"):
            build = service["build"]
            assert (ROOT / "code" / build["dockerfile"]).is_file(), name
            assert (ROOT / "code/deploy/compose" / build["context"]).resolve() == ROOT / "code", name


def test_names_and_ports_lead_somewhere():
    urls = re.findall(r"(?:https?|postgresql\+psycopg)://(?:[^@/\s]*@)?([a-z][a-z0-9-]*):(\d+)", fill(read(PATH)))
    assert {name for name, _ in urls} - {"localhost"} <= set(SERVICES)
    for service in SERVICES.values():
        depends = service.get("depends_on", {})
        assert set(depends) <= set(SERVICES)
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / "code/deploy/compose" / source).exists(), source
    assert environment_of("stream")["PREDICT_URL"] == f"http://serve:{environment_of('serve')['PORT']}"
    assert environment_of("train")["STORE_URL"] == environment_of("serve")["STORE_URL"]
