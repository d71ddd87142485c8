"""The cluster, through kubectl: the GitLab agent's context, or the kubeconfig of a file variable."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

from deploy.pipelines.failure import JobFailedError

_NAMESPACE: Final = "sentiment"
_FORWARDING: Final = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ->")


def kubectl_words() -> list[str]:
    """Return kubectl with its context and namespace (KUBE_CONTEXT, KUBE_NAMESPACE).

    Raises ``JobFailedError`` when the job was given neither an agent nor a kubeconfig: kubectl would then quietly ask
    whatever listens on this machine.
    """
    context, namespace = os.environ.get("KUBE_CONTEXT", ""), os.environ.get("KUBE_NAMESPACE") or _NAMESPACE
    if not context and not os.environ.get("KUBECONFIG"):
        raise JobFailedError(
            "no cluster: set KUBE_CONTEXT to the GitLab agent (group/project:agent), or KUBECONFIG as a variable of type file"
        )
    return ["kubectl", *([f"--context={context}"] if context else []), f"--namespace={namespace}"]


def run_kubectl(*words: str, text: str = "") -> str:
    """Return what kubectl printed, its input being ``text``; ``JobFailedError`` with its complaint when it fails."""
    answer = subprocess.run([*kubectl_words(), *words], input=text, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise JobFailedError(f"kubectl {' '.join(words)}: {answer.stderr.strip()}")
    return answer.stdout


def apply_manifest(text: str) -> None:
    """Make the cluster as the manifest ``text`` has it; fields that it leaves out stay with whoever set them."""
    words = ("apply", "--server-side", "--force-conflicts", "--field-manager=sentiment-pipeline", "--filename=-")
    print(run_kubectl(*words, text=text), end="", file=sys.stderr, flush=True)


def wait_for_rollout(name: str, seconds: int) -> None:
    """Return when every pod of ``name`` (kind/name) runs and is ready; ``JobFailedError`` after ``seconds``."""
    print(run_kubectl("rollout", "status", name, f"--timeout={seconds}s"), end="", flush=True)


@contextmanager
def forward(target: str, port: int) -> Iterator[str]:
    """Yield the address on this machine that leads to ``port`` of ``target`` (kind/name) in the cluster."""
    words = [*kubectl_words(), "port-forward", "--address=127.0.0.1", target, f":{port}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines = process.stdout or ()
        # It writes a line for every connection: a pipe that nobody empties would block it.
        emptying = Thread(target=lambda: [None for _ in lines], daemon=True)
        try:
            line = next(iter(lines), "")
            found = _FORWARDING.match(line)
            if found is None:
                raise JobFailedError(f"kubectl port-forward {target}: {line.strip() or 'it said nothing'}")
            emptying.start()
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            process.terminate()
            if emptying.is_alive():
                emptying.join(10)
