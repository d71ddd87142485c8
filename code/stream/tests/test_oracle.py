"""A few seeds of the oracle; ``make soak`` plays two hundred."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracle import make_plan, run_seed
from oracle.faults import FAULTS
from oracle.plan import COMBINATIONS, SUITE_SEEDS, WINDOWS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SUITE_SEEDS)
def test_every_post_is_accounted_for_whatever_breaks(seed: int, tmp_path: Path, aws: str) -> None:
    account = run_seed(seed, tmp_path, aws)
    assert account.is_right, account


def test_the_seeds_of_the_suite_meet_every_fault_and_every_part() -> None:
    plans = [make_plan(seed) for seed in SUITE_SEEDS]
    assert {fault for plan in plans for fault in plan.faults} == FAULTS.keys()
    for part in range(4):
        assert {COMBINATIONS[seed % 16][part] for seed in SUITE_SEEDS} == {row[part] for row in COMBINATIONS}


def test_two_hundred_seeds_kill_in_the_midst_of_every_fault_that_lasts() -> None:
    plans = [make_plan(seed) for seed in range(200)]
    assert {plan.killed_in for plan in plans} == set(WINDOWS)
    assert len({plan.faults for plan in plans}) == 200
