"""`make images`: the architecture drawn from text, and photographs of the pages of a running demo."""
