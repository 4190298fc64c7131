"""What can be said on the command line: commands, their options and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

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


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line; `command` says which it is, "open" for the window.

    Ends the program with what argparse says of a line that cannot be read, and after --help.
    """
    return _parser(arguments).parse_args(arguments)


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
    parser.set_defaults(command="open")
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
    parser.set_defaults(command="record")


def _info_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="OUT.tape", help="the recording")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(command="info")


def _diff_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", metavar="A.tape", help="a recording")
    parser.add_argument("second", metavar="B.tape", help="the recording to compare it with")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(command="diff")


def _problems_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.tape", help="the recording")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.add_argument(
        "--mathematics", action="store_true",
        help="also measure every gradient by finite differences at the recorded inputs",
    )  # fmt: skip
    parser.set_defaults(command="problems")


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
    parser.set_defaults(command="why")


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.tape", help="the recording")
    parser.add_argument(
        "--recover", metavar="OUT.tape", help="write what can be read as a whole tape"
    )
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(command="check")


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
    parser.set_defaults(command="export")


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


def _size(text: str) -> tuple[int, int]:
    """Read "1280x720"; raises what argparse reports."""
    width, x, height = text.lower().partition("x")
    if not (x and width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720")
    return int(width), int(height)
