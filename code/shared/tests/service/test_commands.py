"""Command lines: one line on stderr and an exit code, never a trace; ``check`` says what to mend."""

from __future__ import annotations

from typing import NoReturn

import click
import pytest

from sentiment.errors import ConfigurationError, PermanentError, SentimentError, TransientError
from sentiment.service.checks import Check, run_checks
from sentiment.service.commands import run_command_line


def fail_with(error: SentimentError) -> NoReturn:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigurationError("PORT is missing"), 2, "PORT is missing\n"),
        (PermanentError("no rows", code="empty"), 1, "empty: no rows\n"),
        (TransientError("store is down", code="store_down"), 1, "store_down: store is down\n"),
    ],
)
def test_a_known_failure_is_one_line_and_a_code(
    error: SentimentError, code: int, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["main.py"])
    with pytest.raises(SystemExit) as end:
        run_command_line(click.Command("run", callback=lambda: fail_with(error)))
    assert end.value.code == code
    assert capsys.readouterr().err == line


def test_an_unknown_option_is_a_misconfiguration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["main.py", "--nonsense"])
    with pytest.raises(SystemExit) as end:
        run_command_line(click.Command("run", callback=lambda: None))
    assert end.value.code == 2


def test_checks_try_everything_and_say_what_to_mend(capsys: pytest.CaptureFixture[str]) -> None:
    broken = Check("STORE_URL", lambda: fail_with(TransientError("no answer", code="store_down")), "start the store")
    assert run_checks([broken, Check("PREDICT_URL", lambda: None, "start serve")]) == 1
    assert capsys.readouterr().out == "✗ STORE_URL: no answer\n  → start the store\n✓ PREDICT_URL\n"
    assert run_checks([Check("PREDICT_URL", lambda: None, "start serve")]) == 0
