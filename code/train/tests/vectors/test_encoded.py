"""Batches of texts of like length, none with more words than memory has room for."""

from __future__ import annotations

import numpy as np
import pytest

from libs.vectors import Encoded, Ragged
from libs.vectors import encoded as module


def make_encoded(lengths: list[int]) -> Encoded:
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ragged = Ragged(np.ones(ends[-1], dtype=np.int32), ends)
    return Encoded(ragged, ragged)


@pytest.mark.parametrize("seed", [None, 1])
def test_every_row_is_in_one_batch_beside_rows_of_its_length(seed: int | None) -> None:
    lengths = np.random.default_rng(3).integers(1, 30, 1000).tolist()
    batches = list(
        make_encoded(lengths).batches(np.arange(1000), 64, None if seed is None else np.random.default_rng(seed))
    )
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    assert max(map(len, batches)) == 64
    assert np.mean([np.ptp(np.array(lengths)[batch]) for batch in batches]) < 3


def test_long_texts_come_in_smaller_batches_and_one_too_long_for_any_comes_alone() -> None:
    most = module._BATCH_WORDS
    encoded = make_encoded([10] * 512 + [1000] * 512 + [most + 1])
    batches = list(encoded.batches(np.arange(1025), 512))
    words = [len(batch) * int(encoded.words.lengths(batch).max()) for batch in batches]
    assert sorted(np.concatenate(batches).tolist()) == list(range(1025))
    assert [len(batch) for batch in batches if encoded.words.lengths(batch).max() == 10] == [512]
    assert all(count <= most for count, batch in zip(words, batches, strict=True) if len(batch) > 1)
    assert [1024] in [batch.tolist() for batch in batches]
