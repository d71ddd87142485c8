"""The NEUTRAL band is fitted where the neutral rows lie."""

from __future__ import annotations

import numpy as np

from libs.network.thresholds import fit_thresholds
from sentiment.model.labels import band_label


def test_thresholds_are_fitted_where_neutrals_lie_and_need_some() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], 500).astype(np.int8)
    scores = np.clip(
        np.concatenate([rng.normal(0.2, 0.05, 500), rng.normal(0.6, 0.05, 500), rng.normal(0.9, 0.05, 500)]), 0, 1
    )
    fitted = fit_thresholds(scores, labels)
    assert fitted is not None
    assert 0.25 < fitted.negative_to < 0.5
    assert 0.7 < fitted.positive_from < 0.85
    assert (
        np.mean(
            [
                band_label(s, fitted) == ("NEGATIVE", "NEUTRAL", "POSITIVE")[v]
                for s, v in zip(scores, labels, strict=True)
            ]
        )
        > 0.98
    )
    assert fit_thresholds(scores[labels != 1], labels[labels != 1]) is None
