"""Step clean: rows become corpora of cleaned texts, the held-out tenth set apart and the training rows chosen."""
