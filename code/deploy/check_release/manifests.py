"""Manifests: the schemas of recent Kubernetes versions and this product's own rules, for every file and both colours of serve."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.check_release.fact import Fact
from deploy.check_release.parts import Parts
from deploy.check_release.policies import POLICIES
from deploy.pipelines import colours
from develop.places import APPS, CODE, ENVIRONMENTS

PARTS: Final = Parts()
VERSIONS: Final = ("1.31", "1.34", "1.37")
"""The oldest and newest that clusters are expected to run, and one between."""
_KUBERNETES: Final = CODE / "deploy" / "kubernetes"
_IMAGE: Final = "registry.example.com/sentiment/serve:1.2.3"
# Rules about what belongs together: other files, and serve's other colour, are whole only beside an app's manifest.
_PARTIAL: Final = frozenset({"require_network_policy", "require_matching_selectors"})


class _Strict(yaml.SafeLoader):  # type: ignore[misc]
    """YAML in which a key that is given twice is an error: Kubernetes would silently take the second."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the library's
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"given twice: {', '.join(twice)}", node.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def read_manifest(text: str) -> list[dict[str, Any]]:
    """Return a manifest's documents; ``yaml.YAMLError`` for a key that is given twice."""
    return list(yaml.load_all(text, Loader=_Strict))


def list_manifests() -> dict[str, str]:
    """Return the text of everything that is applied to a cluster, by a name for people."""
    apps = {f"{app}'s manifest": CODE / app / "build" / "manifest_app.yaml" for app in APPS}
    others = {path.name: path for path in sorted(_KUBERNETES.glob("*.yaml"))}
    texts = {name: path.read_text(encoding="utf-8") for name, path in {**apps, **others}.items()}
    return {**texts, "serve's manifest, rendered green": colours.render(_IMAGE, "green", "blue")}


def check_manifests(folder: Path) -> Iterator[Fact]:
    """Yield a fact for each file and version, and for each rule."""
    texts = list_manifests()
    for version in VERSIONS:
        yield from (validate(name, text, version, folder) for name, text in texts.items())
    for rule, broken in find_broken(texts).items():
        yield Fact(f"every manifest keeps the rule {rule}", not broken, "; ".join(broken))


def validate(name: str, text: str, version: str, folder: Path) -> Fact:
    """Validate one file, strictly: what is unknown is an error, and so is a warning."""
    path = folder / f"{name.replace(' ', '-')}.yaml"
    path.write_text(text, encoding="utf-8")
    program = ENVIRONMENTS / "tools" / "bin" / "kubernetes-validate"
    words: list[str | Path] = [program, "--kubernetes-version", version, "--strict", path]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    said = (answer.stdout + answer.stderr).splitlines()
    trouble = [line for line in said if not line.startswith("INFO")]
    counted = len(said) - len(trouble) == len(read_manifest(text))
    return Fact(
        f"{name} is valid for Kubernetes {version}",
        answer.returncode == 0 and not trouble and counted,
        "\n".join(trouble),
    )


def find_broken(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what breaks each rule, over all files."""
    broken: dict[str, list[str]] = {rule: [] for rule in POLICIES}
    for name, text in texts.items():
        for rule, check in POLICIES.items():
            if name.endswith("manifest") or rule not in _PARTIAL:
                broken[rule] += [f"{name}: {line}" for line in check(read_manifest(text))]
    return broken
