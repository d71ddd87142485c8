"""Which metrics the apps expose, asked of the apps themselves, and which an expression names."""

import re
import subprocess
from functools import cache

from develop.places import app_folder, python_of

MODULES = {"train": "libs.service.metrics", "serve": "libs.service.metrics", "stream": "libs.service.metrics"}
OWN = re.compile(r"\b(?:sentiment|stream|train)_[a-z0-9_]+")
LABELS = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"")
LIST = """
import importlib, sys
module = importlib.import_module(sys.argv[1])
for described in getattr(module, "DESCRIBED", ()):
    print(described.name, *described.labels)
from prometheus_client import REGISTRY
for name in list(REGISTRY._names_to_collectors):
    print(name, *getattr(REGISTRY._names_to_collectors[name], "_labelnames", ()))
"""


@cache
def list_metrics():
    """Return every series' name with its labels."""
    found = {}
    for app, module in MODULES.items():
        words = [python_of(app), "-c", LIST, module]
        answer = subprocess.run(words, cwd=app_folder(app), capture_output=True, text=True, check=True)
        for line in answer.stdout.splitlines():
            name, *labels = line.split()
            found[name] = set(labels) | ({"le"} if name.endswith("_bucket") else set())
    return found


def names_in(expression):
    """Return the product's own metrics that an expression names."""
    return set(OWN.findall(re.sub(r'"[^"]*"', '""', expression)))
