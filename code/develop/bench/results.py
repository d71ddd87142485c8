"""Results as a table in a Markdown file, with when, where and of which commit they were measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from develop.places import describe_revision


def write_results(
    path: Path, title: str, app: str, sections: Sequence[tuple[str, Sequence[Sequence[str]], str]]
) -> str:
    """Write ``sections`` (heading, table with its header first, remark) and return the text."""
    commit = describe_revision(app).get("APP_COMMIT", "unknown")
    lines = [
        f"# {title}",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at commit {commit} on {_describe_machine()}.",
    ]
    lines += ["Written by the program; medians over rounds. Others may have used the machine too: trust ratios first."]
    for heading, table, remark in sections:
        lines += ["", f"## {heading}", ""]
        header, *rows = table
        lines += [_row(header), _row(["---"] * len(header)), *map(_row, rows)]
        lines += ["", remark] if remark else []
    text = "\n".join(lines) + "\n"
    path.write_text(text, encoding="utf-8")
    return text


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _describe_machine() -> str:
    models = [line.partition(":")[2].strip() for line in _read("/proc/cpuinfo").splitlines() if "model name" in line]
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return (
        f"{cores} × {models[0] if models else platform.machine()}, Python {platform.python_version()}, load {load:.1f}"
    )


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
