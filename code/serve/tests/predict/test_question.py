"""Every way to ask wrongly has its own code, and one wrong row harms no other."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.predict.question import LONGEST_TEXT, MOST_TEXTS, read_question
from sentiment.errors import PermanentError

pytestmark = pytest.mark.smoke
JSON = "application/json"


def refuse(mimetype: str, body: bytes) -> str:
    with pytest.raises(PermanentError) as refusal:
        read_question(mimetype, body)
    return refusal.value.code


@pytest.mark.parametrize(("body", "code"), [
    (b"", "not_json"), (b"{", "not_json"), (b'{"text": NaN}', "not_json"), (b"\xff\xfe", "not_json"),
    (b'{"text": "\\ud8', "not_json"), (b"[" * 200_000, "not_json"),
    (b"null", "text_missing"), (b"[]", "text_missing"), (b'"text"', "text_missing"), (b"{}", "text_missing"),
    (b'{"Text": "x"}', "text_missing"),
    (b'{"text": null}', "text_not_string"), (b'{"text": 1}', "text_not_string"), (b'{"text": ["x"]}', "text_not_string"),
    (b'{"texts": "x"}', "text_not_string"), (b'{"texts": null}', "text_not_string"),
    (b'{"text": "x", "texts": []}', "text_and_texts"), (b'{"text": 1, "texts": 1}', "text_and_texts"),
])  # fmt: skip
def test_a_wrong_body_is_refused_with_its_code(body: bytes, code: str) -> None:
    assert refuse(JSON, body) == code


@pytest.mark.parametrize(
    "mimetype", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml", "text/json"]
)
def test_what_does_not_say_it_is_json_is_not_read(mimetype: str) -> None:
    assert refuse(mimetype, b'{"text": "x"}') == "not_json_type"


@pytest.mark.parametrize("mimetype", [JSON, "application/vnd.api+json"])
def test_json_under_another_name_is_json(mimetype: str) -> None:
    assert read_question(mimetype, b'{"text": "x"}').rows == ("x",)


def test_a_text_may_have_ten_thousand_characters_however_many_bytes_they_take() -> None:
    longest = "😀" * LONGEST_TEXT
    assert read_question(JSON, orjson.dumps({"text": longest})).rows == (longest,)
    assert refuse(JSON, orjson.dumps({"text": longest + "x"})) == "text_too_long"


def test_empty_text_is_a_text_and_no_texts_are_a_batch() -> None:
    assert read_question(JSON, b'{"text": ""}').rows == ("",)
    assert read_question(JSON, b'{"texts": []}') == ([], True)


def test_a_batch_may_have_1024_texts() -> None:
    assert len(read_question(JSON, orjson.dumps({"texts": ["x"] * MOST_TEXTS})).rows) == MOST_TEXTS
    assert refuse(JSON, orjson.dumps({"texts": ["x"] * (MOST_TEXTS + 1)})) == "too_many_texts"


def test_wrong_rows_keep_their_place() -> None:
    question = read_question(JSON, orjson.dumps({"texts": ["a", 1, "b", "x" * (LONGEST_TEXT + 1), None, "c"]}))
    assert question.texts == ["a", "b", "c"]
    codes = [row.code if isinstance(row, PermanentError) else row for row in question.rows]
    assert codes == ["a", "text_not_string", "b", "text_too_long", "text_not_string", "c"]


def test_half_an_emoji_in_one_row_costs_its_neighbours_nothing() -> None:
    assert read_question(JSON, b'{"texts": ["good", "cut \\ud83d", "bad"]}').texts == ["good", "cut \ud83d", "bad"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["text", "texts", "x"]) | st.text(), inner),
    )
)
def test_any_json_is_either_a_question_or_a_named_refusal(asked: Any) -> None:
    named = {"text_missing", "text_not_string", "text_too_long", "too_many_texts", "text_and_texts"}
    try:
        question = read_question(JSON, orjson.dumps(asked))
    except PermanentError as error:
        if error.code not in named:
            raise
    else:
        assert question.batch == ("texts" in asked)
        assert len(question.rows) == (len(asked["texts"]) if question.batch else 1)
