"""One trial: a mutated file is the same tape, another whole tape, or one clear error."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.tape.errors import TapeError
from engine.tape.storage.container import NAME
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape
from tests.fuzz.consumers import content, use
from tests.fuzz.mutations import DAMAGE, FORGERY
from tests.fuzz.samples import PROGRAMS, sample

#: What a message must name besides the file: a member, a byte, a segment, a row.
_PLACE = re.compile(
    r"byte \d+|segments? \d{8}( to \d{8})?|arrays row \d+|" + NAME.pattern, re.ASCII
)
_contents: dict[tuple[str, bool], list[Any]] = {}


class Outcome(NamedTuple):
    """How a trial went. kind: "error", "same", "prefix" (not finished, and says so) or "other"."""

    seed: int
    mutation: str
    kind: str
    words: str


class Broken(AssertionError):
    """A trial showed a fault of the reader."""


def trial(seed: int) -> Outcome:
    """Mutate a sample as the seed says, open it and use it; raise where it is not as it must be."""
    chance = random.Random(seed)
    name, finished = chance.choice(list(PROGRAMS)), chance.random() < 0.7
    forged = chance.random() < 0.5
    mutation = chance.choice(FORGERY if forged else DAMAGE)
    data = mutation(sample(name, finished), chance)
    title = f"{mutation.__name__} of {name}" + ("" if finished else ", unfinished")
    try:
        tape = Tape(MemorySource(bytearray(data)))
    except TapeError as error:
        _check_words(str(error))
        return Outcome(seed, title, "error", str(error))
    use(tape, _whole(name, finished))
    return Outcome(seed, title, "other" if forged else _compare(tape, name, finished), "")


def _check_words(message: str) -> None:
    file, _, rest = message.partition(": ")
    place, _, problem = rest.partition(": ")
    clear = file == MemorySource.name and _PLACE.fullmatch(place) and problem
    if not clear or "\n" in message or len(message) > 500:
        raise Broken(f"the message is not clear: {message[:2000]!r}")


def _compare(tape: Tape, name: str, finished: bool) -> str:
    """Return whether a damaged file gave all of its content or the first part of it."""
    original = _contents.get((name, finished))
    if original is None:
        original = _contents[name, finished] = content(_whole(name, finished))
    found = content(tape)
    lengths = [[len(part) for part in parts] for parts in (found, original)]
    if lengths[0] == lengths[1] and all(map(_is_same, found, original)):
        return "same"
    if tape.complete:
        raise Broken("it is said to be complete and is not what was written")
    for new, old in zip(found, original, strict=True):
        if not _is_same(new, old):
            raise Broken("what was read is not the first part of what was written")
    return "prefix"


@functools.cache
def _whole(name: str, finished: bool) -> Tape:
    return Tape(MemorySource(bytearray(sample(name, finished))))


def _is_same(found: list[Any], original: list[Any]) -> bool:
    """Return whether a list is the first part of another; what cannot be read is not compared."""
    return len(found) <= len(original) and all(
        new is None or new == old or (new != new and old != old)
        for new, old in zip(found, original, strict=False)
    )


def trials(seeds: range) -> Iterator[Outcome]:
    for seed in seeds:
        yield trial(seed)
