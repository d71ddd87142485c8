"""A comparison for people: a table for the shell, a picture, and the figures as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

COMPARISON_JSON, COMPARISON_PICTURE = "comparison.json", "comparison.png"
_COLUMNS: Final = (
    "recipe",
    "accuracy (95 %)",
    "macro recall",
    "ROC AUC",
    "calibration error",
    "seconds",
    "network ahead by",
)
_ACCENT, _QUIET = "#3f51d9", "#8a8fa3"


def write_comparison(comparison: dict[str, Any], folder: Path) -> None:
    """Write ``comparison.json`` and ``comparison.png`` into ``folder``."""
    (folder / COMPARISON_JSON).write_text(json.dumps(comparison, indent=1, ensure_ascii=False), encoding="utf-8")
    _draw(comparison, folder / COMPARISON_PICTURE)


def format_table(comparison: dict[str, Any]) -> str:
    """Return the table that the shell shows, a line per recipe."""
    rows = [_COLUMNS, *(_format_recipe(one) for one in comparison["recipes"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    counts = comparison["rows"]
    counted = f"trained on {counts['training']:,} rows, evaluated on {counts['held_out']:,} held-out rows"
    ahead = f"network ahead by: {comparison['measure']}, row by row on the same rows (95 %)"
    return "\n".join([*lines, counted, ahead])


def _format_recipe(one: dict[str, Any]) -> tuple[str, ...]:
    metrics, ahead = one["metrics"], one["network_ahead"]
    return (
        one["name"],
        "{value:.4f} ({low:.4f}–{high:.4f})".format(**metrics["accuracy"]),
        *(f"{metrics[name]['value']:.4f}" for name in ("macro_recall", "roc_auc", "ece")),
        f"{one['seconds']:.1f}",
        "" if ahead is None else "{value:+.4f} ({low:+.4f} to {high:+.4f})".format(**ahead),
    )


def _draw(comparison: dict[str, Any], path: Path) -> None:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    recipes, measure = comparison["recipes"], comparison["measure"]
    with rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10}):
        figure = Figure(figsize=(9, 1 + 0.4 * len(recipes)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for place, one in enumerate(recipes):
            figure_ = one["metrics"][measure.replace(" ", "_")]
            left.plot([figure_["low"], figure_["high"]], [place, place], color=_ACCENT)
            left.plot(figure_["value"], place, "o", color=_ACCENT)
            right.barh(place, one["seconds"], color=_QUIET, height=0.5)
        left.set_yticks(range(len(recipes)), [one["name"] for one in recipes])
        left.invert_yaxis()
        left.set(title=f"{measure.capitalize()} on the same held-out rows, 95 % intervals")
        right.set(title="Seconds to learn and judge")
        figure.savefig(path, dpi=110)
