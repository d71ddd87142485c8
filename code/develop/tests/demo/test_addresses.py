"""The usual port when it is free, another when it is taken; and an app that answers oddly is no answer."""

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from develop.demo.addresses import ask, choose_port


def test_a_taken_port_is_left_to_whoever_has_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        usual = taken.getsockname()[1]
        chosen = choose_port(usual)
    assert chosen != usual
    assert choose_port(usual) == usual


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = {"/ok": (200, b'{"a": 1}'), "/down": (503, b'{"code": "x"}'), "/list": (200, b"[1]")}.get(
            self.path, (200, b"<html>")
        )
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Stay quiet."""


@pytest.fixture
def page():
    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "answer"), [("/ok", {"a": 1}), ("/down", {"code": "x"}), ("/list", None), ("/html", None)]
)
def test_only_a_json_object_is_an_answer_whatever_its_status(page, path, answer):
    assert ask(page + path) == answer


def test_nobody_listening_is_no_answer_and_no_error():
    assert ask(f"http://127.0.0.1:{choose_port(1)}") is None


def test_a_proxy_for_the_world_is_not_asked_for_loopback(page, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask(f"{page}/ok") == {"a": 1}
