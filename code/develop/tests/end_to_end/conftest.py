"""Apps that a test starts are ended with it."""

from contextlib import ExitStack

import pytest

from develop.fixtures.app_process import App


@pytest.fixture
def start_app(tmp_path):
    """A function that starts an app; whatever it started is ended with the test."""
    with ExitStack() as stack:

        def start(name, environment):
            app = App(name, environment, tmp_path)
            stack.callback(app.end)
            return app

        yield start
