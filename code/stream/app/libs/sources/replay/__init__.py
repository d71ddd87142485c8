"""A file of posts, read as if it were a live source."""

from libs.sources.replay.file import PostFile, choose_columns, inspect_file, make_tweet
from libs.sources.replay.source import ReplaySource

__all__ = ["PostFile", "ReplaySource", "choose_columns", "inspect_file", "make_tweet"]
