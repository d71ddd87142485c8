"""The live page at /, and the summaries that it and the API show."""
