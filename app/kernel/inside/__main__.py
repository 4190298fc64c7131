"""The kernel's program; `app.kernel.process` starts it as `python -P -m app.kernel.inside`."""

from __future__ import annotations

import sys

from app.kernel.inside.launch import main

main(sys.argv[1:])
