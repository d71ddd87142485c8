"""One demo at a time on the same data."""

import pytest

from develop.demo.folder import PAGES, FolderTakenError, hold_folder, write_pages


def test_a_second_demo_on_the_same_data_is_sent_to_the_first_ones_pages(tmp_path):
    with hold_folder(tmp_path / "sample"):
        write_pages(tmp_path / "sample", {"stream": "http://127.0.0.1:4711"})
        with pytest.raises(FolderTakenError, match="4711"), hold_folder(tmp_path / "sample"):
            pytest.fail("two demos hold one folder")
    with hold_folder(tmp_path / "sample"):
        assert not (tmp_path / "sample" / PAGES).exists(), "the pages of a demo that has ended are nowhere"
