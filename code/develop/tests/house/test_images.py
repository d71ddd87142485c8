"""Pictures are drawn from text and photographed from running pages, and the text still tells the truth."""

import re
import shutil

import pytest

from develop.fixtures.tracked import APPS, ROOT, read
from develop.pictures.drawing import draw_architecture


def words_of(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_the_architecture_names_every_app_and_its_steps():
    source = read("images/architecture.dot")
    for app in APPS:
        assert re.search(rf"^\s*{app} \[label=\"{app}\\n", source, re.MULTILINE), app
    for step in (
        "dataset",
        "clean",
        "vectors",
        "network",
        "evaluate",
        "publish",
        "fetch",
        "verify",
        "load",
        "predict",
        "spool",
    ):
        assert step in source


def test_the_drawing_is_the_one_that_its_text_makes(tmp_path):
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    drawn, _ = draw_architecture(tmp_path)
    assert words_of(drawn.read_text(encoding="utf-8")) == words_of(read("images/architecture.svg")), "run make images"


@pytest.mark.parametrize("name", ["live.png", "architecture.png"])
def test_a_picture_is_a_picture(name):
    data = (ROOT / "images" / name).read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(data[16:20], "big") >= 800, "wide enough to read"
