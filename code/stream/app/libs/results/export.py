"""Results as CSV that a spreadsheet opens without running what a stranger posted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from libs.results import Results, ResultsQuery
from libs.values.result import Result

_PAGE: Final = 500
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")


def export_csv(results: Results, query: ResultsQuery) -> Iterator[str]:
    """Yield all results of a query, newest first, as CSV with a header; memory holds a page of them at a time.

    Cells that a spreadsheet would take for a formula are quoted with an apostrophe (OWASP, "CSV Injection").
    """
    yield _write_row(Result._fields)
    while True:
        page = results.read(query._replace(limit=_PAGE))
        for result in page:
            yield _write_row([_quote(_cell(value)) for value in result])
        if len(page) < _PAGE:
            return
        query = query._replace(before=f"{page[-1].data}#{page[-1].id}")


def _cell(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _quote(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


def _write_row(cells: object) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)  # type: ignore[arg-type]
    return line.getvalue()
