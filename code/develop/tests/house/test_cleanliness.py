"""Nothing secret, nothing of somebody's machine, no data set and no pickle is in the repository."""

import re

import pytest

from develop.fixtures.tracked import ROOT, list_tracked

TEXTS = [path for path in list_tracked() if (ROOT / path).suffix not in {".png", ".jpg", ".ico", ".woff2", ".gz"}]
PATTERNS = {
    "an AWS key": r"\b(AKIA|ASIA)[A-Z0-9]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a GitLab token": r"\bglpat-[\w-]{20}",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}",
    "a JSON web token": r"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}",
    "an X bearer token": r"\bA{20}[A-Za-z0-9%]{60,}",
    "a home folder": r"(?<![\w.])/(home|Users)/[a-z]\w*/",
    "a machine's folder": r"(?<![\w./}])/(root|work)/",
    "a package index": r"(index-url|find-links|trusted-host)\s*[= ]\s*\S*https?://",
    "a kubeconfig": r"client-(key|certificate)-data:",
}


@pytest.mark.parametrize("what", PATTERNS)
def test_no_file_holds(what):
    pattern = re.compile(PATTERNS[what])
    found = []
    for path in TEXTS:
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line) and path != "code/develop/tests/house/test_cleanliness.py":
                found.append(f"{path}:{number}")
    assert found == []


def test_every_text_is_utf8_without_carriage_returns():
    for path in TEXTS:
        data = (ROOT / path).read_bytes()
        data.decode("utf-8")
        assert b"\r\n" not in data, path


def test_no_file_runs_code_when_it_is_loaded():
    assert not [path for path in list_tracked() if path.endswith((".pkl", ".pickle", ".joblib", ".h5", ".pt"))]


def test_no_data_set_or_model_is_committed():
    assert not [path for path in list_tracked() if path.endswith((".onnx", ".keras", ".npy", ".parquet", ".db"))]
    assert {path: size for path in list_tracked() if (size := (ROOT / path).stat().st_size) > 2 * 1024 * 1024} == {}


def test_no_environment_file_is_committed():
    assert not [path for path in list_tracked() if re.search(r"(^|/)\.env$|kubeconfig|id_rsa|\.pem$", path)]
