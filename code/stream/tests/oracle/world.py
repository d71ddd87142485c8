"""One seed's world: the simulated parts, the real processes, and what can be asked of them."""

from __future__ import annotations

import os
import random
import resource
import signal
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import requests
from processes import App, local_environment

from develop.fixtures.aws_server import aws_environment
from develop.simulators.serve import ServeSimulator
from develop.simulators.throttle import ThrottlingProxy
from develop.simulators.x import TOKEN
from libs.results import open_results
from oracle.plan import Plan
from oracle.speakers import JetstreamSpeaker, XSpeaker

_SPOOL_POSTS = 120  # small enough to be filled in a second
_VISIBILITY_SECONDS = 4  # a killed worker's messages come back soon


class World:
    """``speaker``, ``serve`` and ``proxy`` misbehave on order; ``apps`` are the real processes by role."""

    def __init__(self, plan: Plan, folder: Path, aws_url: str) -> None:
        """Start everything; ``aws_url`` must also be what boto3's default chain finds."""
        self._end = ExitStack()
        chance = random.Random(f"world {plan.seed}")
        self.folder = folder
        self.log = folder / "stream.log"
        self.speaker: XSpeaker | JetstreamSpeaker = (XSpeaker if plan.source == "x" else JetstreamSpeaker)(chance)
        self.serve = ServeSimulator()
        self.proxy = ThrottlingProxy(aws_url, chance)
        for part in (self.serve, self.proxy, self.speaker):
            self._end.callback(part.close)
        self.environment = self._configure(plan)
        self.results = open_results(self.environment["RESULTS_URL"])
        self._end.callback(self.results.close)
        roles = ["all"] if not plan.apart else ["ingest", "analyze", *(["analyze 2"] if plan.spool == "sqs" else [])]
        self.apps: dict[str, App] = {}
        self._end.callback(self._end_apps)
        for role in roles:
            self.start(role)

    def start(self, role: str) -> None:
        """Start the process of a role."""
        command = [] if role == "all" else [role.partition(" ")[0]]
        self.apps[role] = App(self.environment, self.log, *command)

    def kill(self, role: str) -> bool:
        """SIGKILL to all of a role's processes, and whether that is what they died of."""
        self.apps[role].kill()
        return self.apps[role].process.returncode == -signal.SIGKILL

    def wait_until_up(self) -> None:
        """Return when every process answers."""
        for app in self.apps.values():
            app.wait_until("/health", lambda answer: answer["status"] == "ok")

    @property
    def reader(self) -> str:
        """The role that reads the source."""
        return next(iter(self.apps))

    def progress(self) -> int:
        """Return how many entries wait in the spool."""
        return int(self.apps[list(self.apps)[-1]].get("/api/progress")["spooled"])

    def complains(self, *words: str) -> bool:
        """Tell whether a process says in ``/ready`` one of the words."""
        for app in self.apps.values():
            try:
                reasons = " ".join(app.get("/ready").get("reasons", []))
            except (requests.RequestException, ValueError):
                continue
            if any(word in reasons for word in words):
                return True
        return False

    def limit_files(self, most_bytes: int) -> None:
        """Let no file of the processes grow beyond so many bytes (``RLIMIT_FSIZE``): to who writes, the disk is full."""
        for app in self.apps.values():
            first = app.process.pid
            children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
            for pid in (first, *map(int, children)):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    def close(self) -> None:
        """End everything that was started."""
        self._end.close()

    def _configure(self, plan: Plan) -> dict[str, str]:
        name = f"oracle_{plan.seed}_{uuid4().hex[:8]}"
        more = {"TRACK": "acme", "X_BEARER_TOKEN": TOKEN, "PREDICT_BATCH": "64", "SPOOL_MAX_POSTS": "1000000"}
        if plan.spool == "sqs":
            more["SPOOL_URL"] = f"sqs://{name}?visibility={_VISIBILITY_SECONDS}"
        else:
            more["SPOOL_MAX_POSTS"] = str(_SPOOL_POSTS)
        if plan.store == "dynamodb":
            more["RESULTS_URL"] = f"dynamodb://{name}"
        environment = local_environment(self.folder, self.serve.url, self.speaker.url)
        return environment | more | aws_environment(self.proxy.url)

    def _end_apps(self) -> None:
        for app in self.apps.values():
            app.end()


def point_boto_at(aws_url: str) -> None:
    """Set the variables of boto3's default chain for this process."""
    os.environ.update(aws_environment(aws_url))
