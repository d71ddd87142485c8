"""Experiments beside the runs: recipes compared, hyperparameters searched, runs tracked, the pipeline step by step."""
