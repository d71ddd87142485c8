"""gunicorn's threaded worker with two changes: requests have an arrival time, and idle connections hold no thread."""

from __future__ import annotations

import selectors
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from libs.predict.admission import arrival


class ServeWorker(ThreadWorker):  # type: ignore[misc]
    """Notes a request's arrival before it waits for a thread; a connection gets a thread only when it has sent something."""

    def accept(self, listener: Any) -> None:
        """Await the first byte in the poller, where gunicorn itself would hold a thread for up to five seconds."""
        try:
            client_socket, client_address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another worker was quicker, or the client has gone
        self.nr_conns += 1
        conn = TConn(self.cfg, client_socket, client_address, listener.getsockname())
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def enqueue_req(self, conn: Any) -> None:
        """Note when the request came in."""
        conn.arrived = time.monotonic()
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Pass the arrival time on to ``libs.predict.admission``, which counts deadlines from it."""
        arrival.set(conn.arrived)
        return super().handle_request(req, conn)

    def _cap_keepalive(self, deadline: float) -> None:
        # A stopping worker must not wait for connections that have never sent anything either.
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
