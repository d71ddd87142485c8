"""Frozen values that the steps exchange, and the times and topics that they carry."""
