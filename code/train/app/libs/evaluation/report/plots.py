"""The report's pictures, drawn by matplotlib from the report alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from libs.values.report import Curve, DataReport, LearningCurve, Report

_ACCENT, _QUIET = "#3f51d9", "#8a8fa3"
_COLORS: Final = {"NEGATIVE": "#c9344f", "NEUTRAL": "#8a8fa3", "POSITIVE": "#147a52"}
_DPI: Final = 110
_STYLE: Final[Any] = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10,
    "axes.titlelocation": "left", "axes.titleweight": "bold", "legend.frameon": False,
    "text.parse_math": False,  # a topic may hold dollar signs
}  # fmt: skip


def draw_plots(report: Report, folder: Path) -> dict[str, str]:
    """Write the pictures into ``folder``; return, in the report's order, each file's name and what it shows."""
    pictures = {
        "confusion.png": (_draw_confusion, (4.2, 3.8), "Confusion matrix with 95 % intervals"),
        "calibration.png": (_draw_calibration, (4.2, 3.8), "Calibration curve with 95 % intervals"),
        "roc.png": (_draw_roc, (4.2, 3.8), "ROC curves with 95 % bands"),
        "precision_recall.png": (_draw_precision, (4.2, 3.8), "Precision-recall curves with 95 % bands"),
        "loss.png": (_draw_loss, (4.2, 3.2), "Learning curve: loss"),
        "learning.png": (_draw_learning, (4.2, 3.2), "Learning curve: accuracy"),
        "slices.png": (_draw_slices, (8.5, 0.9 + 0.26 * max(len(report.slices), 3)), "Accuracy by kind of row"),
    }
    for name, (draw, size, _) in pictures.items():
        _draw(draw, size, report, folder / name)
    return {name: title for name, (_, _, title) in pictures.items()}


def draw_data(report: Report, folder: Path) -> list[str]:
    """Write a picture per data set, of its labels and lengths, into ``folder`` and return the files' names."""
    names = [f"data-{place}.png" for place in range(1, len(report.data) + 1)]
    for name, data in zip(names, report.data, strict=True):
        _draw(_draw_data, (8.5, 3), data, folder / name)
    return names


def _draw(draw: Any, size: tuple[float, float], facts: Report | DataReport, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context(_STYLE):
        figure = plt.figure(figsize=size, layout="constrained")
        draw(figure, facts)
        figure.savefig(path, dpi=_DPI)
        plt.close(figure)


def _draw_confusion(figure: Any, report: Report) -> None:
    counts = report.confusion
    shares = [list(one.predicted_as.values()) for one in report.by_class]
    axes = figure.subplots()
    axes.imshow([[share.value for share in line] for line in shares], cmap="Blues", vmin=0, vmax=1)
    names = [name.lower() for name in report.classes]
    axes.set(title="Confusion: what rows are and were taken for", xlabel="taken for", ylabel="is")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names, rotation=90, va="center")
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            text = f"{share.value:.1%}\n{share.low:.1%}–{share.high:.1%}\n{counts[row][column]:,} rows"
            axes.text(column, row, text, ha="center", va="center", color="white" if share.value > 0.5 else "black")


def _draw_roc(figure: Any, report: Report) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_QUIET, linestyle=":")
    _draw_curves(axes, report.curves.roc, legend="lower right")
    axes.set(title="ROC", xlabel="other rows taken for the class", ylabel="the class' rows found")


def _draw_precision(figure: Any, report: Report) -> None:
    axes = figure.subplots()
    _draw_curves(axes, report.curves.precision_recall, legend="lower left")
    axes.set(title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.02))


def _draw_curves(axes: Any, curves: Sequence[Curve], legend: str) -> None:
    for curve in curves:
        x, y, low, high = np.array(curve.points).T
        color, area = _COLORS[curve.class_name], curve.area
        label = f"{curve.class_name.lower()}: area {area.value:.3f} ({area.low:.3f}–{area.high:.3f})"
        axes.plot(x, y, color=color, label=label)
        axes.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    axes.legend(loc=legend)


def _draw_calibration(figure: Any, report: Report) -> None:
    predicted, observed, weights, low, high = np.array(report.curves.calibration).T
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_QUIET, linestyle=":")
    axes.vlines(predicted, low, high, color=_ACCENT)
    axes.plot(predicted, observed, color=_ACCENT, marker="o", markersize=4)
    axes.bar(predicted, weights / max(weights.max(), 1e-9) * 0.2, width=0.03, color=_QUIET, alpha=0.5)
    error = report.metrics["ece"]
    title = f"Calibration, error {error.value:.3f} ({error.low:.3f}–{error.high:.3f})"
    claim = "P(positive)" if len(report.classes) == 2 else "the likeliest class"
    axes.set(title=title, xlabel=f"predicted: {claim}; bars: share of rows", ylabel="observed")
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _draw_loss(figure: Any, report: Report) -> None:
    axes = figure.subplots()
    for name, epochs, history in _list_stages(report):
        axes.plot(epochs, history.loss, color=_QUIET, marker=".", label=f"{name} stage, training rows")
        axes.plot(epochs, history.validation_loss, color=_ACCENT, marker=".", label=f"{name} stage, validation rows")
    axes.set(title="Loss of the deep path", xlabel="epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()


def _draw_learning(figure: Any, report: Report) -> None:
    axes = figure.subplots()
    for _, epochs, history in _list_stages(report):
        axes.fill_between(
            epochs, *zip(*history.validation_intervals, strict=True), color=_ACCENT, alpha=0.2, linewidth=0
        )
        axes.plot(epochs, history.validation_accuracy, color=_ACCENT, marker=".")
    axes.set(title="Accuracy on validation rows, 95 % band", xlabel="epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)


def _list_stages(report: Report) -> Iterator[tuple[str, range, LearningCurve]]:
    """Yield each stage's name, the numbers of its epochs (they count on) and its history."""
    start = 1
    for name, history in report.histories.items():
        yield name, range(start, start + len(history.loss)), history
        start += len(history.loss)


def _draw_slices(figure: Any, report: Report) -> None:
    axes = figure.subplots()
    slices = report.slices
    for place, one in enumerate(slices):
        accuracy = one.accuracy
        axes.plot([accuracy.low, accuracy.high], [place, place], color=_ACCENT)
        axes.plot(accuracy.value, place, "o", color=_ACCENT, markersize=4)
    axes.axvline(report.metrics["accuracy"].value, color=_QUIET, linestyle=":")
    axes.set_yticks(range(len(slices)), [f"{one.slice} ({one.rows:,})" for one in slices])
    axes.invert_yaxis()
    axes.set(title="Accuracy by kind of row, with 95 % intervals; dotted: all rows")


def _draw_data(figure: Any, data: DataReport) -> None:
    balance, lengths = figure.subplots(1, 2, width_ratios=(1, 2))
    names, counts = list(data.labels), list(data.labels.values())
    bars = balance.bar([name.lower() for name in names], counts, color=[_COLORS[name] for name in names])
    balance.bar_label(bars, [f"{count:,}\n{count / max(sum(counts), 1):.1%}" for count in counts])
    balance.set(title="Labels")
    balance.margins(y=0.2)
    balance.yaxis.set_visible(False)
    edges = data.lengths.edges
    for name, found in data.lengths.counts.items():
        shares = np.array(found) / max(sum(found), 1)
        lengths.stairs(shares, edges, color=_COLORS[name], label=name.lower())
    lengths.set(title="Lengths of cleaned texts", xlabel=f"characters; the last bar: {edges[-2]} and more")
    lengths.set(ylabel="share of the label's texts")
    lengths.legend()
