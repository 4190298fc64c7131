"""The errors of this package: one, and a kind of it."""

from __future__ import annotations


class TapeError(Exception):
    """A tape cannot be read or written; the message names the file and the place in it."""

    def __init__(self, file: str, place: str, problem: str) -> None:
        super().__init__(f"{file}: {place}: {problem}")
        self.file = file
        self.place = place
        self.problem = problem


class NotKept(TapeError):
    """The elements of an array are not on the tape, and nothing is damaged. row: that of `arrays`."""

    def __init__(self, file: str, row: int, problem: str) -> None:
        super().__init__(file, f"arrays row {row}", problem)
        self.row = row
