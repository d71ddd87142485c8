"""serve's two colours: deploy the idle one, move the Service to it once it has proved itself, and back with one command.

The Service "serve" says which colour is live. Before the first switch it selects a colour that no pod has, so that nothing
is reached that was not tested. A switch is one write, and only if the Service is still as it was read: two jobs at once
cannot both win. The colour that a person or job went back from is noted on the Service, and only a new deploy clears it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from typing import Any, Final

from deploy.pipelines.cluster import apply_manifest, run_kubectl, wait_for_rollout
from deploy.pipelines.failure import JobFailedError
from develop.places import CODE

MANIFEST: Final = CODE / "serve" / "build" / "manifest_app.yaml"
COLOURS: Final = ("blue", "green")
NOBODY: Final = "none"
_LEAST_PODS: Final = 3  # the autoscaler's least
_ROLLOUT_SECONDS: Final = 600
_REFUSED: Final = "refused-colour"
_IMAGE: Final = re.compile(r"(?m)^(\s*(?:- )?image: )registry\.example\.com/sentiment/serve:0\.0\.0$")
_COLOUR: Final = re.compile(r"\bserve-blue\b|\bcolour: blue\b")


def render(image: str, colour: str, reached: str) -> str:
    """Return serve's manifest with ``image`` in ``colour``, and the Service at the colour that callers reach.

    Text, not YAML, so that a job needs nothing beside Python; ``JobFailedError`` when the manifest has another shape.
    """
    documents = MANIFEST.read_text(encoding="utf-8").split("\n---\n")
    services = [number for number, text in enumerate(documents) if "\nkind: Service\n" in text]
    images = sum(len(_IMAGE.findall(text)) for text in documents)
    if len(services) != 1 or images != 1:
        raise JobFailedError(
            f"{MANIFEST.name} should hold one Service and one image, and holds {len(services)} and {images}"
        )
    documents = [
        _paint(text, reached if number in services else colour, image) for number, text in enumerate(documents)
    ]
    return "\n---\n".join(documents)


def deploy(image: str) -> str:
    """Run ``image`` in the idle colour with as many pods as the live one has, and return that colour once all are ready."""
    reached = live()
    colour = _other(reached)
    pods = max(_LEAST_PODS, _count_pods(reached))
    apply_manifest(render(image, colour, reached))
    for service in _read_services():
        if _refused_colour(service):
            _patch(service, {"metadata": {"annotations": {_REFUSED: None}}})
    _start(colour, pods)
    return colour


def switch() -> str:
    """Move the Service to the idle colour, whose pods must all be ready, and return it."""
    colour = idle()
    _require_trust(colour)
    pods, ready = _read_pods(colour)
    if not pods or ready < pods:
        raise JobFailedError(f"{colour} has {ready} of {pods} pods ready: deploy it first; nothing was switched")
    _move(colour, {})
    return colour


def back() -> str:
    """Move the Service back to the colour that was live before, starting its pods if they were retired, and return it."""
    reached = live()
    before = _other(reached)
    if reached == NOBODY or not _exists(before):
        raise JobFailedError(f"no colour was live before {reached}: there is nothing to go back to")
    _require_trust(before)
    pods, ready = _read_pods(before)
    if not pods or ready < pods:
        _start(before, max(_LEAST_PODS, _count_pods(reached)))
    _move(before, {_REFUSED: reached})
    return before


def retire() -> str:
    """Stop the idle colour's pods, when nobody wants to go back any more, and return that colour."""
    colour = idle()
    run_kubectl("scale", f"deployment/serve-{colour}", "--replicas=0")
    return colour


def live() -> str:
    """Return the colour that callers reach, or ``none``."""
    return next((_colour(service) for service in _read_services() if service["metadata"]["name"] == "serve"), NOBODY)


def idle() -> str:
    """Return the colour that ``deploy`` and ``switch`` work on."""
    return _other(live())


def _other(colour: str) -> str:
    return COLOURS[1] if colour == COLOURS[0] else COLOURS[0]


def _paint(text: str, colour: str, image: str) -> str:
    painted = _COLOUR.sub(lambda found: found[0].replace("blue", colour), text)
    return _IMAGE.sub(lambda found: f"{found[1]}{image}", painted)


def _read_services() -> list[dict[str, Any]]:
    """Return the Services that follow the live colour: "serve", and a load balancer where there is one."""
    found = json.loads(run_kubectl("get", "services", "--selector=app.kubernetes.io/name=serve", "--output=json"))
    return [item for item in found["items"] if _colour(item)]


def _colour(service: dict[str, Any]) -> str:
    return str(service["spec"].get("selector", {}).get("colour", ""))


def _refused_colour(service: dict[str, Any]) -> str:
    return str(service["metadata"].get("annotations", {}).get(_REFUSED, ""))


def _require_trust(colour: str) -> None:
    if colour in {_refused_colour(service) for service in _read_services()}:
        raise JobFailedError(f"{colour} was live and went back: deploy a new image before it is live again")


def _move(colour: str, annotations: dict[str, str]) -> None:
    for service in sorted(_read_services(), key=lambda service: service["metadata"]["name"] != "serve"):
        _patch(service, {"metadata": {"annotations": annotations}, "spec": {"selector": {"colour": colour}}})


def _patch(service: dict[str, Any], change: dict[str, Any]) -> None:
    # With the version that was read, the API server refuses the write if anybody changed the Service in between.
    metadata = {"resourceVersion": service["metadata"]["resourceVersion"], **change.pop("metadata")}
    patch = json.dumps({"metadata": metadata, **change})
    run_kubectl("patch", "service", service["metadata"]["name"], "--type=merge", f"--patch={patch}")


def _exists(colour: str) -> bool:
    return bool(run_kubectl("get", f"deployment/serve-{colour}", "--ignore-not-found", "--output=name").strip())


def _start(colour: str, pods: int) -> None:
    run_kubectl("scale", f"deployment/serve-{colour}", f"--replicas={pods}")
    wait_for_rollout(f"deployment/serve-{colour}", _ROLLOUT_SECONDS)


def _count_pods(colour: str) -> int:
    return _read_pods(colour)[0] if colour != NOBODY else 0


def _read_pods(colour: str) -> tuple[int, int]:
    """Return how many pods a colour should have, and how many of those of its newest revision are ready."""
    text = run_kubectl("get", f"deployment/serve-{colour}", "--ignore-not-found", "--output=json")
    if not text.strip():
        return 0, 0
    found = json.loads(text)
    status = found.get("status", {})
    current = status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
    ready = min(status.get("updatedReplicas", 0), status.get("availableReplicas", 0)) if current else 0
    return int(found["spec"].get("replicas", 1)), int(ready)


def main() -> int:
    """Do what the command line asks and print the colour; 1 with one line when it cannot be done."""
    verbs: dict[str, Callable[[], str]] = {"live": live, "idle": idle, "switch": switch, "back": back, "retire": retire}
    parser = argparse.ArgumentParser(
        prog="deploy.pipelines.colours", description="Deploy and switch serve's two colours."
    )
    parser.add_argument("verb", choices=["deploy", *verbs])
    parser.add_argument("image", nargs="?", help="for deploy: the image with its tag")
    choice = parser.parse_args()
    if (choice.verb == "deploy") != bool(choice.image):
        parser.error("deploy, and only deploy, takes an image")
    try:
        print(deploy(choice.image) if choice.image else verbs[choice.verb]())
    except JobFailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
