"""Which jobs GitLab must start for what: the one table that the cheap test and the rehearsal hold the pipelines against."""

from __future__ import annotations

from typing import Final

from develop.places import APPS

_TESTED: Final = ("lint", "test", "audit")
_RELEASED: Final = (*_TESTED, "image", "sbom", "scan", "pull", "deploy", "verify")
# Up to the cluster's door: what a machine without a cluster, advisories and their scanners can run.
REHEARSED: Final = ("lint", "test", "image", "sbom")
_WHOLE_TREE: Final = frozenset({"shared:test", "workshop:test"})


def jobs_of_release(*apps: str) -> frozenset[str]:
    """Return the jobs of a tag that releases ``apps``."""
    return frozenset({"release:tag", *(f"{app}:{job}" for app in apps for job in _RELEASED)})


def jobs_of_tests(*changed: str) -> frozenset[str]:
    """Return the jobs of a branch or merge request that changed ``changed``: apps and ``shared``, which is part of each."""
    apps = APPS if "shared" in changed else [app for app in changed if app in APPS]
    return (
        (frozenset() if "shared" not in changed else _WHOLE_TREE)
        | {"workshop:test"}
        | frozenset(f"{app}:{job}" for app in apps for job in _TESTED)
    )


# The variables that tell a pipeline what it is for, and the jobs that it must have. None is a variable that is not set.
CASES: Final[dict[str, tuple[dict[str, str | None], frozenset[str]]]] = {
    **{
        f"tag {app}-v1.2.3": ({"CI_COMMIT_TAG": f"{app}-v1.2.3", "CI_COMMIT_BRANCH": None}, jobs_of_release(app))
        for app in APPS
    },
    "tag v1.2.3": ({"CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_BRANCH": None}, jobs_of_release(*APPS)),
    "tag shop-v1.2.3": ({"CI_COMMIT_TAG": "shop-v1.2.3", "CI_COMMIT_BRANCH": None}, frozenset()),
    "tag v1.2.3-rc1": ({"CI_COMMIT_TAG": "v1.2.3-rc1", "CI_COMMIT_BRANCH": None}, frozenset()),
    "default branch": ({"CI_COMMIT_BRANCH": "main"}, jobs_of_tests("shared") | {"pages"}),
    "training": ({"CI_COMMIT_BRANCH": "main", "TASK": "train"}, frozenset({"train:run"})),
    "training by schedule": (
        {"CI_COMMIT_BRANCH": "main", "TASK": "train", "CI_PIPELINE_SOURCE": "schedule"},
        frozenset({"train:run"}),
    ),
    "training from another branch": ({"CI_COMMIT_BRANCH": "feature", "TASK": "train"}, frozenset()),
}
