"""One app's release, rehearsed: `make release` in a clone, the tag pushed, and the tag's jobs run up to the cluster's door."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET  # nosec B405

from deploy.check_release.clones import git, set_identity
from deploy.check_release.containers import Workshop
from deploy.check_release.expected import REHEARSED
from deploy.check_release.fact import Fact
from deploy.check_release.gitlab import Run, run_jobs
from deploy.check_release.rules import load_pipeline
from develop.demo.addresses import ask
from develop.places import LOCAL, python_of
from develop.release import release

VERSION: Final = "1000.0.0"  # newer than whatever was released
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def rehearse_release(workshop: Workshop, clone: Path, app: str) -> Iterator[Fact]:
    """Yield what each job of the tag came to, and whether it did its work."""
    tag = _make_tag(clone, app)
    jobs = ["release:tag", *(f"{app}:{job}" for job in REHEARSED)]
    _bring_programs(clone)
    started = time.monotonic()
    run = run_jobs(clone, jobs, {**workshop.list_settings(), **_describe_pipeline(workshop, tag)})
    for job in jobs:
        passed = run.verdicts.get(job) == "PASS"
        yield Fact(
            f"{tag}: the job {job} passes", passed, "" if passed else run.output_of(job)[-3000:] or run.output[-3000:]
        )
    yield from _look_at_tests(clone, app, run)
    yield _look_at_registry(workshop, clone, app)
    yield _look_at_bill(clone, app, f"{time.monotonic() - started:.0f} s for all of {tag}")


def _make_tag(clone: Path, app: str) -> str:
    git(clone, "clean", "--quiet", "--force", "-d")  # what the jobs of another app left; environments are ignored files
    with set_identity():
        tag = release(clone, app, VERSION)
    git(clone, "push", "--quiet", "--atomic", "origin", "main", tag)
    return tag


def _bring_programs(clone: Path) -> None:
    """Syft comes with its job's image; here it lies among the tools."""
    programs = clone.parent / "bin"
    programs.mkdir(exist_ok=True)
    if not (programs / "syft").exists():
        (programs / "syft").symlink_to(python_of("tools").with_name("syft"))


def _describe_pipeline(workshop: Workshop, tag: str) -> dict[str, str | None]:
    return {
        "CI_COMMIT_TAG": tag, "CI_COMMIT_REF_NAME": tag, "CI_COMMIT_BRANCH": None, "CI_DEFAULT_BRANCH": "main",
        "CI_REGISTRY_IMAGE": workshop.registry, "SYFT_REGISTRY_INSECURE_USE_HTTP": "true",
        "TEST_OPTIONS": "-m smoke",  # else the suite would run itself
        "PIP_CACHE_DIR": str(LOCAL / "cache" / "pip"),
    }  # fmt: skip


def _look_at_tests(clone: Path, app: str, run: Run) -> Iterator[Fact]:
    report = clone / ".local" / "reports" / f"{app}.xml"
    cases = list(ET.parse(report).iter("testcase")) if report.is_file() else []  # noqa: S314 - our own pytest's  # nosec B314
    passed = sum(1 for case in cases if not len(case))
    yield Fact(f"{app}'s test job tested something", 0 < passed == len(cases), f"{passed} of {len(cases)} tests passed")
    pattern = load_pipeline()[f"{app}:test"]["coverage"].strip("/")
    found = re.search(pattern, run.output_of(f"{app}:test"), re.MULTILINE)
    yield Fact(
        f"{app}'s test job shows its coverage", found is not None, f"{found[1]} %" if found else run.output[-1500:]
    )


def _look_at_registry(workshop: Workshop, clone: Path, app: str) -> Fact:
    commit = git(clone, "rev-parse", "HEAD")
    tags = (ask(f"http://{workshop.registry}/v2/{app}/tags/list") or {}).get("tags") or []
    return Fact(
        f"{app}'s image is in the registry under its version and commit", {VERSION, commit} <= set(tags), commit
    )


def _look_at_bill(clone: Path, app: str, detail: str) -> Fact:
    """Every package that the app asks for is on the bill of materials in the pinned version."""
    bill = clone / "sbom.cdx.json"
    parts: list[dict[str, Any]] = json.loads(bill.read_bytes())["components"] if bill.is_file() else []
    listed = {(_plain(part["name"]), part.get("version")) for part in parts}
    asked = [clone / "code" / app / "build" / name for name in ("requirements.in", "requirements-native.in")]
    wanted = "".join(file.read_text(encoding="utf-8") for file in asked if file.is_file())
    missing = [f"{name} {version}" for name, version in _PIN.findall(wanted) if (_plain(name), version) not in listed]
    found = f"{len(parts)} parts; {detail}" if not missing else f"of {len(parts)} parts none is {', '.join(missing)}"
    return Fact(f"{app}'s bill of materials lists what the image holds", bool(parts) and not missing, found)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
