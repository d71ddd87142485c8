"""``python3 -m develop.documentation [--check | build]``: write the pages that are read off the code, then build the site.

``--check`` only says which pages are stale; ``build`` only builds the site, for a machine without the apps' environments.
"""

from __future__ import annotations

import sys

from develop.documentation.command_lines import render_command_lines
from develop.documentation.contracts import render_contract
from develop.documentation.manifest import render_manifest
from develop.documentation.metrics import render_metrics
from develop.documentation.site import SiteFailedError, build_site
from develop.documentation.variables import ask_apps, merge_variables, render_environment, render_example
from develop.environments import EnvironmentFailedError, make_environments
from develop.places import APPS, ROOT


def render_documents() -> dict[str, str]:
    """Return the whole text of each generated file, by its path in the clone."""
    described = ask_apps()
    return {
        ".env.example": render_example(merge_variables(described)),
        "docs/reference/environment.md": render_environment(described),
        **{f"docs/reference/http-{app}.md": render_contract(app) for app in APPS},
        "docs/reference/manifest.md": render_manifest(described["serve"]["manifest"]),
        "docs/reference/metrics.md": render_metrics({app: described[app]["metrics"] for app in APPS}),
        "docs/reference/command-lines.md": render_command_lines(),
    }


def list_stale(documents: dict[str, str]) -> list[str]:
    """Return the paths whose file does not hold the text given for it."""
    return [name for name, text in documents.items() if _read(name) != text]


def main() -> None:
    """Do what the command line asks; exit 1 with a sentence when it cannot be done."""
    try:
        if sys.argv[1:] != ["build"]:
            make_environments([*APPS, "tools"])
            _write(check="--check" in sys.argv[1:])
        if "--check" not in sys.argv[1:]:
            make_environments(["tools"])
            print(f"  {build_site()}")
    except (EnvironmentFailedError, SiteFailedError) as error:
        sys.exit(str(error))


def _write(*, check: bool) -> None:
    documents = render_documents()
    stale = list_stale(documents)
    if check:
        sys.exit(f"stale, run make docs: {', '.join(stale)}" if stale else 0)
    for name in stale:
        (ROOT / name).write_text(documents[name], encoding="utf-8")
        print(f"  {name}")


def _read(name: str) -> str:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
