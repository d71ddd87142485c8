"""The evaluation as HTML pages and plots for people."""
