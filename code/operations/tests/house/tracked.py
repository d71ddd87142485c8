"""The files that a clone has: what git tracks, or in a developer's tree what it would."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
APPS = ("train", "serve", "stream")


def list_tracked(pattern="*"):
    """Return paths relative to the clone, as git's glob matches them."""
    words = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern]
    found = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in found if (ROOT / path).is_file()]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")
