"""Step vectors: Word2Vec vectors of a corpus, and the corpus as integers."""

from libs.vectors.encoded import Encoded, Ragged, encode_tokens
from libs.vectors.word2vec import Vectors, train_vectors

__all__ = ["Encoded", "Ragged", "Vectors", "encode_tokens", "train_vectors"]
