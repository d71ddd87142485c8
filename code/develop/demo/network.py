"""The network that a demo plays itself: a process that talks like X or Jetstream on loopback."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from develop.demo.addresses import choose_port
from develop.demo.children import Children
from develop.demo.plan import Plan
from develop.places import CODE, python_of
from develop.simulators.sample_posts import read_posts
from develop.simulators.x import TOKEN


def start_network(plan: Plan, children: Children) -> dict[str, str]:
    """Start it on its usual port or a free one and return the variables by which stream finds it.

    ``TRACK`` names the sample's topics unless the environment has one of its own.
    """
    address = urlsplit(plan.source_url)
    port = choose_port(address.port or 0)
    words = [str(python_of("stream")), "-m", "develop.simulators", plan.simulated]
    words += ["--port", str(port), "--posts", str(plan.replay_file)]
    log = plan.folder / "logs" / f"simulated-{plan.simulated}.log"
    children.start(f"simulated {plan.simulated}", words, folder=CODE, environment=dict(os.environ), log=log)
    topics = sorted({post.topic for post in read_posts(plan.replay_file)})
    return {
        "SOURCE_URL": address._replace(netloc=f"{address.hostname}:{port}").geturl(),
        "TRACK": os.environ.get("TRACK") or ",".join(topics),
        "X_BEARER_TOKEN": TOKEN,
    }
