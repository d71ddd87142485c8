"""fastText on a labelled text file: ``fasttext_peer.py TRAINING HELD_OUT`` prints accuracy and seconds as JSON.

Runs in an environment of its own, so that nothing of it reaches the product's pins. Lines are fastText's own form,
``__label__X tokens…``.
"""

from __future__ import annotations

import json
import sys
import time

import fasttext  # type: ignore[import-not-found, unused-ignore]


def main() -> None:
    """Train supervised with word pairs, as the published baselines do, and judge by the second file."""
    training, held_out = sys.argv[1:]
    began = time.monotonic()
    model = fasttext.train_supervised(
        training, wordNgrams=2, epoch=5, lr=0.3, dim=50, minCount=2, thread=2, verbose=0, seed=1
    )
    seconds = time.monotonic() - began
    count, right, _ = model.test(held_out)
    sys.stdout.write(json.dumps({"rows": count, "accuracy": right, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
