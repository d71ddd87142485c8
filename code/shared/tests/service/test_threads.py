"""A background thread gives its result, or its failure, and never delays the end of the process."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from sentiment.service.threads import start_thread

_ENDLESS = """
import threading
from sentiment.service.threads import start_thread
start_thread("endless", threading.Event().wait)
"""


def test_the_result_comes_from_a_thread_of_that_name() -> None:
    assert start_thread("background", lambda: threading.current_thread().name).result(10) == "background"


def test_a_failure_is_raised_where_the_result_is_asked_for() -> None:
    failed = start_thread("failing", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(10)


def test_the_process_ends_without_waiting() -> None:
    assert subprocess.run([sys.executable, "-c", _ENDLESS], check=False, timeout=10).returncode == 0
