"""The live page at ``/``, and the summary that it and ``/api/summary`` show.

``page`` mounts it, ``layout`` says what stands where, ``view`` fills it: a ``summary`` of the stored results (``totals`` by
label and their change) becomes ``key_figures``, ``chart`` and ``cards``, with the ``driving_words`` of each label.
"""

from __future__ import annotations

from libs.dashboard.page import make_page, mount_page, page_policy
from libs.dashboard.summary import as_json, summarize

__all__ = ["as_json", "make_page", "mount_page", "page_policy", "summarize"]
