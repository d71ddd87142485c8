"""The README's examples: each shell block that calls curl, with the answer shown below it."""

import json
import re
import subprocess

EXAMPLE = re.compile(r"```sh\n(curl .+?)```\n```json\n(.+?)```", re.DOTALL)


def read_examples(readme):
    """Return pairs of a curl command and the JSON value that it is said to answer."""
    return [(command.strip(), json.loads(answer)) for command, answer in EXAMPLE.findall(readme)]


def run_example(command, ports):
    """Run the command against the test's ports instead of the usual ones and return the JSON value it answers."""
    for usual, port in ports.items():
        command = command.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{port}")
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    return json.loads(answer.stdout)


def has_shape_of(found, shown):
    """Tell whether ``found`` has all that is ``shown``: the same keys and kinds, in lists entry by entry."""
    if isinstance(shown, dict):
        return isinstance(found, dict) and all(key in found and has_shape_of(found[key], shown[key]) for key in shown)
    if isinstance(shown, list):
        same_length = isinstance(found, list) and len(found) >= len(shown)
        return same_length and all(has_shape_of(*pair) for pair in zip(found, shown, strict=False))
    if isinstance(shown, float):
        return isinstance(found, float | int)
    return isinstance(found, type(shown))
