"""The command line: open the window, or record, describe and export without one."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from app import options

#: Exit statuses: the person's code raised, two tapes differ or problems were found; the command
#: itself failed.
RAISED = DIFFERENT = 1
FAILED = 2


class UsageError(Exception):
    """The command cannot be carried out; the message is one clear sentence."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen = options.read(arguments)
    try:
        status = HANDLERS[chosen.command](chosen)
    except UsageError as error:
        print(f"tapedeck: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("tapedeck: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `tapedeck info ... | head`
        sys.stderr.close()
        return 0
    return status


def entry() -> None:
    """The `tapedeck` command."""
    sys.exit(main())


def _open(options: argparse.Namespace) -> int:
    from app import display  # each command imports only what it needs

    path = None
    if options.file is not None:
        path = _existing(options.file)
        if path.suffix.lower() not in (".ipynb", ".py", ".tape"):
            raise UsageError(f"{path} is not a .ipynb, .py or .tape file")
    try:
        display.check_window()
    except display.DisplayError as error:
        raise UsageError(str(error)) from None
    from app.starting import hasten

    hasten()
    from app.main import run

    return run(path, theme=options.theme)


def _record(options: argparse.Namespace) -> int:
    from app.documents import DocumentError
    from app.record import record
    from app.terminal import Terminal

    terminal = Terminal()
    path, output = _existing(options.file), _writable(options.output, ".tape")
    executed = _writable(options.executed, ".ipynb") if options.executed else None
    try:
        result = record(
            path, output, executed, allow_errors=options.allow_errors, check=options.check,
            progress=terminal.progress, echo=terminal.echo,
        )  # fmt: skip
    except DocumentError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or output}: {error.strerror}") from None
    terminal.end_line()
    if result.error:
        print(result.error, file=sys.stderr)
    print(f"recorded {output}", file=sys.stderr)
    if options.check:
        from app.measuring import measure

        if not measure(output, result.checks):
            return DIFFERENT
    return RAISED if result.error and not options.allow_errors else 0


def _info(options: argparse.Namespace) -> int:
    from engine.tape.errors import TapeError
    from engine.tape.summary import format_summary, summary_of

    try:
        summary = summary_of(_existing(options.file))
    except TapeError as error:
        raise UsageError(str(error)) from None
    print(json.dumps(summary, indent=2) if options.json else _printable(format_summary(summary)))
    return 0


def _diff(options: argparse.Namespace) -> int:
    from engine.tape.compare import compare
    from engine.tape.compare.text import as_json, as_text
    from engine.tape.tape import Tape, TapeError

    paths = [_existing(name) for name in (options.first, options.second)]
    try:
        first, second = map(Tape.open, paths)
        found = compare(first, second)
        told = (
            json.dumps(as_json(found), indent=2) if options.json else as_text(found, first, second)
        )
        for tape in (first, second):
            tape.close()
    except TapeError as error:
        raise UsageError(str(error)) from None
    print(told)
    return 0 if found.same else DIFFERENT


def _problems(options: argparse.Namespace) -> int:
    from engine.tape.diagnose import Severity, numeric, problems, words
    from engine.tape.tape import Tape, TapeError

    try:
        tape = Tape.open(_existing(options.file))
        found = problems(tape)
        if options.mathematics:
            found = [*numeric.findings(tape, list(numeric.check(tape))), *found]
        told = [words.as_json(one) if options.json else words.as_text(one, tape) for one in found]
        unmeasured = sorted(numeric.own_functions(tape))
        tape.close()
    except TapeError as error:
        raise UsageError(str(error)) from None
    if options.json:
        print(json.dumps(told, indent=2))
    else:
        print("\n\n".join(map(str, told)) or "nothing looks wrong")
    if unmeasured:
        print(_not_measured(unmeasured), file=sys.stderr)
    return DIFFERENT if any(one.severity > Severity.NOTE for one in found) else 0


def _not_measured(functions: list[str]) -> str:
    """Return that a tape does not tell whether what a program's own Functions send is right."""
    which = "1 Function of yours is" if len(functions) == 1 else f"{len(functions)} of yours are"
    return (
        f"{which} not measured ({', '.join(functions)}): their code is not on the tape; "
        "tapedeck record --check does it as the program runs"
    )


def _why(options: argparse.Namespace) -> int:
    from engine.tape.conditions import ConditionError
    from engine.tape.diagnose import words
    from engine.tape.tape import Tape, TapeError

    try:
        tape = Tape.open(_existing(options.file))
        found = words.answer(tape, options.question, options.expect or "")
        told = (
            json.dumps(words.as_json(found), indent=2)
            if options.json
            else words.as_text(found, tape)
        )
        tape.close()
    except ConditionError as error:
        raise UsageError(f"--expect: {error}") from None
    except (TapeError, words.QuestionError, IndexError) as error:
        raise UsageError(str(error)) from None
    print(told)
    return 0


def _check(options: argparse.Namespace) -> int:
    from app.check import run
    from engine.tape.errors import TapeError

    path = _existing(options.file)
    recovered = _writable(options.recover, ".tape") if options.recover else None
    try:
        return run(path, recovered, options.json)
    except TapeError as error:
        raise UsageError(str(error)) from None


def _export(options: argparse.Namespace) -> int:
    from app import display
    from app.export import FILMS, PICTURES, ExportError, FilmOptions, export
    from app.export.arrangement import Arrangement
    from app.export.groups import GroupOptions, by_of
    from app.terminal import Terminal, print_progress
    from engine.tape.tape import Tape, TapeError

    path, target = _existing(options.file), Path(options.to)
    progress = print_progress if options.progress else Terminal().progress
    film = FilmOptions(options.fps, options.size, options.speed)
    by, sideways, hand = options.group_by, options.left_to_right, options.arrangement
    try:
        arrangement = Arrangement.load(Path(hand)) if hand else Arrangement()
        groups = GroupOptions(by_of(by), options.fold, arrangement, sideways)
        if target.suffix.lower() in PICTURES + FILMS:
            display.check_qt()
        with _ended_as_interrupted():
            tape = Tape.open(path)
            export(
                tape, target, options.graph, options.theme, options.scale, options.playhead,
                options.colour_by, options.flow, film, groups, progress,
            )  # fmt: skip
            tape.close()
    except (ExportError, TapeError, display.DisplayError) as error:
        raise UsageError(str(error)) from None
    print(f"wrote {target}", file=sys.stderr)
    return 0


@contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Let SIGTERM be like Ctrl+C meanwhile: nothing half-written stays.

    An interrupt inside of a call to Qt may come out of it as a SystemError.
    """
    came = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except SystemError:
        if came:
            raise KeyboardInterrupt from None
        raise
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _printable(text: str) -> str:
    """Return a text of a file that may be anybody's, without what would command a terminal."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a file")
    return path


def _writable(name: str, suffix: str) -> Path:
    path = Path(name)
    if path.suffix.lower() != suffix:
        raise UsageError(f"{path} must end in {suffix}")
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a file")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"the folder {path.absolute().parent} does not exist")
    return path


HANDLERS: dict[str, Callable[[argparse.Namespace], int]] = {
    "open": _open, "record": _record, "info": _info, "diff": _diff, "problems": _problems,
    "why": _why, "check": _check, "export": _export,
}  # fmt: skip


if __name__ == "__main__":
    entry()
