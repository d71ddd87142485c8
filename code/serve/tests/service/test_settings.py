"""What the environment says becomes typed settings, or one line about each mistake."""

from __future__ import annotations

import pytest

from libs.service.settings import ServeSettings
from sentiment.errors import ConfigurationError
from sentiment.service.settings import read_settings

STORE = {"store_url": "file:///srv/store"}
USERS = "sqlite:////var/lib/sentiment/users.db"
KEY = "a signing key that is at least 32 bytes long"


def test_without_an_address_of_users_there_are_no_accounts() -> None:
    assert read_settings(ServeSettings, **STORE).accounts is None
    assert read_settings(ServeSettings, **STORE, secret_key=KEY).accounts is None


def test_an_address_of_users_and_a_key_are_accounts_and_neither_is_shown() -> None:
    settings = read_settings(ServeSettings, **STORE, users_url=USERS, secret_key=KEY, token_seconds=60)
    assert settings.accounts is not None
    assert settings.accounts.users_url.get_secret_value() == USERS
    assert settings.accounts.secret_key.get_secret_value() == KEY
    assert (settings.accounts.token_seconds, settings.accounts.login_tries_per_minute) == (60, 10)
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"users_url": "mysql://x"}, "USERS_URL is malformed (must be sqlite:////file.db, postgresql+psycopg://… or"),
        ({"users_url": USERS}, "SECRET_KEY is malformed (must be set when USERS_URL is)"),
        ({"users_url": USERS, "secret_key": "short"}, "SECRET_KEY is malformed (must have at least 32 bytes)"),
        (
            {"cors_origins": "*"},
            "CORS_ORIGINS is malformed (must be origins such as https://app.example.com, without a",
        ),
        ({"cors_origins": "https://a.example/path"}, "CORS_ORIGINS is malformed"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_variable(given: dict[str, str], line: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings(ServeSettings, **STORE, **given)
    assert refused.value.detail.startswith(line)
    assert "\n" not in refused.value.detail


def test_origins_are_a_list_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(ServeSettings, **STORE).cors_origins == ()
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, http://localhost:3000 ,")
    assert read_settings(ServeSettings, **STORE).cors_origins == ("https://a.example", "http://localhost:3000")
