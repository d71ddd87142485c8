"""``make soak-serve``: 100 releases under fire, then ten minutes of load with swaps, and the slope of its memory.

A fault that was not met is a failure: each bad kind of release must have been refused for its own reason. A full run
writes ``soak/serve.md``.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from develop.bench.results import write_results
from develop.places import CODE

sys.path.insert(0, str(CODE / "serve" / "tests"))

from hammering import Seen, hammer_while
from processes import Served, start_serve
from releases import SPOILERS
from swapping import Swaps, find_first_lie, read_memory

from sentiment.store import open_store

FULL_CHANGES: Final = 100
FULL_MINUTES: Final = 10.0
LARGEST_BYTES: Final = 250 * 2**20
STEEPEST_MIB_PER_HOUR: Final = 30.0
"""What a worker may grow while warm: the word cache still fills, and the allocator breathes."""


@dataclass
class Memory:
    """Resident bytes of the largest worker over time."""

    seconds: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)

    def note(self, served: Served) -> None:
        """Add a reading."""
        self.seconds.append(time.monotonic())
        self.resident.append(max(read_memory(served.process.pid)))

    def slope_mib_per_hour(self) -> float:
        """Return the least-squares slope over the second half, when all that is kept for good has been seen."""
        half = len(self.seconds) // 2
        times, values = self.seconds[half:], [value / 2**20 for value in self.resident[half:]]
        middle, mean = sum(times) / len(times), sum(values) / len(values)
        spread = sum((moment - middle) ** 2 for moment in times)
        return (
            3600 * sum((moment - middle) * (value - mean) for moment, value in zip(times, values, strict=True)) / spread
        )


def main() -> int:
    """Run both parts, print what was seen, return 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(description="Soak serve.")
    parser.add_argument("--changes", type=int, default=FULL_CHANGES, help="releases published, promoted or rolled back")
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES, help="length of the soak")
    parser.add_argument("--seed", type=int, default=1)
    choice = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server it started is ended as well
    with TemporaryDirectory() as folder:
        return soak(Path(folder), choice.changes, choice.minutes * 60, choice.seed)


def soak(folder: Path, changes: int, seconds: float, seed: int) -> int:
    """Swap under fire, then keep up load with a swap now and then."""
    store = open_store((folder / "store").as_uri())
    swaps, memory = Swaps(store, seed), Memory()
    swaps.publish_good()
    kinds = [*SPOILERS, *(kind for kind in SPOILERS if kind != "a network that never ends")]
    with start_serve(store.url, folder, MODEL_LOAD_SECONDS="60") as served:
        swapped = hammer_while(served.url, lambda: swaps.run(served, changes, kinds))
        print(
            f"{swaps.changes} changes, {swaps.rollbacks} of them rollbacks, {len(swapped.answers):,} answers",
            flush=True,
        )
        print(f"refused: {swaps.refused}", flush=True)
        soaked = hammer_while(served.url, lambda: _keep_swapping(served, swaps, memory, seconds))
    faults = [
        *_judge("swaps", swapped, swaps),
        *_judge("soak", soaked, swaps),
        *_judge_memory(memory),
        *([] if swaps.rollbacks else ["never met: a rollback"]),
        *(f"never met: {kind}" for kind in SPOILERS if kind not in swaps.refused),
    ]
    if changes >= FULL_CHANGES and seconds >= FULL_MINUTES * 60:
        _write_table(swaps, swapped, soaked, memory, faults)
    print(f"{len(soaked.answers):,} answers in the soak, {len(swaps.went_live)} releases went live")
    print(f"largest worker {max(memory.resident) / 2**20:.0f} MiB, slope {memory.slope_mib_per_hour():+.1f} MiB/h")
    print("\n".join(faults) or "nothing was wrong")
    return int(bool(faults))


def _write_table(swaps: Swaps, swapped: Seen, soaked: Seen, memory: Memory, faults: list[str]) -> None:
    parts = [["part", "seconds", "answers", "other than 200", "at odds with the version they name"]]
    for name, seen in (("releases come and go", swapped), ("soak", soaked)):
        lie = find_first_lie(seen.answers, swaps.biases)
        parts.append([name, f"{seen.seconds:.0f}", f"{len(seen.answers):,}", str(len(seen.failures)), lie or "none"])
    kinds = [["what was wrong with a release", "times met", "refused as"]]
    kinds += [[kind, str(swaps.times_refused[kind]), code] for kind, code in swaps.refused.items()]
    sizes = [["readings", "first MiB", "largest MiB", "last MiB", "slope of the second half, MiB/h"]]
    megabytes = [value / 2**20 for value in memory.resident]
    sizes.append([str(len(megabytes)), *(f"{value:.1f}" for value in (megabytes[0], max(megabytes), megabytes[-1]))])
    sizes[-1].append(f"{memory.slope_mib_per_hour():+.1f}")
    live = f"{swaps.changes} changes, {swaps.rollbacks} of them rollbacks; {len(swaps.went_live)} releases went live."
    verdict = "Wrong: " + "; ".join(faults) if faults else "Nothing was wrong."
    sections = [
        ("Answers", parts, f"{live} {verdict}"),
        ("Bad releases", kinds, ""),
        ("Memory of the largest worker in the soak", sizes, "Each fifth text has a word never seen before."),
    ]
    write_results(Path(__file__).with_suffix(".md"), "serve, soaked", "serve", sections)


def _keep_swapping(served: Served, swaps: Swaps, memory: Memory, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        swaps.run(served, 1, [])
        for _ in range(10):
            memory.note(served)
            time.sleep(1)


def _judge(part: str, seen: Seen, swaps: Swaps) -> list[str]:
    lie = find_first_lie(seen.answers, swaps.biases)
    faults = [f"{part}: {failure}" for failure in seen.failures[:10]]
    return [*faults, f"{part}: {lie}"] if lie else faults


def _judge_memory(memory: Memory) -> list[str]:
    faults = []
    if max(memory.resident) > LARGEST_BYTES:
        faults.append(f"a worker took {max(memory.resident) / 2**20:.0f} MiB")
    if memory.slope_mib_per_hour() > STEEPEST_MIB_PER_HOUR:
        faults.append(f"memory grows by {memory.slope_mib_per_hour():.1f} MiB an hour")
    return faults


if __name__ == "__main__":
    sys.exit(main())
