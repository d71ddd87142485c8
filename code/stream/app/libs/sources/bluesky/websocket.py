"""The websocket to Jetstream: the only place where stream meets the websockets library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, Protocol

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from sentiment.errors import TransientError

_OPEN_SECONDS: Final = 10.0
_LARGEST_MESSAGE_BYTES: Final = 1 << 20
_WAITING_MESSAGES: Final = 256


class Socket(Protocol):
    """An open websocket."""

    def receive(self, silence_seconds: float, most: int) -> list[bytes | str]:
        """Return what has arrived, up to ``most`` messages, waiting for the first.

        ``TransientError`` (``silent``, ``closed``, ``connection_lost``) when nothing arrives for so long, or it ends.
        """

    def close(self) -> None:
        """Hang up."""


def open_socket(url: str) -> Socket:
    """Connect; ``TransientError`` (``connection_lost``, ``http_<status>``) when that fails."""
    manager = connect(
        url,
        open_timeout=_OPEN_SECONDS,
        close_timeout=1,
        max_size=_LARGEST_MESSAGE_BYTES,
        max_queue=_WAITING_MESSAGES,
    )
    open_until = ExitStack()
    with _translated():
        return _Socket(open_until.enter_context(manager), open_until)


class _Socket:
    def __init__(self, connection: ClientConnection, open_until: ExitStack) -> None:
        self._connection = connection
        self._open_until = open_until

    def receive(self, silence_seconds: float, most: int) -> list[bytes | str]:
        with _translated():
            messages: list[bytes | str] = [self._connection.recv(timeout=silence_seconds)]
        try:
            while len(messages) < most:
                messages.append(self._connection.recv(timeout=0))
        except (TimeoutError, ConnectionClosed):
            pass  # the next call meets the close again and raises
        return messages

    def close(self) -> None:
        with _translated():
            self._open_until.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise TransientError("Jetstream says nothing", code="silent") from error
    except ConnectionClosed as error:
        raise TransientError(f"Jetstream closed the socket ({error})"[:200], code="closed") from error
    except InvalidStatus as error:
        status = error.response.status_code
        raise TransientError(f"Jetstream answers {status}", code=f"http_{status}") from error
    except (WebSocketException, OSError) as error:
        raise TransientError(f"Jetstream cannot be reached: {type(error).__name__}", code="connection_lost") from error
