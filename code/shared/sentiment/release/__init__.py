"""Releases: their manifest and files, and how one is published, fetched, promoted and rolled back."""
