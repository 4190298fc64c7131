"""`python -m app`: open Tapedeck from a clone, setting up what it needs at the first time."""

from __future__ import annotations

import sys

from app import bootstrap

if __name__ == "__main__":
    sys.exit(bootstrap.run("app.cli", sys.argv[1:]))
