"""The one error of this package."""

from __future__ import annotations


class TapeError(Exception):
    """A tape cannot be read or written; the message names the file and the place in it."""

    def __init__(self, file: str, place: str, problem: str) -> None:
        super().__init__(f"{file}: {place}: {problem}")
        self.file = file
        self.place = place
        self.problem = problem
