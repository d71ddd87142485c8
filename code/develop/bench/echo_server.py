"""``python echo_server.py FACTORY WORKER THREADS PORT``: one worker of gunicorn around one of ``echo``'s apps."""

from __future__ import annotations

import sys

from sentiment.service.http.server import Server, run_server
from sentiment.service.logs import configure_logs


def main() -> None:
    """Listen until a signal comes."""
    factory, worker, threads, port = sys.argv[1:]
    configure_logs("bench")
    options = {"keepalive": 75}
    run_server(f"echo:{factory}", Server("127.0.0.1", int(port), 1, int(threads), worker, options=options))


if __name__ == "__main__":
    main()
