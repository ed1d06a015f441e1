"""The companion of `hub run` in a new folder, first step: `python -m hub.preparing`.

While the one process loads the routes and pages, this one makes the database ready and loads the demo county; with two
processors that takes as long as the longer of the two. It tells its failures itself, and its exit status is that of
the command.
"""

import os
import signal
import sys
from importlib import import_module

from hub.kit.companion import end_with_parent
from hub.kit.loading import keep_what_stands, loading


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager tells every process of the unit
    end_with_parent()
    with loading():
        preparation = import_module("hub.preparation")
    keep_what_stands()
    preparation.main()
    sys.stderr.flush()
    os._exit(0)  # somebody waits for it: all that it holds goes with the process, not object by object


if __name__ == "__main__":
    main()
