"""The entry of the standalone program, which is also the interpreter of its kernels and exports."""

from __future__ import annotations

import runpy
import sys


def main() -> None:
    """Do what `python -P -m MODULE ...` does, or else what the `tapedeck` command does."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["-P"]:  # the program's own folder is never on the path
        arguments = arguments[1:]
    if arguments[:1] == ["-m"]:
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    from app.cli import entry

    entry()


if __name__ == "__main__":
    main()
