"""Work beside the main thread that never delays the end of the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Outcome = TypeVar("Outcome")


def start_thread(name: str, work: Callable[[], Outcome]) -> Future[Outcome]:
    """Run ``work`` in a daemon thread and return the future of its result.

    An executor would not do: Python waits for its threads before the process ends.
    """
    future: Future[Outcome] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
