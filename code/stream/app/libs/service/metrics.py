"""What Prometheus sees of stream. Imported by workers only: the client decides at its import how counts are shared."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

READ = Counter("stream_posts_read_total", "Posts, removals and unreadable rows taken into the spool.", ["source"])
STORED = Counter("stream_posts_stored_total", "Results handed to the results store.", ["source", "sentiment"])
DEAD = Counter("stream_dead_letters_total", "Dead letters written.", ["reason"])
SKIPPED = Counter("stream_posts_skipped_total", "Posts in languages that are not scored.", ["lang"])
GAPS = Counter("stream_gaps_total", "Gaps opened in a source.", ["source", "reason"])
SPOOLED = Gauge("stream_spooled_posts", "Entries that wait in the spool.", multiprocess_mode="mostrecent")
PREDICT_CALLS = Counter("stream_predict_calls_total", "Calls of serve by outcome.", ["status"])
DELAY = Histogram(
    "stream_delay_seconds",
    "From reading a post to its result being stored.",
    buckets=(0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 5, 15, 60, 300, 3600),
)
LAST_STORED = Gauge("stream_last_stored_timestamp_seconds", "When a result was last stored.", multiprocess_mode="max")
X_POSTS_TODAY = Gauge("stream_x_posts_today", "Posts X has billed since midnight UTC.", multiprocess_mode="mostrecent")
X_BUDGET = Gauge("stream_x_daily_post_budget", "X_DAILY_POST_BUDGET; 0 = no limit.", multiprocess_mode="mostrecent")
RECONNECTS = Counter("stream_source_reconnects_total", "New connections to the source after the first.", ["reason"])
ALERTS = Counter("stream_alerts_total", "Alerts delivered to the webhook.", ["alert"])
