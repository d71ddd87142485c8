"""The checks of ``python main.py check``: store, cache and user database."""

from __future__ import annotations

from libs.model.fetching import lock_cache
from libs.service.settings import ServeSettings
from sentiment.errors import PermanentError
from sentiment.release.promotion import read_current
from sentiment.release.publishing import read_manifest
from sentiment.service.checks import Check
from sentiment.store import Store, open_store


def list_checks(settings: ServeSettings) -> list[Check]:
    """One check for each address; the store is read only, as serve does."""
    store = open_store(settings.store_url)
    checks = [
        Check("STORE_URL", lambda: _read_live_release(store), "promote a release there (train), or mend the address"),
        Check("MODEL_CACHE_DIR", lambda: _try_cache(settings), "name a folder that this user may write"),
    ]
    if settings.accounts:
        url = settings.accounts.users_url.get_secret_value()
        checks.append(Check("USERS_URL", lambda: _try_users(url), "start that database, or mend address and rights"))
    return checks


def _read_live_release(store: Store) -> None:
    current = read_current(store)
    if current is None:
        raise PermanentError(f"{store.url} has no current release", code="no_model")
    read_manifest(store, current.current.version)


def _try_cache(settings: ServeSettings) -> None:
    with lock_cache(settings.release_cache / ".check"):
        pass


def _try_users(url: str) -> None:
    from libs.accounts.database import UserDatabase

    database = UserDatabase(url)
    try:
        with database.begin():
            pass
    finally:
        database.close()
