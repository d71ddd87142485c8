"""Letter n-grams are fitted beside words and folded into them exactly."""

from __future__ import annotations

from functools import partial

import numpy as np
from corpora import make_corpus

from libs.network.letters import fit_with_letters, fold_letters, spell_vocabulary
from libs.network.linear_path import admit_features, count_features, fit_linear_path
from libs.values.recipe import Recipe
from libs.vectors import encode_tokens
from sentiment.text.encoding import SPECIAL_WORDS, EncodingParameters

PARAMETERS = EncodingParameters()


def test_a_words_letters_move_only_that_words_own_slot_by_their_sum() -> None:
    vocabulary = [*SPECIAL_WORDS, "love", "loved", "!"]
    encoded = encode_tokens([["love", "loved", "!"]] * 5, vocabulary, PARAMETERS)
    owners = admit_features(encoded.features, np.arange(5), PARAMETERS.bucket_bits, 14)
    spelling = spell_vocabulary(vocabulary, PARAMETERS)
    letter_weights = np.zeros((spelling.shape[1], 1), dtype=np.float32)
    letter_weights[spelling[2].indices] = 1.0
    folded = fold_letters(
        np.zeros((len(owners), 1), np.float32),
        letter_weights,
        spelling,
        vocabulary=vocabulary,
        owners=owners,
        parameters=PARAMETERS,
    )
    alone = [
        encode_tokens([[word]], vocabulary, PARAMETERS).features.values[0] % len(owners) for word in vocabulary[2:]
    ]
    assert folded[alone[0], 0] == spelling[2].sum()
    assert 0 < folded[alone[1], 0] < folded[alone[0], 0], "loved shares some of love's letters"
    assert folded[alone[2], 0] == 0, "a mark has no letters"
    assert np.count_nonzero(folded) == 2


def test_the_folded_table_scores_texts_as_words_and_letters_together_do() -> None:
    corpus = make_corpus(1200)
    vocabulary = [*SPECIAL_WORDS, *sorted({token for line in corpus.tokens for token in line if not token.isdigit()})]
    encoded = encode_tokens(corpus.tokens, vocabulary, PARAMETERS)
    rows = np.arange(len(corpus.texts))
    owners = admit_features(encoded.features, rows, PARAMETERS.bucket_bits, 18)
    matrix = count_features(encoded.features, rows, owners)
    seen = {}

    def fit(wide):  # type: ignore[no-untyped-def]
        seen["matrix"], seen["weights"] = wide, fit_linear_path(wide, labels=corpus.labels, classes=2, recipe=Recipe())
        return seen["weights"]

    folded = fit_with_letters(
        matrix, encoded.words, vocabulary=vocabulary, owners=owners, parameters=PARAMETERS, fit=partial(fit)
    )
    both = (seen["matrix"] @ seen["weights"])[:, 0]
    assert seen["matrix"].shape[1] > matrix.shape[1]
    assert np.corrcoef(both, (matrix @ folded)[:, 0])[0, 1] > 0.999
