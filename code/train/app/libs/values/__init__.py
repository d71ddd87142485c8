"""Frozen values that the steps exchange."""
