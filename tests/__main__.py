"""`python -m tests`: run the whole suite from a clone, setting up what it needs at the first time.

Arguments go to pytest. Without any, everything runs, on all cores; a file of tests stays on one,
and those of the window, which take longest, begin.
"""

from __future__ import annotations

import sys

from app import bootstrap

EVERYTHING = ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]

if __name__ == "__main__":
    sys.exit(bootstrap.run("pytest", sys.argv[1:] or EVERYTHING, extra="test"))
