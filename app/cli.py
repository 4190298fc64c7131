"""The command line: open the window, or record, describe and export without one."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app import __version__

EXAMPLES = """examples:
  tapedeck                              the window, on a built-in example
  tapedeck lesson.ipynb                 a notebook, a script (.py) or a recording (.tape)
  tapedeck record lesson.ipynb -o lesson.tape --executed lesson.out.ipynb
  tapedeck record model.py -o model.tape --check
  tapedeck info lesson.tape --json
  tapedeck diff before.tape after.tape
  tapedeck problems lesson.tape
  tapedeck why lesson.tape w.grad
  tapedeck why lesson.tape w.grad --expect "2 * x.T @ (x @ w - y)"
  tapedeck check lesson.tape --recover readable.tape
  tapedeck export lesson.tape --to graph.svg
"""

#: Exit statuses: the person's code raised, two tapes differ or problems were found; the command
#: itself failed.
RAISED = DIFFERENT = 1
FAILED = 2


class UsageError(Exception):
    """The command cannot be carried out; the message is one clear sentence."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = _parser(arguments).parse_args(arguments)
    try:
        status: int = options.handler(options)
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


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the named command, or the one that opens the window."""
    if arguments and arguments[0] in COMMANDS:
        parser = argparse.ArgumentParser(
            prog="tapedeck", formatter_class=argparse.RawDescriptionHelpFormatter
        )
        commands = parser.add_subparsers(required=True)
        for name, (_, add) in COMMANDS.items():
            add(commands.add_parser(name, help=COMMANDS[name][0], description=COMMANDS[name][0]))
        return parser
    listing = "\n".join(f"  {name:8} {text}" for name, (text, _) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="tapedeck",
        description="The debugger for gradients.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"commands (each with its own --help):\n{listing}\n\n{EXAMPLES}",
    )
    parser.add_argument("--version", action="version", version=f"tapedeck {__version__}")
    parser.add_argument("file", nargs="?", metavar="FILE", help=".ipynb, .py or .tape to open")
    parser.add_argument("--theme", choices=["dark", "light"], help="start with this theme")
    parser.set_defaults(handler=_open)
    return parser


def _record_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the script or notebook to run")
    parser.add_argument("-o", "--output", metavar="OUT.tape", required=True, help="the recording")
    parser.add_argument("--executed", metavar="OUT.ipynb", help="the notebook with its outputs")
    parser.add_argument(
        "--allow-errors", action="store_true", help="go on after a cell that raises"
    )
    parser.add_argument(
        "--check", action="store_true",
        help="measure every gradient by finite differences, also of the program's own Functions "
        "(exit status 1 where one is wrong)",
    )  # fmt: skip
    parser.set_defaults(handler=_record)


def _info_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="OUT.tape", help="the recording")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(handler=_info)


def _diff_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", metavar="A.tape", help="a recording")
    parser.add_argument("second", metavar="B.tape", help="the recording to compare it with")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(handler=_diff)


def _problems_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.tape", help="the recording")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.add_argument(
        "--mathematics", action="store_true",
        help="also measure every gradient by finite differences at the recorded inputs",
    )  # fmt: skip
    parser.set_defaults(handler=_problems)


def _why_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.tape", help="the recording")
    parser.add_argument(
        "question", metavar="NAME", help="w.grad, w.grad[0,1], or loss for its value"
    )
    parser.add_argument(
        "--expect", metavar="FORMULA",
        help="what you expect it to be, like '2 * x.T @ (x @ w - y)', or numbers",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(handler=_why)


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.tape", help="the recording")
    parser.add_argument(
        "--recover", metavar="OUT.tape", help="write what can be read as a whole tape"
    )
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(handler=_check)


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="OUT.tape", help="the recording")
    parser.add_argument(
        "--to", metavar="FILE", required=True,
        help="FILE.png, .svg, .pdf, .dot, .graphml, .json; or the backward replay as .gif, .mp4 "
        "or .webm",
    )  # fmt: skip
    parser.add_argument("--graph", type=int, metavar="N", help="which graph (default: the last)")
    parser.add_argument("--theme", choices=["dark", "light"], default="dark")
    parser.add_argument("--scale", type=float, default=2.0, help="pixels per unit of a .png")
    parser.add_argument(
        "--playhead", type=int, metavar="N", help="tint a picture as after the first N events"
    )
    parser.add_argument(
        "--colour-by", metavar="WHAT", default="operation",
        help="operation, value, gradient, time, memory or type",
    )  # fmt: skip
    parser.add_argument(
        "--flow", action="store_true", help="edges show the size of the gradients that crossed them"
    )
    parser.add_argument(
        "--group-by", metavar="WHAT",
        help="module (which suits most graphs), loop, line, cell or nothing",
    )  # fmt: skip
    parser.add_argument(
        "--fold", type=int, metavar="LEVEL",
        help="fold groups so many levels inside, 0 for the outermost (default: none, but in a "
        "large graph)",
    )  # fmt: skip
    parser.add_argument("--arrangement", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument(
        "--left-to-right", action="store_true", help="the graph runs to the right, not down"
    )
    film = parser.add_argument_group("a replay")
    film.add_argument("--fps", type=float, default=25.0, help="frames per second (25)")
    film.add_argument("--size", type=_size, default=(1280, 720), help="pixels (1280x720)")
    film.add_argument(
        "--speed", type=float, default=4.0,
        help="steps per second (4); more where the steps would take longer than a minute",
    )  # fmt: skip
    # For the window, which shows the progress of its exports.
    parser.add_argument("--progress", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(handler=_export)


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "record": ("run a script or notebook without a window and keep the tape", _record_options),
    "info": ("print what a tape holds", _info_options),
    "diff": ("compare two tapes: exit status 0 same, 1 different, 2 error", _diff_options),
    "problems": (
        "list what looks wrong in a run (exit status 1)",
        _problems_options,
    ),
    "why": (
        "say why a gradient is None, zero, NaN, doubled or not as expected, or a value NaN",
        _why_options,
    ),
    "check": ("verify a tape and say where it is damaged", _check_options),
    "export": ("draw or write a tape's graph", _export_options),
}


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
    import gc

    gc.disable()  # nothing of what a start makes is garbage; `run` enables it
    from app.main import run

    return run(path, theme=options.theme)


def _record(options: argparse.Namespace) -> int:
    from app.documents import DocumentError
    from app.record import record

    path, output = _existing(options.file), _writable(options.output, ".tape")
    executed = _writable(options.executed, ".ipynb") if options.executed else None
    try:
        result = record(
            path, output, executed, allow_errors=options.allow_errors, progress=_show_progress,
            check=options.check,
        )  # fmt: skip
    except DocumentError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or output}: {error.strerror}") from None
    if result.error:
        print(result.error, file=sys.stderr)
    print(f"recorded {output}", file=sys.stderr)
    if options.check:
        from app.measuring import measure

        if not measure(output, result.checks):
            return DIFFERENT
    return RAISED if result.error and not options.allow_errors else 0


def _show_progress(done: int, total: int, what: str) -> None:
    """Keep one line on stderr up to date on a terminal; print nothing into a log."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r\033[K{done}/{total} {what[:60]}", end=end, file=sys.stderr, flush=True)


def _print_progress(done: int, total: int, what: str) -> None:
    print(done, total, flush=True)


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
    from engine.tape.comparison_text import as_json, as_text
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
        tape.close()
    except TapeError as error:
        raise UsageError(str(error)) from None
    if options.json:
        print(json.dumps(told, indent=2))
    else:
        print("\n\n".join(map(str, told)) or "nothing looks wrong")
    return DIFFERENT if any(one.severity > Severity.NOTE for one in found) else 0


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
    from engine.tape.tape import Tape, TapeError

    path, target = _existing(options.file), Path(options.to)
    progress = _print_progress if options.progress else _show_progress
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
    """Let SIGTERM be like Ctrl+C meanwhile: nothing half-written stays."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _size(text: str) -> tuple[int, int]:
    """Read "1280x720"; raises what argparse reports."""
    width, x, height = text.lower().partition("x")
    if not (x and width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720")
    return int(width), int(height)


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


if __name__ == "__main__":
    entry()
