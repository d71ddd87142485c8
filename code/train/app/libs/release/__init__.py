"""Step publish: the release's files, its golden predictions, the gate, and the promotion."""
