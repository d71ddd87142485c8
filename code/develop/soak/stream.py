"""``make soak-stream``: the oracle of stream's tests, two hundred seeds long; writes ``soak/stream.md``.

Each seed kills, tears, throttles, slows, fills and poisons by its own script. One that does not add up is printed with its
account and the command that plays it again, and its log is kept.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from develop.bench.results import write_results
from develop.fixtures.aws_server import start_aws_server
from develop.places import CODE, LOGS

sys.path.insert(0, str(CODE / "stream" / "tests"))
from collections.abc import Sequence

from oracle import Account, make_plan, run_seed
from oracle.world import point_boto_at

_ALL: Final = 200
_TABLE: Final = Path(__file__).with_suffix(".md")
_SEEDS_PER_SERVER: Final = 5  # what the AWS-compatible server keeps, it keeps in memory
_JOBS: Final = 3  # most of a seed is waiting


def main() -> None:
    """Play the seeds and exit 1 when one of them does not add up."""
    parser = argparse.ArgumentParser(prog="soak-stream", description=__doc__)
    parser.add_argument("--seeds", type=int, default=_ALL)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0, help="start no further seed after so long; 0 = no limit")
    parser.add_argument("--jobs", type=int, default=_JOBS, help="seeds played side by side")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended as well
    started, accounts, wrong = time.monotonic(), list[Account](), list[int]()
    seeds = range(options.first, options.first + options.seeds)
    groups = [seeds[start:][:_SEEDS_PER_SERVER] for start in range(0, len(seeds), _SEEDS_PER_SERVER)]
    end = started + 60 * options.minutes if options.minutes else float("inf")
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        played = 0
        for group in as_completed([pool.submit(_play_group, group, end) for group in groups]):
            for seed, account in group.result():
                played += 1
                accounts += [account] if account else []
                wrong += [] if account and account.is_right else [seed]
            _say_progress(played, options.seeds, len(wrong), time.monotonic() - started)
    minutes = (time.monotonic() - started) / 60
    if played >= _ALL:
        _write_table(sorted(accounts, key=lambda account: account.plan.seed), sorted(wrong), minutes, options.jobs)
    print(f"{played} seeds, {len(wrong)} of them wrong {sorted(wrong) or ''}, {minutes:.0f} minutes", flush=True)
    sys.exit(bool(wrong))


def _play_group(seeds: Sequence[int], end: float) -> list[tuple[int, Account | None]]:
    """Play seeds one after the other against a server of their own, none after ``end`` (``time.monotonic``)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with start_aws_server() as aws_url:
        point_boto_at(aws_url)
        return [(seed, _play(seed, aws_url)) for seed in seeds if time.monotonic() < end]


def _play(seed: int, aws_url: str) -> Account | None:
    """Play one seed, print its account, and keep its log when it is wrong; None when it did not come to its end."""
    with tempfile.TemporaryDirectory(prefix="soak-stream-") as name:
        account: Account | None = None
        try:
            account = run_seed(seed, Path(name), aws_url)
        except (AssertionError, OSError) as error:
            print(f"seed {seed}: {make_plan(seed)}: NOT SETTLED {str(error)[:3000]}", flush=True)
        if account is not None:
            verdict = "right" if account.is_right else f"WRONG {account}"
            print(f"seed {seed}: {account.plan.title}: {account.counts}: {verdict}", flush=True)
        if account is None or not account.is_right:
            LOGS.mkdir(parents=True, exist_ok=True)
            (LOGS / f"soak-stream-{seed}.log").write_bytes((Path(name) / "stream.log").read_bytes())
            print(f'  again: make soak-stream ARGS="--first {seed} --seeds 1"; log in {LOGS}', flush=True)
    return account


def _say_progress(played: int, seeds: int, wrong: int, seconds: float) -> None:
    left = seconds / played * (seeds - played) / 60
    print(f"  {played}/{seeds} seeds, {wrong} wrong, {seconds / played:.1f} s each, {left:.0f} min left", flush=True)


def _write_table(accounts: Sequence[Account], wrong: Sequence[int], minutes: float, jobs: int) -> None:
    verdict = f"Wrong: {', '.join(map(str, wrong))}." if wrong else "None was wrong."
    remark = (
        f"{len(accounts)} seeds settled in {minutes:.0f} minutes, {jobs} at a time. {verdict} Removed: deleted, edited away "
        "or replaced by an edit; in gaps: lost for good, and every one within a gap of the ledger. Nothing was stored twice."
    )
    sections = [("Posts by parts", _tabulate_parts(accounts), remark), ("Faults", _tabulate_faults(accounts), "")]
    write_results(_TABLE, "stream: the oracle's seeds", "stream", sections)


def _tabulate_parts(accounts: Sequence[Account]) -> list[list[str]]:
    groups: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        groups[account.plan.title].append(account)
    groups["all"] = list(accounts)
    names = ("emitted", "stored", "dead", "removed", "in_gaps", "gaps")
    rows = [
        [
            title,
            str(len(group)),
            *(f"{sum(getattr(account, name) for account in group):,}" for name in names),
            f"{sum(account.seconds for account in group) / len(group):.1f}",
        ]
        for title, group in groups.items()
        if group
    ]
    return [["parts", "seeds", "emitted", "stored", "dead", "removed", "in gaps", "gaps", "seconds a seed"], *rows]


def _tabulate_faults(accounts: Sequence[Account]) -> list[list[str]]:
    fired, planned = Counter[str](), Counter[str]()
    for account in accounts:
        fired.update(account.fired)
        planned.update(account.plan.faults)
    rows = [[fault, str(planned[fault] or "at fixed steps"), str(count)] for fault, count in sorted(fired.items())]
    return [["fault", "planned", "shown to have fired"], *rows]


if __name__ == "__main__":
    main()
