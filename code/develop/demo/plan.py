"""What the environment asks of the demo."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from develop.embedded import embed_settings, sample_replay

_GIVEN: Final = ("DATASET_URL", "SOURCE_URL", "STORE_URL", "SPOOL_URL", "RESULTS_URL")
# The plain addresses that stream takes on loopback alone; with another port when these are taken.
_SIMULATED: Final = {"x": "x+http://127.0.0.1:9000", "jetstream": "ws://127.0.0.1:9001/subscribe"}
_LIVE_RATE: Final = 50  # posts a second: fast enough to see the page move, slow enough to read along
_ONCE_RATE: Final = 2000  # posts a second: more than serve and the table take here, so that they set the pace


class PlanError(Exception):
    """The environment asks for something the demo cannot do; the sentence says what to change."""


@dataclass(frozen=True)
class Plan:
    """One demo: its folder, the five addresses, and whether it ends by itself.

    ``simulated`` names the network that the demo itself plays (``x`` or ``jetstream``), or is empty. ``replay_url`` is the
    source without its options when it is a file, else None.
    """

    folder: Path
    dataset_url: str
    source_url: str
    simulated: str
    store_url: str
    spool_url: str
    results_url: str
    once: bool
    sample_dataset: bool
    sample_replay: bool
    replay_url: str | None

    @property
    def training_file(self) -> Path:
        """Where the sample corpus's training side is written."""
        return _training_file(self.folder)

    @property
    def replay_file(self) -> Path:
        """Where the sample corpus's replay side is written."""
        return sample_replay(self.folder)


def read_plan(environment: Mapping[str, str], demos: Path) -> Plan:
    """Return the plan; other addresses mean another folder under ``demos``, so that nothing mixes.

    Raises ``PlanError`` when ``ONCE`` meets a source that never ends, or ``SOURCE`` names no network.
    """
    given = {name: environment[name] for name in _GIVEN if environment.get(name)}
    simulated = _read_simulated(environment.get("SOURCE", ""), given)
    folder = demos / _name_folder(given, simulated)
    once = environment.get("ONCE", "").lower() not in ("", "0", "false", "no")
    rate = _ONCE_RATE if once else _LIVE_RATE
    source_url = given.get("SOURCE_URL") or _SIMULATED.get(simulated)
    source_url = source_url or f"{sample_replay(folder).as_uri()}?rate={rate}&loop=false"
    replay_url = _find_replay(source_url)
    if once:
        _require_end(source_url, replay_url)
    embedded = embed_settings("stream", folder, given) | embed_settings("serve", folder, given)
    return Plan(
        folder=folder,
        dataset_url=given.get("DATASET_URL", _training_file(folder).as_uri()),
        source_url=source_url,
        simulated=simulated,
        store_url=given.get("STORE_URL") or embedded["STORE_URL"],
        spool_url=given.get("SPOOL_URL") or embedded["SPOOL_URL"],
        results_url=given.get("RESULTS_URL") or embedded["RESULTS_URL"],
        once=once,
        sample_dataset="DATASET_URL" not in given,
        sample_replay="SOURCE_URL" not in given,
        replay_url=replay_url,
    )


def _training_file(folder: Path) -> Path:
    return folder / "sample" / "training.csv.gz"


def _read_simulated(source: str, given: Mapping[str, str]) -> str:
    if source not in ("", *_SIMULATED):
        names = " or ".join(_SIMULATED)
        raise PlanError(
            f"SOURCE={source[:40]} is no network the demo can play: {names}; another source is SOURCE_URL=…"
        )
    if source and "SOURCE_URL" in given:
        raise PlanError("SOURCE and SOURCE_URL are both given: take one of them away")
    return source


def _name_folder(given: Mapping[str, str], simulated: str) -> str:
    if not given:
        return f"sample-{simulated}" if simulated else "sample"
    given = {**given, "SOURCE": simulated} if simulated else given
    # A replay at another rate is the same replay: its options are no part of the name.
    parts = [f"{name}={value.partition('?')[0] if name == 'SOURCE_URL' else value}" for name, value in given.items()]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:12]


def _find_replay(source_url: str) -> str | None:
    return source_url.partition("?")[0] if urlsplit(source_url).scheme == "file" else None


def _require_end(source_url: str, replay_url: str | None) -> None:
    if replay_url is None:
        raise PlanError("ONCE=1 needs a source that ends: SOURCE_URL=file:///abs/posts.csv?rate=500")
    if parse_qs(urlsplit(source_url).query).get("loop", ["false"])[-1].lower() not in ("false", "0", "no"):
        raise PlanError("ONCE=1 needs a source that ends: take loop=true out of SOURCE_URL")
