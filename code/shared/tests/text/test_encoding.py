"""Tokens and their numbers: the same for a text alone as in any batch, on any machine, at any time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.text import encoding
from sentiment.text.cleaning import CleanText, clean
from sentiment.text.encoding import PADDING, SPECIAL_WORDS, UNKNOWN, Encoder, EncodingParameters
from sentiment.text.tokens import tokenize

VOCABULARY = [*SPECIAL_WORDS, "i", "love", "not", "good", "!!"]
PARAMETERS = EncodingParameters()
TEXTS = st.lists(st.text(max_size=40).map(clean), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Sooooo GOOD!!!!", ["soo", "good", "!!"]),
        ("I don’t like it", ["i", "don't", "like", "it"]),
        ("@user #Fail :( really?!", ["@user", "#fail", ":(", "really", "?!"]),
        ("wait.... what", ["wait", "..", "what"]),
        ("Größe ñandú 你好", ["größe", "ñandú", "你好"]),
        ("", []),
    ],
)
def test_words_marks_and_elongations(text: str, tokens: list[str]) -> None:
    assert tokenize(clean(text)) == tokens


@given(st.text(max_size=60).map(clean))
def test_no_letter_or_digit_is_lost(text: CleanText) -> None:
    kept = {mark for token in tokenize(text) for mark in token}
    assert {mark for mark in text.lower().replace("’", "'") if mark.isalnum()} <= kept


@given(TEXTS)
def test_a_text_is_encoded_in_a_batch_as_alone(texts: list[CleanText]) -> None:
    together = Encoder(PARAMETERS, VOCABULARY).encode(texts)
    for place, text in enumerate(texts):
        alone = Encoder(PARAMETERS, VOCABULARY).encode([text])
        for name, row in together.items():
            np.testing.assert_array_equal(row[place][row[place] != PADDING], alone[name][0][alone[name][0] != PADDING])


def test_words_are_rows_of_the_vocabulary() -> None:
    rows = Encoder(PARAMETERS, VOCABULARY).encode([clean("I love kittens!!!"), clean("good")])["words"]
    assert rows.tolist() == [[2, 3, UNKNOWN, 6], [5, PADDING, PADDING, PADDING]]
    assert rows.dtype == np.int32


def test_an_empty_text_is_one_column_of_padding() -> None:
    arrays = Encoder(PARAMETERS, VOCABULARY).encode([clean("")])
    assert arrays["words"].tolist() == [[PADDING]]
    assert set(arrays["features"].ravel().tolist()) <= {PADDING}


def test_features_are_words_pairs_and_triples_and_letters_of_unknown_words() -> None:
    def count(text: str) -> int:
        return int((Encoder(PARAMETERS, VOCABULARY).encode([clean(text)])["features"] != PADDING).sum())

    assert count("i love") == 2 + 1
    assert count("i not love good") == 4 + 3 + 2
    # <kat>: 3 of three letters, 2 of four, 1 of five, and the word itself
    assert count("kat") == 1 + 3 + 2 + 1


def test_the_numbers_are_the_same_on_every_machine() -> None:
    """Pinned: a change here is a new ENCODING_VERSION, since published releases would misread their own tables."""
    features = Encoder(PARAMETERS, VOCABULARY).encode([clean("i not good")])["features"]
    assert features.tolist() == [[49801293, 42169340, 44645888, 45779092, 23851934, 59551780]]
    assert features.max() < 2**26


@given(TEXTS, st.integers(8, 30))
def test_a_feature_has_as_many_bits_as_asked(texts: list[CleanText], bits: int) -> None:
    features = Encoder(EncodingParameters(bucket_bits=bits), VOCABULARY).encode(texts)["features"]
    assert features.min() >= 0
    assert features.max() < 2**bits


@given(
    st.lists(
        st.text(max_size=12).map(clean) | st.sampled_from(["ΑΣ", "İI", ":)x", "don’t", "soooo...", "@a#b"]), max_size=6
    )
)
def test_a_token_never_reaches_across_a_space(pieces: list[CleanText]) -> None:
    """So the encoder may look up a text piece by piece."""
    whole = clean(" ".join(pieces))
    assert tokenize(whole) == [token for piece in whole.lower().split() for token in tokenize(CleanText(piece))]


@given(TEXTS)
def test_tokens_are_encoded_as_their_text(texts: list[CleanText]) -> None:
    """What train learns from is what serve predicts on."""
    encoder = Encoder(PARAMETERS, VOCABULARY)
    from_texts, from_tokens = encoder.encode(texts), encoder.encode_tokens([tokenize(text) for text in texts])
    for name, array in from_texts.items():
        np.testing.assert_array_equal(array, from_tokens[name])


@given(st.text(max_size=60).map(clean))
def test_evidence_is_all_features_each_with_its_words(text: CleanText) -> None:
    tokens = tokenize(text)
    if tokens:
        encoder = Encoder(PARAMETERS, VOCABULARY)
        evidence = encoder.list_evidence(tokens)
        found = sorted(feature for item in evidence for feature in item.features.tolist())
        assert found == sorted(encoder.encode([text])["features"][0].tolist())
        for item in evidence:
            part = encoder.encode_tokens([[tokens[place] for place in item.words]])["features"][0]
            assert set(item.features.tolist()) <= set(part.tolist())


def test_what_is_kept_is_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_KEPT_PIECES", 10)
    encoder = Encoder(PARAMETERS, VOCABULARY)
    for number in range(100):
        text = clean(f"word{number} i love other{number}")
        np.testing.assert_array_equal(
            encoder.encode([text])["features"], Encoder(PARAMETERS, VOCABULARY).encode([text])["features"]
        )
        assert len(encoder._pieces) <= 10
        assert len(encoder._tokens) <= 10


def test_a_long_piece_is_read_and_not_kept() -> None:
    """Unique words of 10,000 characters would otherwise fill the memory long before their number did."""
    encoder = Encoder(PARAMETERS, VOCABULARY)
    assert encoder.encode([clean("x1" * 5000)])["words"].tolist() == [[UNKNOWN]]
    assert not encoder._pieces
    assert not encoder._tokens
