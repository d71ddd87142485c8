"""A few seeds of the oracle; ``make soak`` plays two hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from oracle import run_seed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [0, 3, 5, 6])
def test_every_post_is_accounted_for_whatever_breaks(
    seed: int, tmp_path: Path, aws_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")  # restores what the run sets
    account = run_seed(seed, tmp_path, aws_url)
    assert account.is_right, account
