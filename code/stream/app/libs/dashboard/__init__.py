"""The live page at ``/``, and the summary that it and ``/api/summary`` show.

``page`` mounts it, ``layout`` says what stands where, ``view`` fills it: a ``summary`` of the stored results (``totals`` by
label and their change) becomes ``key_figures``, ``chart`` and ``cards``, with the ``driving_words`` of each label.
"""
