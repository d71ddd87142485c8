"""Step vectors: Word2Vec vectors of a corpus, and the corpus as integers."""
