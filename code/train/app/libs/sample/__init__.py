"""The product's own sample corpus: synthetic posts about four invented brands, deterministic by seed."""

from libs.sample.csv_file import write_csv
from libs.sample.rows import Row, generate_replay_rows, generate_training_rows

__all__ = ["Row", "generate_replay_rows", "generate_training_rows", "write_csv"]
