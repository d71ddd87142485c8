"""Work on rows in two processes, when there are rows enough."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

_POOL_FROM_ROWS: Final = 60_000  # a second process takes a second to start: not worth it for less
_PROCESSES: Final = 2
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@contextmanager
def open_pool(rows: int) -> Iterator[Callable[[Callable[[_In], _Out], Iterable[_In]], Iterable[_Out]]]:
    """Yield a ``map`` that keeps order: over two processes when there are rows enough, else in this one."""
    if rows < _POOL_FROM_ROWS:
        yield map
        return
    # spawn: a fork of a process with TensorFlow's or pyarrow's threads in it can hang
    with ProcessPoolExecutor(_PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.map
