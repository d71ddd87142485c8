"""What stands after the ``#`` of a file's address."""

from __future__ import annotations

import pytest

from sentiment.errors import ConfigurationError
from sentiment.labelled.options import FileOptions, parse_options


def test_columns_labels_and_encoding_are_read() -> None:
    assert parse_options("text=my+words&lang=tongue&negative=1,2&positive=5&encoding=latin-1") == FileOptions(
        columns={"text": "my words", "lang": "tongue"},
        label_values={"NEGATIVE": ("1", "2"), "POSITIVE": ("5",)},
        encoding="latin-1",
    )


def test_nothing_said_is_utf_8_unless_the_caller_knows_better() -> None:
    assert parse_options("") == FileOptions(encoding="utf-8")
    assert parse_options("text=&encoding=", encoding="latin-1") == FileOptions(encoding="latin-1")


@pytest.mark.parametrize("fragment", ["colour=red", "text=body&Label=x", "words", "rate=50"])
def test_an_unknown_option_is_refused_with_those_that_are_known(fragment: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_options(fragment)
    assert "date, encoding, id, label, lang, negative, neutral, positive, text, topic, user" in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize("name", ["klingon", "utf-16", "utf-32", "base64", "rot13", "cp037", "a\0b", "ü"])
def test_an_encoding_must_be_known_and_extend_ascii(name: str) -> None:
    with pytest.raises(ConfigurationError, match="latin-1"):
        parse_options(f"encoding={name}")


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf-8-sig", "latin-1", "cp1252", "shift_jis", "koi8-r"])
def test_encodings_that_extend_ascii_are_known(name: str) -> None:
    assert parse_options(f"encoding={name}").encoding == name
