"""No request fails while releases are published, promoted and rolled back, bad ones among them, and no answer lies."""

from __future__ import annotations

from pathlib import Path

from hammering import hammer_while
from processes import start_serve
from releases import SPOILERS
from swapping import Swaps, find_first_lie, read_memory

from sentiment.store import open_store


def test_hammered_while_releases_come_and_go_not_one_answer_is_wrong(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri())
    swaps = Swaps(store, seed=7)
    swaps.publish_good()
    with start_serve(store.url, tmp_path, MODEL_LOAD_SECONDS="10") as served:
        seen = hammer_while(served.url, lambda: swaps.run(served, changes=14, kinds=list(SPOILERS)))
        memory = read_memory(served.process.pid)
    assert seen.failures == []
    assert find_first_lie(seen.answers, swaps.biases) is None
    assert len(seen.answers) > 300
    assert {version for version, _, _ in seen.answers} == set(swaps.went_live)
    assert len(swaps.went_live) >= 3
    assert swaps.refused == {kind: SPOILERS[kind][0] for kind in SPOILERS}  # each bad kind was really met
    assert max(memory) < 250 * 2**20
