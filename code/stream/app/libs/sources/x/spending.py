"""X's bill: posts counted by UTC day, also over restarts, and a stop when the day's budget is used up."""

from __future__ import annotations

from datetime import timedelta

from libs.service.metrics import X_BUDGET, X_POSTS_TODAY
from sentiment.errors import TransientError
from sentiment.service.clock import Clock


class BudgetSpentError(TransientError):
    """The day's budget is used up: go on at midnight UTC."""

    def __init__(self, budget: int, seconds_left: float) -> None:
        """``budget``: posts a day; ``seconds_left``: until midnight UTC."""
        super().__init__(
            f"X_DAILY_POST_BUDGET={budget} is used up; reading goes on at midnight UTC",
            code="daily_budget",
            retry_after_seconds=seconds_left,
        )


class Spending:
    """The count of one day; its text is kept as the source's cursor."""

    def __init__(self, cursor: str, budget: int, clock: Clock) -> None:
        """``cursor``: ``2026-11-21:1234`` or empty; ``budget``: posts a day, 0 for no limit."""
        self._clock = clock
        self._budget = budget
        day, _, posts = cursor.partition(":")
        self._day, self._posts = day, int(posts) if posts.isdigit() else 0
        X_BUDGET.set(budget)
        self.add(0)

    @property
    def cursor(self) -> str:
        """The text to keep."""
        return f"{self._day}:{self._posts}"

    def add(self, posts: int) -> None:
        """Count posts that X has delivered."""
        today = f"{self._clock.now():%Y-%m-%d}"
        if today != self._day:
            self._day, self._posts = today, 0
        self._posts += posts
        X_POSTS_TODAY.set(self._posts)

    def require_some_left(self) -> None:
        """Raise ``BudgetSpentError`` when the day's posts are used up."""
        self.add(0)
        if self._budget and self._posts >= self._budget:
            now = self._clock.now()
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            raise BudgetSpentError(self._budget, (midnight - now).total_seconds())
