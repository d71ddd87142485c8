"""Frozen values that the steps exchange: recipe, progress, report, checks, where a release comes from, a run's outcome."""
