"""The report's pictures, from the report alone. The only place that meets matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

_ACCENT, _QUIET, _GOOD, _BAD = "#3f51d9", "#8a8fa3", "#147a52", "#c9344f"
_DPI: Final = 110


def draw_plots(report: dict[str, Any], folder: Path) -> list[str]:
    """Write a PNG per picture into ``folder`` and return their names in the order of the report."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    pictures = {
        "confusion.png": (_draw_confusion, (4.6, 4)),
        "curves.png": (_draw_curves, (8, 3.8)),
        "calibration.png": (_draw_calibration, (4.6, 4)),
        "learning.png": (_draw_learning, (8, 3.4)),
        "slices.png": (_draw_slices, (8, 0.9 + 0.26 * max(len(report["slices"]), 3))),
    }
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10}):
        for name, (draw, size) in pictures.items():
            figure = plt.figure(figsize=size, layout="constrained")
            draw(figure, report)
            figure.savefig(folder / name, dpi=_DPI)
            plt.close(figure)
    return list(pictures)


def _draw_confusion(figure: Any, report: dict[str, Any]) -> None:
    counts = np.array(report["confusion"], dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [name.lower() for name in report["classes"]]
    axes.set(title="What rows are, by what they were taken for", xlabel="taken for", ylabel="is")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names, rotation=90, va="center")
    for (row, column), share in np.ndenumerate(shares):
        text = f"{share:.1%}\n{int(counts[row, column]):,}"
        axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.5 else "black")


def _draw_curves(figure: Any, report: dict[str, Any]) -> None:
    left, right = figure.subplots(1, 2)
    roc, found = np.array(report["curves"]["roc"]), np.array(report["curves"]["precision_recall"])
    left.plot([0, 1], [0, 1], color=_QUIET, linestyle=":")
    left.plot(*roc.T, color=_ACCENT)
    area = report["metrics"]["roc_auc"]["value"]
    left.set(title=f"ROC, area {area:.3f}", xlabel="negative rows taken for positive", ylabel="positive rows found")
    right.plot(*found.T, color=_ACCENT)
    right.set(title="Precision and recall of POSITIVE", xlabel="recall", ylabel="precision", ylim=(0, 1.02))


def _draw_calibration(figure: Any, report: dict[str, Any]) -> None:
    claimed, true, weights = np.array(report["curves"]["calibration"]).T
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_QUIET, linestyle=":")
    axes.plot(claimed, true, color=_ACCENT, marker="o", markersize=4)
    axes.bar(claimed, weights / max(weights.max(), 1e-9) * 0.2, width=0.03, color=_QUIET, alpha=0.5)
    error = report["metrics"]["ece"]["value"]
    axes.set(title=f"Calibration, error {error:.3f}", xlabel="what is claimed", ylabel="what comes true")
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _draw_learning(figure: Any, report: dict[str, Any]) -> None:
    losses, hits = figure.subplots(1, 2)
    start = 1
    for name, history in report["histories"].items():
        epochs = range(start, start + len(history["loss"]))
        losses.plot(epochs, history["loss"], color=_QUIET, marker=".", label=f"{name} stage, learnt from")
        losses.plot(epochs, history["watched_loss"], color=_ACCENT, marker=".", label=f"{name} stage, set aside")
        hits.plot(epochs, history["watched_accuracy"], color=_ACCENT, marker=".")
        start += len(history["loss"])
    losses.set(title="Loss of the deep path", xlabel="epoch")
    losses.legend(frameon=False)
    hits.set(title="Accuracy on rows set aside", xlabel="epoch")
    for axes in (losses, hits):
        axes.xaxis.get_major_locator().set_params(integer=True)


def _draw_slices(figure: Any, report: dict[str, Any]) -> None:
    axes = figure.subplots()
    slices = report["slices"]
    for place, one in enumerate(slices):
        figures = one["accuracy"]
        axes.plot([figures["low"], figures["high"]], [place, place], color=_ACCENT)
        axes.plot(figures["value"], place, "o", color=_ACCENT, markersize=4)
    axes.axvline(report["metrics"]["accuracy"]["value"], color=_QUIET, linestyle=":")
    axes.set_yticks(range(len(slices)), [f"{one['slice']} ({one['rows']:,})" for one in slices])
    axes.invert_yaxis()
    axes.set(title="Accuracy by kind of row, with 95 % intervals; dotted: all rows")
