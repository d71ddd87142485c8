"""Print the version that is current in ``STORE_URL``, or nothing. Run in serve's environment, which can read any store."""

from __future__ import annotations

import os
import sys

from sentiment.errors import KeyMissingError, ReleaseError, SentimentError
from sentiment.release.promotion import read_current
from sentiment.release.publishing import read_manifest
from sentiment.store import open_store


def main() -> None:
    """Print and exit 0, or exit 1 with one line when the store cannot be read."""
    try:
        store = open_store(os.environ["STORE_URL"])
        found = read_current(store)
        if found is not None:
            print(read_manifest(store, found.current.version).version)
    except (KeyMissingError, ReleaseError) as error:
        # A release of another time (other cleaning rules, say) is none for this code: train a new one.
        print(error.detail, file=sys.stderr)
    except SentimentError as error:
        sys.exit(f"STORE_URL: {error.detail}")


if __name__ == "__main__":
    main()
