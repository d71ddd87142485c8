"""Step clean: rows become corpora of cleaned texts, the held-out tenth set apart and the training rows chosen."""

from libs.corpus.clean import clean_corpora, clean_rows, split_corpora
from libs.corpus.corpora import CleanCounts, Corpora, Corpus, as_columns, require_enough, set_neutrals_apart
from libs.corpus.split import Split

__all__ = [
    "CleanCounts",
    "Corpora",
    "Corpus",
    "Split",
    "as_columns",
    "clean_corpora",
    "clean_rows",
    "require_enough",
    "set_neutrals_apart",
    "split_corpora",
]
