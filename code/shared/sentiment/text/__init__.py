"""From a raw text to the arrays that the network takes: cleaning, tokens, encoding, batches."""
