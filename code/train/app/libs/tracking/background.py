"""Log a release to MLflow in a process of its own, so that MLflow can neither fail nor delay a run."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from libs.service.settings import TrainSettings
from libs.tracking.mlflow_release import MISSING, log_release
from sentiment.errors import ConfigurationError
from sentiment.release.fetching import fetch_release
from sentiment.release.promotion import read_current
from sentiment.store import open_store

logger = logging.getLogger(__name__)

MOST_WAITED_SECONDS: Final = 5.0
MOST_LOGGED_SECONDS: Final = 900
_MAIN: Final = Path(__file__).resolve().parents[2] / "main.py"


def track(settings: TrainSettings, version: str) -> None:
    """Start logging the published release ``version`` to MLflow, if MLFLOW_TRACKING_URI is set; never raises.

    Waits for at most 5 s: what takes longer goes on without this process and ends itself after a quarter of an hour.
    ``python main.py track VERSION`` repeats what MLflow did not take.
    """
    if settings.mlflow_tracking_uri is None:
        return
    if find_spec("mlflow") is None:
        logger.warning("not tracked", extra={"error": MISSING})
        return
    try:
        process = _start(settings, version)
    except OSError as error:
        logger.warning("not tracked", extra={"error": str(error)})
        return
    _wait(process, version)


def log_to_mlflow(settings: TrainSettings, version: str) -> str:
    """Log the published release ``version`` to MLflow and return the version it is registered under there.

    Raises ``SentimentError``: what ``log_release`` and ``fetch_release`` do, ``ConfigurationError`` without an address.
    """
    if settings.mlflow_tracking_uri is None:
        raise ConfigurationError("MLFLOW_TRACKING_URI is missing, e.g. MLFLOW_TRACKING_URI=sqlite:////srv/mlflow.db")
    store = open_store(settings.store_url)
    current = read_current(store)
    with tempfile.TemporaryDirectory(prefix="sentiment-mlflow-") as folder:
        release = fetch_release(store, version, Path(folder))
        live = current is not None and current.current.version == version
        return log_release(settings.mlflow_tracking_uri, release, live=live, warn=_warn)


def limit_run_time() -> None:
    """End this process after a quarter of an hour, whatever it waits for."""
    timer = threading.Timer(MOST_LOGGED_SECONDS, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _warn(message: str) -> None:
    logger.warning(message)


def _start(settings: TrainSettings, version: str) -> subprocess.Popen[str]:
    own = {
        "STORE_URL": settings.store_url,
        "DATASET_URL": settings.dataset_url,
        "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri or "",
    }
    # Pipes of its own: one that outlives this process must not keep the shell's open. A session of its own: cancelling
    # the run ends the run's group.
    return subprocess.Popen(
        [sys.executable, str(_MAIN), "track", version, "--unattended"],
        env=os.environ | own, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def _wait(process: subprocess.Popen[str], version: str) -> None:
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    began = time.monotonic()
    try:
        code = process.wait(MOST_WAITED_SECONDS)
    except subprocess.TimeoutExpired:
        logger.warning(
            "MLflow takes long; logging to it goes on without this run waiting",
            extra={"seconds": MOST_WAITED_SECONDS, "repeat": f"python main.py track {version}"},
        )
        return
    reader.join(1)
    seconds = round(time.monotonic() - began, 1)
    if code:
        error = lines[-1] if lines else f"exit code {code}"
        logger.warning("not tracked", extra={"error": error, "repeat": f"python main.py track {version}"})
    else:
        logger.info("tracked", extra={"seconds": seconds, "mlflow": lines[-1] if lines else ""})


def _read(process: subprocess.Popen[str], lines: list[str]) -> None:
    with process:
        lines.extend(_plain(line) for line in process.stdout or () if line.strip())


def _plain(line: str) -> str:
    """Return the sentence of a JSON log line, and any other line as it is."""
    try:
        return str(json.loads(line)["message"])
    except (ValueError, TypeError, KeyError):
        return line.strip()
