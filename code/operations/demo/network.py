"""The network that a demo plays itself: a process that talks like X or Jetstream on loopback."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from places import CODE, python_of
from simulators.sample_posts import read_posts
from simulators.x import TOKEN

from demo.addresses import choose_port

if TYPE_CHECKING:
    from demo.children import Children
    from demo.plan import Plan


def start_network(plan: Plan, children: Children) -> dict[str, str]:
    """Start it on its usual port or a free one and return the variables by which stream finds it.

    ``TRACK`` names the sample's topics unless the environment has one of its own.
    """
    address = urlsplit(plan.source_url)
    port = choose_port(address.port or 0)
    words = [str(python_of("stream")), "-m", "simulators", plan.simulated]
    words += ["--port", str(port), "--posts", str(plan.replay_file)]
    log = plan.folder / "logs" / f"simulated-{plan.simulated}.log"
    children.start(
        f"simulated {plan.simulated}", words, folder=CODE / "operations", environment=dict(os.environ), log=log
    )
    topics = sorted({post.topic for post in read_posts(plan.replay_file)})
    return {
        "SOURCE_URL": address._replace(netloc=f"{address.hostname}:{port}").geturl(),
        "TRACK": os.environ.get("TRACK") or ",".join(topics),
        "X_BEARER_TOKEN": TOKEN,
    }
