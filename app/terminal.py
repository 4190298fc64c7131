"""What a command says on the terminal while it works: how far it is, and what a program prints."""

from __future__ import annotations

import contextlib
import sys


def print_progress(done: int, total: int, what: str) -> None:
    """Print a line for each step, for the program that started this one."""
    print(done, total, flush=True)


class Terminal:
    """One line on stderr that is kept up to date, between the lines that a program prints.

    It is there on a terminal only; into a log goes only what the program prints.
    """

    def __init__(self) -> None:
        self._open = False  # the program's last line has no end yet
        self._told = False  # our line is there

    def progress(self, done: int, total: int, what: str) -> None:
        """Say that `done` of `total` parts are done, and what comes."""
        if sys.stderr.isatty() and not self._open:
            end = "\n" if done == total else ""
            print(f"\r\033[K{done}/{total} {what[:60]}", end=end, file=sys.stderr, flush=True)
            self._told = not end

    def echo(self, stream: str, text: str) -> None:
        """Print what the program has printed to "stdout" or "stderr"; nobody need read it."""
        if not text:
            return
        if self._told:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._told = False
        file = sys.stderr if stream == "stderr" else sys.stdout
        with contextlib.suppress(BrokenPipeError):
            file.write(text)
            file.flush()
        self._open = not text.endswith("\n")

    def end_line(self) -> None:
        """Begin a new line, if the program's last one has no end."""
        if self._open and sys.stderr.isatty():
            print(file=sys.stderr)
        self._open = False
