"""Bluesky's Jetstream: posts of the whole network, over a websocket."""
