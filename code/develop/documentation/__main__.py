"""``python3 -m develop.documentation [--check]``: write what is read off the code into the README and ``.env.example``."""

from __future__ import annotations

import re
import sys
from typing import Final

from develop.documentation.tree import render_tree
from develop.documentation.variables import read_variables, render_example, render_table
from develop.environments import EnvironmentFailedError, make_environments
from develop.places import APPS, ROOT

PARTS: Final = ("shared", *APPS, "deploy", "develop")


def render_documents() -> dict[str, str]:
    """Return the whole text of each file that holds generated parts, by its path in the clone."""
    variables = read_variables()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for part in PARTS:
        readme = _replace_block(readme, f"tree {part}", f"```text\n{render_tree(f'code/{part}')}\n```")
    readme = _replace_block(readme, "variables", render_table(variables))
    return {"README.md": readme, ".env.example": render_example(variables)}


def main() -> None:
    """Write the files; with ``--check`` only say which are stale, and exit 1 when one is."""
    try:
        make_environments(list(APPS))
    except EnvironmentFailedError as error:
        sys.exit(str(error))
    documents = render_documents()
    stale = [name for name, text in documents.items() if _read(name) != text]
    if "--check" in sys.argv[1:]:
        sys.exit(f"stale, run make docs: {', '.join(stale)}" if stale else 0)
    for name in stale:
        (ROOT / name).write_text(documents[name], encoding="utf-8")
        print(f"  {name}")


def _read(name: str) -> str:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _replace_block(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- begin {name}: written by make docs -->", f"<!-- end {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise SystemExit(f"README.md should hold one block '{begin} … {end}'")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


if __name__ == "__main__":
    main()
