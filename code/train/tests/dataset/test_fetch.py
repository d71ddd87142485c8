"""Data sets over https: a real server with a real certificate."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from libs.dataset import parse_address, read_rows
from sentiment.errors import PermanentError, TransientError
from sentiment.store import Store


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/x.csv":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"text,label\ngood,1\nbad,0\n")
        else:
            self.send_response(503 if self.path == "/busy.csv" else 404)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def https_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_data_set_comes_over_https(https_url: str, tmp_path: Path, store: Store) -> None:
    assert read_rows(parse_address(f"{https_url}/x.csv"), store, tmp_path).texts == ["good", "bad"]


def test_what_is_not_there_is_permanent_and_what_is_busy_is_not(https_url: str, tmp_path: Path, store: Store) -> None:
    with pytest.raises(PermanentError, match="404"):
        read_rows(parse_address(f"{https_url}/none.csv"), store, tmp_path)
    with pytest.raises(TransientError):
        read_rows(parse_address(f"{https_url}/busy.csv"), store, tmp_path)


def test_a_server_that_nobody_vouches_for_is_not_believed(
    https_url: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with pytest.raises(TransientError, match="SSLError"):
        read_rows(parse_address(f"{https_url}/x.csv"), store, tmp_path)
