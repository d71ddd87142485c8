"""``make soak``: the oracle of stream's tests, two hundred seeds long.

Each seed kills, tears, throttles, slows and poisons by its own script; one that does not add up is printed with its
account and its log is kept.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from fixtures.aws_server import start_aws_server
from places import CODE, LOGS

sys.path.insert(0, str(CODE / "stream" / "tests"))
from oracle import run_seed


def main() -> None:
    """Play the seeds and exit 1 when one of them does not add up."""
    parser = argparse.ArgumentParser(prog="soak stream", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0, help="start no further seed after so long; 0 = no limit")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended as well
    started, played, wrong = time.monotonic(), 0, 0
    for seed in range(options.first, options.first + options.seeds):
        if options.minutes and time.monotonic() - started > 60 * options.minutes:
            break
        played += 1
        wrong += not _play(seed)
    print(f"{played} seeds, {wrong} of them wrong, {time.monotonic() - started:.0f} s")
    sys.exit(bool(wrong))


def _play(seed: int) -> bool:
    """Play one seed against a server of its own, print its account, and keep its log when it is wrong."""
    with tempfile.TemporaryDirectory(prefix="soak-stream-") as name, start_aws_server() as aws_url:
        try:
            account = run_seed(seed, Path(name), aws_url)
        except AssertionError as error:
            print(f"seed {seed}: NOT SETTLED {str(error)[:2000]}", flush=True)
            right = False
        else:
            verdict, right = "right" if account.is_right else "WRONG", account.is_right
            faults = ", ".join(f"{count} {fault}" for fault, count in sorted(account.fired.items()) if count)
            troubles = "" if right else f"; {account.lost=} {account.wrong=} {account.unfired=}"
            counts = (
                f"{account.emitted} emitted, {account.stored} stored, {account.dead} dead, {account.in_gaps} in gaps"
            )
            print(f"seed {seed}: {verdict}; {account.plan}; {counts}; {faults}{troubles}", flush=True)
        if not right:
            LOGS.mkdir(parents=True, exist_ok=True)
            (LOGS / f"soak-stream-{seed}.log").write_bytes((Path(name) / "stream.log").read_bytes())
    return right


if __name__ == "__main__":
    main()
