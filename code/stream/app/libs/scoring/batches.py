"""clean → predict for one round: from spool entries to what is scored, and from serve's answers to what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from libs.scoring.answers import RefusedText, ScoredText
from libs.spool.interface import Parcel
from libs.values.result import Result, ResultBatch, Skipped
from libs.values.times import now
from libs.values.tweet import DeadLetter, Gap, Removal, Tweet, bury_tweet, derive_id
from sentiment.errors import SentimentError
from sentiment.text.cleaning import CleanText, clean

_UNDETERMINED = frozenset({"", "und"})  # X says "und" where a text is too short to tell


@dataclass(frozen=True)
class SortedEntries:
    """One round's entries, sorted by what is to be done with them."""

    tweets: list[Tweet] = field(default_factory=list)
    foreign: list[Tweet] = field(default_factory=list)
    """Posts in languages that are counted, not scored."""
    removals: list[Removal] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def clean_texts(self) -> list[CleanText]:
        """Return the text of each tweet to be scored, cleaned."""
        return [clean(tweet.text) for tweet in self.tweets]


def sort_entries(parcels: Iterable[Parcel], languages: frozenset[str]) -> SortedEntries:
    """Sort the entries of parcels; ``languages`` are those that are scored, empty for all."""
    entries = SortedEntries()
    for parcel in parcels:
        if parcel.damaged:
            entries.dead_letters.append(_bury_parcel(parcel))
        for entry in parcel.entries:
            match entry:
                case Tweet():
                    _sort_tweet(entry, languages, entries)
                case Removal():
                    entries.removals.append(entry)
                case Gap():
                    entries.gaps.append(entry)
                case DeadLetter():
                    entries.dead_letters.append(entry)
    return entries


def score_entries(
    entries: SortedEntries, predict: Callable[[Sequence[CleanText]], list[ScoredText | RefusedText]], batch_size: int
) -> ResultBatch:
    """Clean the posts, have them predicted, at most ``batch_size`` texts at a time, and return what is to be stored."""
    texts = entries.clean_texts()
    starts = range(0, len(texts), batch_size)
    answers = [answer for start in starts for answer in predict(texts[start : start + batch_size])]
    return build_batch(entries, texts, answers)


def build_batch(
    entries: SortedEntries, texts: Sequence[CleanText], answers: Sequence[ScoredText | RefusedText]
) -> ResultBatch:
    """Join tweets with their predictions; refused ones become dead letters."""
    moment = now()
    scored: list[Tweet] = []
    results, letters = {}, list(entries.dead_letters)
    newest: dict[str, Tweet] = {}
    for tweet, text, answer in zip(entries.tweets, texts, answers, strict=True):
        if isinstance(answer, RefusedText):
            letters.append(bury_tweet(tweet, answer.code, answer.detail, moment))
            continue
        scored.append(tweet)
        # A source that repeats itself can bring a version after the one that followed it.
        if tweet.id not in newest or tweet.revision >= newest[tweet.id].revision:
            newest[tweet.id] = tweet
            results[tweet.id] = _make_result(tweet, text, answer, moment)
    return ResultBatch(
        results=list(results.values()),
        removals=[
            *entries.removals,
            *(removal for tweet in entries.tweets for removal in _removals_of(tweet) if removal.id != tweet.id),
            *(removal for tweet in entries.foreign for removal in _removals_of(tweet)),
        ],
        gaps=entries.gaps,
        dead_letters=letters,
        skipped=[Skipped(tweet.id, tweet.lang, tweet.posted_at) for tweet in entries.foreign],
        buried=[tweet.dead_letter for tweet in [*scored, *entries.foreign] if tweet.dead_letter],
        revisions={tweet.id: tweet.revision for tweet in newest.values() if tweet.revision},
        edited=frozenset(tweet.id for tweet in newest.values() if tweet.id in tweet.replaces),
    )


def bury_result(batch: ResultBatch, entries: SortedEntries, error: SentimentError) -> ResultBatch:
    """Turn a batch with one result, which the store refuses, into one with its dead letter instead."""
    tweet = next(tweet for tweet in entries.tweets if tweet.id == batch.results[0].id)
    return replace(
        batch, results=(), dead_letters=[*batch.dead_letters, bury_tweet(tweet, error.code, error.detail, now())]
    )


def _sort_tweet(tweet: Tweet, languages: frozenset[str], entries: SortedEntries) -> None:
    primary = tweet.lang.split("-", 1)[0].lower()
    scored = not languages or primary in _UNDETERMINED or primary in languages
    (entries.tweets if scored else entries.foreign).append(tweet)


def _make_result(tweet: Tweet, text: CleanText, scored: ScoredText, moment: str) -> Result:
    return Result(
        id=tweet.id,
        user=tweet.user,
        sentiment=scored.label,
        score=scored.score,
        twitter_raw=tweet.text,
        twitter_clean=text,
        data=tweet.posted_at,
        source=tweet.source,
        topics=tweet.topics,
        lang=tweet.lang,
        model_version=scored.model_version,
        analyzed_at=moment,
    )


def _removals_of(tweet: Tweet) -> list[Removal]:
    return [Removal(earlier, tweet.posted_at, "edited", tweet.revision) for earlier in tweet.replaces]


def _bury_parcel(parcel: Parcel) -> DeadLetter:
    letter = derive_id("parcel", parcel.handle)
    return DeadLetter(letter, "spool", f"parcel {parcel.handle}", "bad_parcel", "unreadable", parcel.damaged, now())
