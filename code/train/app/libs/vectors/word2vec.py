"""Word vectors from the corpus itself: gensim's Word2Vec (Mikolov et al. 2013). The only module that imports gensim."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from libs.corpus import Corpora
from libs.values.recipe import Recipe
from sentiment.errors import PermanentError
from sentiment.text.encoding import SPECIAL_WORDS

logger = logging.getLogger(__name__)

_THREADS: Final = 1  # two race, and one seed then gives another model each time


@dataclass(frozen=True)
class Vectors:
    """Word vectors: ``matrix`` is float32 [words, size] in the order of ``words``, of which the first two are special."""

    words: list[str]
    matrix: NDArray[np.float32]


def train_vectors(
    corpora: Corpora, recipe: Recipe, folder: Path, report: Callable[[float], None] = lambda _: None
) -> Vectors:
    """Train Word2Vec on every corpus' chosen rows; ``report`` gets the fraction done.

    The unknown word's vector is the mean of all others, padding's is zero. One seed gives the same vectors again.
    Raises ``PermanentError("too_few_words")`` when no word occurs often enough.
    """
    from gensim.models import Word2Vec

    chosen = zip(corpora.all, corpora.splits, strict=True)
    texts = (corpus.tokens[row] for corpus, split in chosen for row in split.chosen)
    lines = _write_lines(texts, folder / "tokens.txt")
    model = Word2Vec(
        vector_size=recipe.vector_size,
        window=recipe.vector_window,
        min_count=recipe.least_word_count,
        max_final_vocab=recipe.most_words,
        seed=recipe.seed,
        workers=_THREADS,
        compute_loss=False,
    )
    model.build_vocab(corpus_file=str(lines))
    if not len(model.wv):
        raise PermanentError(
            f"no word occurs {recipe.least_word_count} times: lower least_word_count, or give more texts",
            code="too_few_words",
        )
    model.train(
        corpus_file=str(lines),
        total_words=model.corpus_total_words,
        total_examples=model.corpus_count,
        epochs=recipe.vector_epochs,
        callbacks=[_make_listener(recipe.vector_epochs, report)],
    )
    logger.info("trained vectors", extra={"words": len(model.wv), "size": recipe.vector_size})
    return _with_special_words(model.wv.index_to_key, model.wv.vectors)


def _write_lines(texts: Iterable[Sequence[str]], path: Path) -> Path:
    # gensim's corpus_file reads the file in C; an iterator of Python would be slower.
    with path.open("w", encoding="utf-8") as file:
        file.writelines(" ".join(tokens) + "\n" for tokens in texts if tokens)
    return path


def _make_listener(epochs: int, report: Callable[[float], None]) -> Any:
    from gensim.models.callbacks import CallbackAny2Vec

    class Listener(CallbackAny2Vec):  # type: ignore[misc]
        done = 0

        def on_epoch_end(self, _model: Any) -> None:
            self.done += 1
            report(self.done / epochs)

    return Listener()


def _with_special_words(words: Sequence[str], matrix: NDArray[np.float32]) -> Vectors:
    special = np.stack([np.zeros(matrix.shape[1], dtype=np.float32), matrix.mean(axis=0)])
    return Vectors([*SPECIAL_WORDS, *words], np.concatenate([special, matrix]).astype(np.float32))
