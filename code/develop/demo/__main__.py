"""``make demo``: make the environments, train unless that is done, serve, stream a replay through, show the pages."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from develop.demo.addresses import NotReadyError
from develop.demo.children import ChildFailedError, Children
from develop.demo.folder import FolderTakenError, hold_folder
from develop.demo.plan import PlanError, read_plan
from develop.demo.screen import Screen
from develop.demo.signals import StoppedError, StopWish
from develop.demo.steps import Demo
from develop.places import LOCAL


def main() -> int:
    """Run the demo and return its exit code; however it goes, nothing it started is left behind."""
    stop, screen = StopWish(), Screen()
    running = False
    with ExitStack() as stack:
        children = Children(stop)
        try:
            plan = read_plan(os.environ, LOCAL / "demo")
            stack.enter_context(hold_folder(plan.folder))
            stack.callback(children.end)
            demo = Demo(plan, children, stop, screen)
            demo.prepare()
            demo.train()
            demo.start()
            running = True
            demo.follow_replay()
            if not plan.once:
                demo.keep_running()
            screen.close_with(demo.summarize())
        except StoppedError as wish:
            screen.say(f"{wish}: ending what the demo started; everything is kept for the next `make demo`.")
            return 0 if running and not plan.once else 128 + wish.number
        except (ChildFailedError, NotReadyError, FolderTakenError) as error:
            screen.say(f"The demo failed: {error}")
            return 1
        except PlanError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
