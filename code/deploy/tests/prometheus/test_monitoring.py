"""Prometheus and Grafana: valid, about metrics that the apps really have, and alerts that fire when they must."""

import json
import re
import shutil
import subprocess

import pytest
from metric_names import LABELS, list_metrics, names_in
from yaml import safe_dump, safe_load

from develop.fixtures.tracked import ROOT, read

FOLDER = ROOT / "code/deploy/prometheus"
ALERTS = [rule for group in safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
DASHBOARD = json.loads(read("code/deploy/grafana/dashboards/sentiment.json"))
PANELS = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", ())
}
EXPRESSIONS = {**{rule["alert"]: rule["expr"] for rule in ALERTS}, **PANELS}
PROMETHEUS_OWN = {"instance", "job", "alertstate", "alertname"}


def run_promtool(*words):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return subprocess.run(["promtool", *map(str, words)], cwd=FOLDER, capture_output=True, text=True, check=False)


def test_there_is_something_to_look_at():
    assert len(ALERTS) >= 10
    assert len(PANELS) >= 20


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_names_metrics_and_labels_that_the_apps_have(name):
    metrics = list_metrics()
    names = names_in(EXPRESSIONS[name])
    assert names <= set(metrics)
    known = PROMETHEUS_OWN.union(*(metrics[metric] for metric in names))
    assert set(LABELS.findall(EXPRESSIONS[name])) <= known
    grouped = {
        label.strip() for group in re.findall(r"by \(([^)]*)\)", EXPRESSIONS[name]) for label in group.split(",")
    }
    assert grouped <= known


def test_a_metric_that_nobody_has_would_be_found():
    assert names_in("rate(stream_posts_eaten_total[5m])") - set(list_metrics())


def test_promtool_accepts_the_settings_of_the_compose_file():
    answer = run_promtool("check", "config", "prometheus.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_promtool_accepts_the_settings_of_a_cluster(tmp_path):
    """Debian's build knows no kubernetes_sd_configs, so the pods are given by hand; the relabelling is checked."""
    settings = safe_load((FOLDER / "kubernetes.yml").read_text())
    assert settings["scrape_configs"][0].pop("kubernetes_sd_configs")[0]["role"] == "pod"
    settings["scrape_configs"][0]["static_configs"] = [{"targets": ["127.0.0.1:1"]}]
    (tmp_path / "kubernetes.yml").write_text(safe_dump(settings))
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    answer = run_promtool("check", "config", tmp_path / "kubernetes.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_fires_and_stays_silent_as_it_must():
    answer = run_promtool("test", "rules", "alerts_test.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_is_tried():
    tests = safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule["alert"] for rule in ALERTS}


def test_an_alert_that_never_fires_would_be_found(tmp_path):
    shutil.copy(FOLDER / "alerts_test.yml", tmp_path)
    (tmp_path / "alerts.yml").write_text((FOLDER / "alerts.yml").read_text().replace("> 50000", "> 50000000"))
    assert run_promtool("test", "rules", tmp_path / "alerts_test.yml").returncode != 0


def test_an_alert_says_how_bad_it_is_and_what_to_do():
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]


def test_promtool_accepts_every_panels_expression(tmp_path):
    """Grafana itself is not to be had here: each expression is lifted into a rules file."""
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "5m")}
        for number, expr in enumerate(PANELS.values())
    ]
    (tmp_path / "panels.yml").write_text(safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    answer = run_promtool("check", "rules", tmp_path / "panels.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"{len(PANELS)} rules found" in answer.stdout


def test_the_dashboard_hangs_together():
    source = safe_load(read("code/deploy/grafana/provisioning/datasources/prometheus.yml"))["datasources"][0]
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}
            assert panel["description"]
            assert panel["targets"]
    compose = safe_load(read("code/deploy/compose/compose.yaml"))["services"]["grafana"]
    provider = safe_load(read("code/deploy/grafana/provisioning/dashboards/sentiment.yml"))["providers"][0]
    assert f"../grafana/dashboards:{provider['options']['path']}:ro" in compose["volumes"]


def test_the_autoscalers_measure_is_what_the_adapter_hands_on():
    adapter = safe_load((FOLDER / "adapter.yaml").read_text())["rules"]["external"]
    assert [re.match(r"\w+", rule["seriesQuery"])[0] for rule in adapter] == ["stream_spooled_posts"]
    assert "name: stream_spooled_posts" in read("code/stream/build/manifest_app.yaml")
    assert "stream_spooled_posts" in list_metrics()
