"""GitLab's rules, as far as these pipelines use them: which jobs a pipeline with given variables has.

Source: https://docs.gitlab.com/ci/yaml/#rules and https://docs.gitlab.com/ci/jobs/job_rules/ (conditions with ==, !=, =~,
&& and ||; the first rule that applies decides; ``changes`` is true for every tag). What is not known here is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from typing import Any, Final

from yaml import safe_load

from develop.places import ROOT

Variables = Mapping[str, str | None]

_TERM: Final = re.compile(r'\$(\w+)(?:\s*(==|!=|=~)\s*(?:"([^"]*)"|/((?:[^/\\]|\\.)*)/|\$(\w+)))?')


def load_pipeline() -> dict[str, Any]:
    """Return the root pipeline with what it includes, each job with what it extends."""
    root = safe_load((ROOT / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    for entry in root.pop("include"):
        root = merge(safe_load((ROOT / entry["local"]).read_text(encoding="utf-8")), root)
    return {name: _extend(root, name) if isinstance(part, dict) else part for name, part in root.items()}


def list_jobs(pipeline: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the jobs of a pipeline by name."""
    return {
        name: part for name, part in pipeline.items() if isinstance(part, dict) and "script" in part and name[0] != "."
    }


def choose_jobs(pipeline: Mapping[str, Any], given: Variables, changed: Sequence[str] = ()) -> frozenset[str]:
    """Return the names of the jobs that GitLab starts; ``changed`` are the files that a push changed."""
    defaults = {
        name: value["value"] if isinstance(value, dict) else str(value) for name, value in pipeline["variables"].items()
    }
    variables = {"CI_DEFAULT_BRANCH": "main", "CI_PIPELINE_SOURCE": "push", **defaults, **given}
    if not _applies(pipeline["workflow"]["rules"], variables, changed):
        return frozenset()
    return frozenset(name for name, job in list_jobs(pipeline).items() if _applies(job["rules"], variables, changed))


def merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``first`` with ``second`` over it: mappings key by key, anything else whole, as ``extends`` does it."""
    merged = dict(first)
    for name, value in second.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = merge(merged[name], value) if both else value
    return merged


def _extend(pipeline: Mapping[str, Any], name: str) -> dict[str, Any]:
    job = dict(pipeline[name])
    parents = job.pop("extends", [])
    extended: dict[str, Any] = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        extended = merge(extended, _extend(pipeline, parent))
    return merge(extended, job)


def _applies(rules: Sequence[Mapping[str, Any]], variables: Variables, changed: Sequence[str]) -> bool:
    for rule in rules:
        unknown = set(rule) - {"if", "changes", "when", "variables"}
        if unknown:
            raise ValueError(f"rules with {unknown} are not known here")
        by_name = any(fnmatch(path, pattern) for path in changed for pattern in rule.get("changes", []))
        matches = "changes" not in rule or bool(variables.get("CI_COMMIT_TAG")) or by_name
        if matches and _holds(rule.get("if", ""), variables):
            return rule.get("when") != "never"
    return False


def _holds(condition: str, variables: Variables) -> bool:
    if not condition:
        return True
    return any(all(_holds_term(term.strip(), variables) for term in part.split("&&")) for part in condition.split("||"))


def _holds_term(term: str, variables: Variables) -> bool:
    found = _TERM.fullmatch(term)
    if found is None:
        raise ValueError(f"the condition '{term}' is not known here")
    name, operator, text, pattern, other = found.groups()
    value = variables.get(name)
    if operator is None:
        return bool(value)
    if operator == "=~":
        return value is not None and re.search(pattern, value) is not None
    wanted = variables.get(other) if other else text
    return (value == wanted) is (operator == "==")
