"""The real kubectl against an API server that keeps what it is told."""

import json
import shutil

import pytest
from api_server import start_api_server


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    with start_api_server() as (cluster, url):
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": url}}], "users": [{"name": "test", "user": {}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }  # fmt: skip
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        for name, value in {"KUBECONFIG": tmp_path / "kubeconfig", "HOME": tmp_path, "KUBE_CONTEXT": "test"}.items():
            monkeypatch.setenv(name, str(value))
        yield cluster
