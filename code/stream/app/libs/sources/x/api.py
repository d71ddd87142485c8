"""X's API through tweepy: authentication, the rules (X keeps them between runs), and the request that opens the stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import requests
import tweepy
import urllib3
from requests.adapters import HTTPAdapter

from libs.sources.x.posts import FIELDS
from libs.values.addresses import XAddress
from libs.values.topics import Topic
from sentiment.errors import TransientError

_TWEEPY_HOST: Final = "https://api.twitter.com"  # written into tweepy; the adapter below turns it to the address given
_STREAM: Final = "/2/tweets/search/stream"
_CONNECT_SECONDS: Final = 10.0
STALL_SECONDS: Final = 20.0
"""X sends at least a keep-alive in this time; silence for longer means a dead connection."""


class NetworkError(TransientError):
    """The connection could not be made, broke, stalled or was closed."""

    def __init__(self, reason: str, detail: str) -> None:
        """``reason``: a short word for the gap ledger."""
        super().__init__(detail, code=reason)


class HttpError(TransientError):
    """X answered with a status other than 200."""

    def __init__(self, status: int, detail: str, reset: int | None) -> None:
        """``reset``: the answer's ``x-rate-limit-reset``, seconds since 1970."""
        super().__init__(f"X answers {status}: {detail}", code=f"http_{status}")
        self.status = status
        self.reset = reset


class Rule(NamedTuple):
    """A rule as it stands on X's servers."""

    id: str
    value: str
    tag: str


class ByteStream(Protocol):
    """The open stream."""

    def read(self) -> bytes:
        """Return the next bytes as they come. Raises ``NetworkError`` when it stalls, breaks or is closed."""

    def close(self) -> None:
        """Hang up."""


class Api(Protocol):
    """The three calls; each raises ``NetworkError`` or ``HttpError``."""

    def read_rules(self) -> list[Rule]:
        """Return the rules that stand on the server."""

    def change_rules(self, delete: Sequence[str], add: Sequence[Topic]) -> None:
        """Delete rules by id, then add topics as rules tagged with their names."""

    def open_stream(self) -> ByteStream:
        """Connect to the filtered stream."""


class TweepyApi:
    """The API at an address, through tweepy's client."""

    def __init__(self, address: XAddress) -> None:
        """Make the client; nothing is sent yet."""
        parts = urlsplit(address.url)
        base = f"{'https' if parts.scheme == 'x' else 'http'}://{parts.netloc}"
        self._client: Any = tweepy.StreamingClient(address.token.get_secret_value())
        self._client.session.mount(_TWEEPY_HOST, _AddressedAdapter(base))

    def read_rules(self) -> list[Rule]:
        """Call ``GET …/stream/rules``."""
        with _translated():
            found = self._client.get_rules().data or []
        return [Rule(str(rule.id), rule.value, rule.tag or "") for rule in found]

    def change_rules(self, delete: Sequence[str], add: Sequence[Topic]) -> None:
        """Call ``POST …/stream/rules``, at most once to delete and once to add. ``HttpError`` when a rule is refused."""
        with _translated():
            if delete:
                self._client.delete_rules(list(delete))
            if add:
                answer = self._client.add_rules([tweepy.StreamRule(value=topic.rule, tag=topic.name) for topic in add])
                if answer.errors:
                    raise HttpError(400, f"rule refused: {str(answer.errors[0])[:300]}", None)

    def open_stream(self) -> ByteStream:
        """Call ``GET …/stream`` with the fields that a result needs."""
        headers = {"Authorization": f"Bearer {self._client.bearer_token}", "User-Agent": self._client.user_agent}
        with _translated():
            response = self._client.session.get(
                _TWEEPY_HOST + _STREAM, params=FIELDS, headers=headers, stream=True, allow_redirects=False
            )
            if response.status_code != 200:
                with response:
                    raise _describe(response)
        return _ResponseStream(response)


def reconcile_rules(api: Api, topics: tuple[Topic, ...]) -> dict[str, str]:
    """Delete rules that TRACK does not have, add those it has more, and return rule id → topic.

    Rules that stand already are left alone, so a restart costs one call. Raises what the API raises.
    """
    wanted = {(topic.rule, topic.name): topic for topic in topics}
    standing = api.read_rules()
    foreign = [rule.id for rule in standing if (rule.value, rule.tag) not in wanted]
    known = {(rule.value, rule.tag) for rule in standing}
    missing = [topic for key, topic in wanted.items() if key not in known]
    if foreign or missing:
        api.change_rules(foreign, missing)
        standing = api.read_rules()
    return {rule.id: rule.tag for rule in standing if rule.tag}


class _ResponseStream:
    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def read(self) -> bytes:
        with _translated():
            data: bytes = self._response.raw.read1(65536, decode_content=True)
        if not data:
            raise NetworkError("closed", "X closed the stream")
        return data

    def close(self) -> None:
        self._response.close()


class _AddressedAdapter(HTTPAdapter):
    """Sends what tweepy addresses to its fixed host to the address from the settings, with timeouts, which tweepy lacks."""

    def __init__(self, base: str) -> None:
        self._base = base
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = self._base + str(request.url).removeprefix(_TWEEPY_HOST)
        kwargs["timeout"] = kwargs.get("timeout") or (_CONNECT_SECONDS, STALL_SECONDS)
        return super().send(request, *args, **kwargs)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except tweepy.HTTPException as error:
        raise _describe(error.response) from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise NetworkError("stalled", f"nothing from X for {STALL_SECONDS:.0f} s ({type(error).__name__})") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise NetworkError("connection_lost", f"the connection to X failed ({type(error).__name__})") from None


def _describe(response: requests.Response) -> HttpError:
    reset = response.headers.get("x-rate-limit-reset", "")
    detail = response.text[:200] if response.status_code != 401 else "the bearer token is not valid"
    return HttpError(response.status_code, detail, int(reset) if reset.isdigit() else None)
