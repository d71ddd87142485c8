"""Bluesky's Jetstream."""
