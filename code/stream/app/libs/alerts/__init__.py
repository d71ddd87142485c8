"""Messages to a webhook: a topic's negative share jumps, a gap opens, or nothing arrives."""
