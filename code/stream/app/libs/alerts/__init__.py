"""Messages to a webhook: a topic's negative share jumps, a gap opens, or nothing arrives."""

from __future__ import annotations

from libs.alerts.alerts import Alerts

__all__ = ["Alerts"]
