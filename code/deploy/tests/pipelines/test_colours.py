"""serve's colours through the real kubectl, against an API server that keeps what it is told."""

import json

import pytest
from yaml import safe_load_all

from deploy.pipelines import colours
from deploy.pipelines.failure import JobFailedError

OLD, NEW, BROKEN = (f"registry.gitlab.com/acme/sentiment/serve:{tag}" for tag in ("1.0.0", "1.1.0", "1.2.0"))


def reached(cluster, service="serve"):
    return cluster.get("services", service)["spec"]["selector"]["colour"]


def image_of(cluster, colour):
    return cluster.get("deployments", f"serve-{colour}")["spec"]["template"]["spec"]["containers"][0]["image"]


def release(image):
    colours.deploy(image)
    return colours.switch()


def test_nobody_reaches_the_first_release_before_it_is_switched_to(cluster):
    assert colours.live() == "none"
    assert colours.deploy(OLD) == "blue"
    assert (reached(cluster), colours.live(), colours.idle()) == ("none", "none", "blue")
    assert colours.switch() == "blue"
    assert (reached(cluster), colours.live(), colours.idle()) == ("blue", "blue", "green")


def test_a_deploy_leaves_the_live_colour_as_it_is(cluster):
    release(OLD)
    before = json.dumps(cluster.get("deployments", "serve-blue"))
    assert colours.deploy(NEW) == "green"
    assert (reached(cluster), image_of(cluster, "green")) == ("blue", NEW)
    assert json.dumps(cluster.get("deployments", "serve-blue")) == before


def test_a_switch_is_one_write_after_every_pod_is_ready(cluster):
    release(OLD)
    cluster.requests.clear()
    release(NEW)
    assert reached(cluster) == "green"
    written = [
        name for name, change in cluster.requests if change.get("spec", {}).get("selector", {}).get("colour") == "green"
    ]
    assert written == ["PATCH services/serve"]
    assert cluster.requests[-1][0] == "PATCH services/serve", "nothing is changed after the switch"


def test_back_is_one_command_and_the_colour_it_left_is_not_trusted_again(cluster):
    release(OLD)
    release(NEW)
    assert colours.back() == "blue"
    assert (reached(cluster), image_of(cluster, "blue")) == ("blue", OLD)
    for verb in (colours.back, colours.switch):
        with pytest.raises(JobFailedError, match="green was live and went back"):
            verb()
    assert reached(cluster) == "blue"
    assert release(NEW) == "green", "a new deploy earns trust anew"


def test_a_release_whose_pods_do_not_come_up_is_never_live(cluster):
    release(OLD)
    cluster.broken.add(BROKEN)
    with pytest.raises(JobFailedError, match="exceeded its progress deadline"):
        colours.deploy(BROKEN)
    with pytest.raises(JobFailedError, match="green has 0 of 3 pods ready"):
        colours.switch()
    assert reached(cluster) == "blue"


def test_a_colour_starts_with_as_many_pods_as_the_live_one_has(cluster):
    release(OLD)
    cluster.patch("deployments", "serve-blue", {"spec": {"replicas": 7}})  # the autoscaler
    colours.deploy(NEW)
    assert cluster.get("deployments", "serve-green")["spec"]["replicas"] == 7
    assert cluster.get("deployments", "serve-blue")["spec"]["replicas"] == 7


def test_a_retired_colour_is_started_again_before_anybody_is_sent_to_it(cluster):
    release(OLD)
    release(NEW)
    assert colours.retire() == "blue"
    assert cluster.get("deployments", "serve-blue")["spec"]["replicas"] == 0
    assert colours.back() == "blue"
    assert cluster.get("deployments", "serve-blue")["status"]["availableReplicas"] == 3
    assert cluster.requests[-1][0] == "PATCH services/serve"


def test_there_is_no_way_back_from_the_first_release(cluster):
    release(OLD)
    with pytest.raises(JobFailedError, match="nothing to go back to"):
        colours.back()
    assert reached(cluster) == "blue"


def test_a_service_that_somebody_else_changed_is_not_overwritten(cluster):
    release(OLD)
    colours.deploy(NEW)

    def interfere(resource, name):
        cluster.before_patch = lambda resource, name: None
        cluster.patch("services", "serve", {"metadata": {"annotations": {"by": "somebody"}}})

    cluster.before_patch = interfere
    with pytest.raises(JobFailedError, match="has been modified"):
        colours.switch()
    assert reached(cluster) == "blue"


def test_a_load_balancer_follows_the_service(cluster):
    release(OLD)
    balancer = {"metadata": {"labels": {"app.kubernetes.io/name": "serve"}}, "spec": {"selector": {"colour": "blue"}}}
    cluster.write("services", "serve-public", {"apiVersion": "v1", "kind": "Service", **balancer})
    release(NEW)
    assert (reached(cluster), reached(cluster, "serve-public")) == ("green", "green")
    colours.back()
    assert (reached(cluster), reached(cluster, "serve-public")) == ("blue", "blue")


def test_rendering_changes_the_colour_and_the_image_and_nothing_else():
    blue, green = (list(safe_load_all(colours.render(OLD, colour, "none"))) for colour in colours.COLOURS)
    assert json.dumps(green) == json.dumps(blue).replace("serve-blue", "serve-green").replace(
        '"colour": "blue"', '"colour": "green"'
    )
    plain = colours.MANIFEST.read_text(encoding="utf-8").replace("registry.example.com/sentiment/serve:0.0.0", OLD)
    assert colours.render(OLD, "blue", "blue") == plain


def test_the_command_line_prints_a_colour_or_one_line_of_refusal(cluster, capsys, monkeypatch):
    def run(*words):
        monkeypatch.setattr("sys.argv", ["colours", *words])
        return colours.main(), capsys.readouterr()

    code, said = run("deploy", OLD)
    assert (code, said.out.splitlines()[-1]) == (0, "blue")
    assert (run("switch")[1].out, run("live")[1].out, run("idle")[1].out) == ("blue\n", "blue\n", "green\n")
    code, said = run("back")
    assert (code, said.out) == (1, "")
    assert said.err.count("\n") == 1
    with pytest.raises(SystemExit):
        run("switch", OLD)
