"""The three apps as real processes, each in its own environment, on free loopback ports."""

import os
import signal
import subprocess
import time

import pytest
import requests
from fixtures.ports import find_free_port
from places import app_folder, python_of


class App:
    """One running app; its output goes to a file that a failure shows."""

    def __init__(self, name, environment, folder):
        self.name = name
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{name}-{self.port}.log"
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [python_of(name), "main.py"],
                cwd=app_folder(name),
                env=kept | {"PORT": str(self.port)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, holds, seconds):
        """Poll until ``holds()`` is true and return its value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                value = holds()
            except (requests.ConnectionError, requests.Timeout):
                value = None
            if value:
                return value
            time.sleep(0.1)
        pytest.fail(f"{self.name}: not in {seconds} s; its log ends with:\n{self.log.read_text()[-3000:]}")

    def wait_until_ready(self, seconds=90):
        self.wait_for(lambda: requests.get(f"{self.url}/ready", timeout=5).status_code == 200, seconds)
        return self

    def kill(self):
        """End it and its workers as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        """End it as an orchestrator does, by force where that takes too long."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode
