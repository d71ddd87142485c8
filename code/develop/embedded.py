"""The embedded outside parts: values of required variables for whoever gives none. Persistent, no account, no network.

serve's cache of fetched releases joins them, so that everything a clone generates stays in the clone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def embed_settings(app: str, folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return the required variables of ``app`` that ``given`` lacks, each with a value inside ``folder``.

    An empty variable counts as not given, as it does in the apps.
    """
    values = {
        "train": {"STORE_URL": (folder / "store").as_uri(), "DATASET_URL": "sample"},
        "serve": {"STORE_URL": (folder / "store").as_uri(), "MODEL_CACHE_DIR": str(folder / "releases")},
        "stream": {
            "PREDICT_URL": "http://127.0.0.1:8080",
            "SOURCE_URL": f"{sample_replay(folder).as_uri()}?rate=50&loop=false",
            "SPOOL_URL": (folder / "spool").as_uri(),
            "RESULTS_URL": sqlite_url(folder / "results.db"),
        },
    }[app]
    return {name: value for name, value in values.items() if not given.get(name)}


def sample_replay(folder: Path) -> Path:
    """Return where the sample corpus's replay side lies in ``folder``."""
    return folder / "sample" / "replay.csv.gz"


def sqlite_url(path: Path) -> str:
    """Return the SQLAlchemy URL of a SQLite file given by its absolute path (SQLAlchemy undoes no percent signs there)."""
    return f"sqlite:///{path}"
