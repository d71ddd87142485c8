import csv
import gzip
import json
import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import emoji
import pytest

from libs.sample import Row, generate_replay_rows, generate_training_rows, write_csv
from libs.sample.grammar import PHRASE_BOOK, SYMBOL
from libs.sample.rows import (
    DATE_FORMAT,
    INCIDENT_BRAND,
    INCIDENT_TIME,
    REPLAY_END,
    REPLAY_SPAN,
    SNOWFLAKE_EPOCH,
    SNOWFLAKE_LOW_BITS,
)
from sentiment.text.cleaning import clean

# Of every row the defaults give. It moves only when somebody edits the phrases or the rules on purpose.
CONTENT_SHA256 = "c79c7c86727f9165856a6aa25ba89ca27d1ef8c7791a81356760fb510fb67641"

LINK = re.compile(r"https?://\S+")
EMOTICON = re.compile(
    r"(?<![\w.,£$€])[:;=8xX]['`]?[-o^~]?[)(\]\[}{dDpPoO0sS3/\\|*@$](?!\w)"  # :) ;-( =D 8) x( :'( :3 :/
    r"|(?:[)(\]\[]|(?<!\w)[dD])['`]?[-o^]?[:;=](?!\w)"  # (: ): D:
    r"|<[/\\]?3|[\^oOuUTt>\-.][_.][\^oOuUTt<\-](?!\w)|\\o/|¯|\bx[dD]\b|\bX[dDpP]\b",  # <3 </3 ^_^ o_O T_T \o/ xD
)
REAL_COMPANIES = re.compile(
    r"\b(united|delta|ryanair|easyjet|lufthansa|emirates|qantas|jetblue|southwest|iberia|apple|iphone|samsung|galaxy|"
    r"nokia|huawei|xiaomi|google|android|motorola|sony|starbucks|costa|nero|pret|dunkin|tim hortons|greggs|"
    r"mcdonalds?|hsbc|barclays|lloyds|natwest|santander|monzo|revolut|chase|citi|wells fargo|halifax|visa|mastercard|"
    r"paypal|amazon|facebook|instagram|twitter|tiktok|uber|netflix|spotify|tesla)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def training() -> list[Row]:
    return list(generate_training_rows())


@pytest.fixture(scope="module")
def replay() -> list[Row]:
    return list(generate_replay_rows())


def negative_share(rows: list[Row]) -> float:
    return sum(row.target == 0 for row in rows) / len(rows)


def test_the_corpus_is_the_same_on_every_machine(training, replay):
    content = json.dumps([training, replay], ensure_ascii=False).encode()
    assert sha256(content).hexdigest() == CONTENT_SHA256


def test_another_seed_writes_another_corpus(training):
    other = {row.text for row in generate_training_rows(2_000, seed=7)}
    assert len(other & {row.text for row in training}) < 200


def test_there_are_as_many_rows_as_asked_for(training, replay):
    assert len(training) == 24_000
    assert len(replay) == 3_000
    assert list(generate_training_rows(0)) == []
    assert len(list(generate_replay_rows(7))) == 7


@pytest.mark.parametrize("generate", [generate_training_rows, generate_replay_rows])
def test_a_negative_number_of_rows_is_refused_at_the_call(generate):
    with pytest.raises(ValueError, match="rows must be 0 or more, not -1"):
        generate(-1)


def test_hardly_any_text_repeats_after_cleaning(training):
    assert len({clean(row.text) for row in training}) >= 0.97 * len(training)


def test_no_replayed_text_was_ever_trained_on(replay):
    """Whatever the seed and the size of the training corpus, and also after cleaning took links and names away."""
    replayed = {clean(row.text).lower() for row in replay}
    for rows, seed in ((30_000, 2026), (6_000, 1)):
        assert replayed.isdisjoint(clean(row.text).lower() for row in generate_training_rows(rows, seed))


def test_both_labels_are_equally_common_in_training_for_every_brand(training):
    assert {row.target for row in training} == {0, 4}
    assert 0.48 < negative_share(training) < 0.52
    brands = Counter(row.flag for row in training)
    assert set(brands) == {"Aerquill", "Quorvex", "Mugwhistle", "Tarnwick"}
    for brand, rows in brands.items():
        assert rows > 0.2 * len(training)
        assert 0.46 < negative_share([row for row in training if row.flag == brand]) < 0.54


def test_texts_hold_no_emoji_and_no_emoticon(training, replay):
    for row in (*training, *replay):
        assert emoji.emoji_count(row.text) == 0, row.text
        assert not EMOTICON.search(LINK.sub("", row.text).replace("&amp;", "&")), row.text


@pytest.mark.parametrize(
    "text", ["ok :)", "no :-(", "so =D", "hm :/", "love <3", "haha xD", "sad :'(", "(: hi", "^_^", "o_O"]
)
def test_the_search_for_emoticons_finds_them(text):
    assert EMOTICON.search(text)


def test_no_real_company_is_spoken_of(training, replay):
    for row in (*training, *replay):
        assert not REAL_COMPANIES.search(row.text), row.text


def test_every_text_names_its_topic_and_fits_a_post(training, replay):
    for row in (*training, *replay):
        assert row.flag.lower() in row.text.lower()
        assert 10 <= len(row.text) <= 280
        assert clean(row.text)


def test_no_slot_of_the_grammar_is_left_open(training):
    """Every symbol that any phrase of any brand mentions is known, and none shows in a text."""
    book = json.loads(PHRASE_BOOK.read_text(encoding="utf-8"))
    for brand, own in book["brands"].items():
        rules = book["common"] | own
        mentioned = {symbol for texts in rules.values() for text in texts for symbol in SYMBOL.findall(text)}
        assert mentioned <= set(rules), brand
    assert not any(re.search(r"[{}]|  ", row.text) for row in training)


@pytest.mark.parametrize(
    "habit, at_least",
    [
        (r"(?<!\w)@\w", 0.2), (r"(?<!\w)#\w", 0.1), (r"https://", 0.04), (r"&amp;|&gt;|&#39;", 0.004), (r"^RT @\w+: ", 0.01),
        (r"^@\w+ ", 0.05), (r"^[^a-z]+$", 0.01), (r"^[^A-Z]+$", 0.15), (r"[^\x00-\x7f]", 0.05), (r"([aeioryt])\1\1", 0.005),
        (r"!!", 0.05), (r"\bnot\b|n't\b|\bnever\b|\bno\b", 0.2), (r"\bbut\b", 0.05), (r"\?", 0.03), (r"\b(u|ur|pls|tho|gonna|2day|thx|cos|abt|rly|nvr|ppl|mins|tmrw)\b", 0.02),
        (r"\d", 0.1), (r"^.{120,}", 0.03), (r"^.{1,40}$", 0.05),
    ],
)  # fmt: skip
def test_people_s_habits_of_writing_occur(training, habit, at_least):
    pattern = re.compile(habit)
    assert sum(bool(pattern.search(row.text)) for row in training) >= at_least * len(training)


def test_ids_dates_and_users_look_as_x_gives_them(training, replay):
    """Unique growing ids whose upper bits are the moment of the date; user names of X's alphabet and length."""
    rows = [*training, *replay]
    assert all(before.id < after.id for before, after in pairwise(rows))
    assert 0 < rows[0].id < rows[-1].id < 2**63
    for row in rows:
        moment = datetime.strptime(row.date, DATE_FORMAT).replace(tzinfo=UTC)
        from_id = SNOWFLAKE_EPOCH + timedelta(milliseconds=row.id >> SNOWFLAKE_LOW_BITS)
        assert timedelta(0) <= from_id - moment < timedelta(seconds=1)
        assert re.fullmatch(r"[A-Za-z0-9_]{1,15}", row.user)
    assert re.fullmatch(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC 2026", replay[0].date)


def test_the_replay_starts_where_the_training_ends(training, replay):
    starts = REPLAY_END - REPLAY_SPAN
    assert datetime.strptime(training[-1].date, DATE_FORMAT).replace(tzinfo=UTC) < starts
    assert starts <= datetime.strptime(replay[0].date, DATE_FORMAT).replace(tzinfo=UTC) < REPLAY_END


def test_one_brand_has_an_incident_and_recovers(replay):
    """Its negative share and its volume jump during the incident; the other brands go on as before."""
    start, end = (round(len(replay) * part) for part in INCIDENT_TIME)
    phases = replay[:start], replay[start:end], replay[end:]
    own = [[row for row in phase if row.flag == INCIDENT_BRAND] for phase in phases]
    before, during, after = map(negative_share, own)
    assert during > 0.7
    assert max(before, after) < 0.55
    assert len(own[1]) / len(phases[1]) > 2 * len(own[0]) / len(phases[0])
    others = [negative_share([row for row in phase if row.flag != INCIDENT_BRAND]) for phase in phases]
    assert max(others) - min(others) < 0.12


def naive_bayes_accuracy(training: list[Row], replay: list[Row], longest: int) -> float:
    """Share of `replay` that multinomial naive Bayes over 1- to `longest`-grams, smoothed by one, labels right."""

    def grams(text: str) -> list[str]:
        words = re.findall(r"[a-z0-9]+(?:'[a-z]+)?", clean(text).lower().replace("\u2019", "'"))
        return [" ".join(words[i : i + n]) for n in range(1, longest + 1) for i in range(len(words) - n + 1)]

    counts: dict[int, Counter[str]] = {0: Counter(), 4: Counter()}
    for row in training:
        counts[row.target].update(grams(row.text))
    vocabulary = counts[0].keys() | counts[4].keys()
    total = {target: sum(seen.values()) + len(vocabulary) for target, seen in counts.items()}
    bias = math.log(total[4] / total[0])
    right = 0
    for row in replay:
        odds = sum(math.log((counts[0][g] + 1) / (counts[4][g] + 1)) + bias for g in grams(row.text) if g in vocabulary)
        right += (odds > 0) == (row.target == 0)
    return right / len(replay)


def test_the_labels_can_be_learnt_but_not_perfectly_and_word_order_helps(training, replay):
    single_words = naive_bayes_accuracy(training, replay, longest=1)
    pairs_of_words = naive_bayes_accuracy(training, replay, longest=2)
    assert 0.75 < single_words < 0.85
    assert single_words + 0.03 < pairs_of_words < 0.93


def test_a_written_file_reads_back_as_sentiment140s_columns(tmp_path, replay):
    path = tmp_path / "made" / "on" / "demand" / "replay.csv.gz"
    assert write_csv(iter(replay), path) == len(replay)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        assert [Row(int(r[0]), int(r[1]), *r[2:]) for r in csv.reader(file)] == replay
    with gzip.open(path, "rt", encoding="utf-8") as file:
        assert re.match(r'"[04]","\d{19}","\w{3} \w{3} \d\d [\d:]{8} UTC 2026","\w+","\w+","', file.readline())


def test_the_same_rows_make_the_same_file(tmp_path, replay):
    for name in ("first.csv.gz", "second.csv.gz"):
        write_csv(replay[:100], tmp_path / name)
    assert (tmp_path / "first.csv.gz").read_bytes() == (tmp_path / "second.csv.gz").read_bytes()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, replay):
    def rows_until_the_power_fails():
        yield from replay[:50]
        raise OSError("no space left on device")

    path = tmp_path / "replay.csv.gz"
    write_csv(replay[:10], path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="no space left"):
        write_csv(rows_until_the_power_fails(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["replay.csv.gz"]
