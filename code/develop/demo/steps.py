"""The steps of the demo, in the order in which a post meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from develop.demo.addresses import HOST, ask, choose_port, wait_until_ready
from develop.demo.children import ChildFailedError, Children
from develop.demo.folder import write_pages
from develop.demo.network import start_network
from develop.demo.plan import Plan
from develop.demo.screen import Screen
from develop.demo.signals import StopWish
from develop.places import CODE, USUAL_PORTS, app_folder, describe_revision, python_of

_SYNTHETIC: Final = (
    "The sample data are SYNTHETIC: posts made up by this product about four invented brands.\n"
    "What the model scores on them says nothing about real posts; the README has figures on real ones."
)
_STALL_SECONDS: Final = 180.0


class Demo:
    """One run of the demo; each method is a step, called once and in this order."""

    def __init__(self, plan: Plan, children: Children, stop: StopWish, screen: Screen) -> None:
        """Start the clock."""
        self._plan, self._children, self._stop, self._screen = plan, children, stop, screen
        self._started = time.monotonic()
        self._pages: dict[str, str] = {}
        self._source = {"SOURCE_URL": plan.source_url}

    def prepare(self) -> None:
        """Make the environments and, where it is used, the sample corpus."""
        self._screen.say(f"Demo in {self._plan.folder}")
        operations = {**os.environ, "PYTHONPATH": str(CODE)}
        words = [sys.executable, "-m", "develop.environments", "train", "serve", "stream"]
        self._children.run("environments", words, folder=CODE, environment=operations)
        if self._plan.sample_dataset or self._plan.sample_replay:
            self._screen.say(_SYNTHETIC)
            self._write_sample()

    def train(self) -> None:
        """Train a release unless the store has a current one; the trainer shows its own progress."""
        version = self._find_release()
        if version:
            self._screen.say(f"Release {version} is current already: no training.")
            return
        self._screen.say("Training a release …")
        self._run_app("train", "run")

    def start(self) -> None:
        """Start the network that is played, serve, stream and train's page, and tell where they are."""
        if self._plan.simulated:
            self._source = start_network(self._plan, self._children)
            self._screen.say(
                f"The demo plays {self._plan.simulated} itself, in its wire format, with the sample's posts."
            )
        for app in ("serve", "train", "stream"):
            self._pages[app] = f"http://{HOST}:{choose_port(USUAL_PORTS[app])}"
        for app in ("serve", "train", "stream"):
            log = self._plan.folder / "logs" / f"{app}.log"
            environment = self._environment(app) | {"PORT": self._pages[app].rpartition(":")[2]}
            words = [str(python_of(app)), "main.py"]
            self._children.start(app, words, folder=app_folder(app), environment=environment, log=log)
            if app != "train":  # stream waits for serve alone
                wait_until_ready(self._pages[app], self._children, self._stop)
        wait_until_ready(self._pages["train"], self._children, self._stop)
        write_pages(self._plan.folder, self._pages)
        self._screen.say(f"  live page        {self._pages['stream']}")
        self._screen.say(f"  try a text       {self._pages['serve']}")
        self._screen.say(f"  training runs    {self._pages['train']}")
        if not self._plan.once:
            self._screen.say("Ctrl-C ends everything this demo started, and only that.")

    def follow_replay(self) -> None:
        """Show how the table fills until the source has ended and every post taken is stored or a dead letter."""
        state, since = -1, time.monotonic()
        while True:
            self._children.watch()
            progress = ask(f"{self._pages['stream']}/api/progress") or {}
            read, stored, dead_letters = (progress.get(name) or 0 for name in ("read", "stored", "dead_letters"))
            done = stored + dead_letters
            self._screen.show_progress(f"  read {read:>7}   stored {stored:>7}   dead letters {dead_letters}")
            if progress.get("finished"):
                return
            if done != state:
                state, since = done, time.monotonic()
            elif self._plan.once and time.monotonic() - since > _STALL_SECONDS:
                raise ChildFailedError(f"the replay stands still at {progress}; logs in {self._plan.folder / 'logs'}")
            self._stop.sleep(0.5)

    def keep_running(self) -> None:
        """Leave the apps to the person at the screen until a signal comes or one of them ends."""
        self._screen.say("The replay is stored. The pages stay up until Ctrl-C.")
        while True:
            self._children.watch()
            self._stop.sleep(1.0)

    def summarize(self) -> dict[str, Any]:
        """Return what the replay came to, as the stream app counts it in its own table."""
        labels = ["--labels", self._plan.replay_url] if self._plan.replay_url else []
        summary = json.loads(self._ask_app("stream", "summary", "--json", *labels))
        names = ("replayed", "stored", "dead_letters", "accuracy", "model_version")
        return {name: summary[name] for name in names} | {"seconds": round(time.monotonic() - self._started, 1)}

    def _write_sample(self) -> None:
        files = (self._plan.training_file, self._plan.replay_file)
        if not all(file.is_file() for file in files):
            self._run_app("train", "sample", "--training", str(files[0]), "--replay", str(files[1]))

    def _find_release(self) -> str:
        script = Path(__file__).with_name("current_release.py")
        environment = self._environment("serve")
        answer = subprocess.run(
            [python_of("serve"), script],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if answer.returncode:
            raise ChildFailedError(answer.stderr.strip())
        return answer.stdout.strip()

    def _run_app(self, app: str, *words: str) -> None:
        command = [str(python_of(app)), "main.py", *words]
        self._children.run(f"{app} {words[0]}", command, folder=app_folder(app), environment=self._environment(app))

    def _ask_app(self, app: str, *words: str) -> str:
        command = [str(python_of(app)), "main.py", *words]
        answer = subprocess.run(
            command,
            cwd=app_folder(app),
            env=self._environment(app),
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if answer.returncode:
            raise ChildFailedError(f"{app} {words[0]}: {answer.stderr.strip() or answer.stdout.strip()}")
        return answer.stdout

    def _environment(self, app: str) -> dict[str, str]:
        values = {
            "train": {"STORE_URL": self._plan.store_url, "DATASET_URL": self._plan.dataset_url},
            "serve": {"STORE_URL": self._plan.store_url, "MODEL_CACHE_DIR": str(self._plan.folder / "releases")},
            "stream": {
                "PREDICT_URL": self._pages.get("serve", f"http://{HOST}:{USUAL_PORTS['serve']}"),
                **self._source,
                "SPOOL_URL": self._plan.spool_url,
                "RESULTS_URL": self._plan.results_url,
            },
        }[app]
        if app == "train" and self._plan.replay_url:
            # Labelled rows of the replay judge the model, so it never learns them.
            values["EXCLUDE_URL"] = self._plan.replay_url
        return {**os.environ, **describe_revision(app), **values, "HOST": HOST}
