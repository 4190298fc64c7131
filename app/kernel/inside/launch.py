"""Start the kernel: private settings, the engine as torch, the recorder, then IPython's loop."""

# mypy: allow-untyped-calls
from __future__ import annotations

import argparse
import atexit
import faulthandler
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

import engine
from app.kernel.inside import imports
from app.kernel.inside.memory import limit_memory
from app.kernel.inside.parent import watch_parent
from app.kernel.inside.recording import CellRecording
from app.kernel.inside.shell import CellKernel
from app.kernel.messages import KEEP_MEGABYTES
from engine import process
from engine.tape.recorder import Recorder

#: Set to anything to see the engine's own frames in tracebacks.
FULL_TRACEBACKS = "TAPEDECK_FULL_TRACEBACKS"
#: How many megabytes of arrays a recording keeps whole, whatever the preferences say.
KEEP = "TAPEDECK_KEEP_MB"
#: The whole file of a recording may have so many times that.
WHOLE, LEAST = 2, 1e9


def main(argv: Sequence[str]) -> None:
    """Run the kernel until it is shut down or its parent dies."""
    options = _parse(argv)
    _restore_environment(options)
    imports.install()
    # A crash in C tells its line there; stderr itself is a pipe whose reader crashes too.
    log = options.log.open("a", encoding="utf-8")
    faulthandler.enable(log, all_threads=False)
    application = _make_application(options)
    keep = _bytes_to_keep(options.keep)
    recording = CellRecording(
        application.kernel, Recorder(options.spool, keep, max(WHOLE * keep, LEAST))
    )
    recording.begin()
    application.kernel.shell.memory = limit_memory(options.memory)
    watch_parent(options.parent, lambda: _leave(options.folder, recording))
    _step_aside(options.root)
    process.relax()
    application.start()
    # Its own clean-up closes sockets that its threads still send on, and now and then waits for
    # ever. The process ends here anyway.
    atexit.unregister(application.close)
    atexit.unregister(application.iopub_thread.stop)
    application.reset_io()


def _bytes_to_keep(megabytes: float) -> float:
    """Return how many bytes of arrays are recorded whole."""
    text = os.environ.get(KEEP) or str(megabytes)
    try:
        return float(text) * 1e6
    except ValueError:
        sys.exit(f"{KEEP} must be a number of megabytes, not {text!r}")


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tapedeck kernel")
    parser.add_argument("--folder", type=Path, required=True, help="private; holds all the rest")
    parser.add_argument("--connection", type=Path, required=True)
    parser.add_argument("--spool", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--keep", type=float, default=KEEP_MEGABYTES, help="MB of whole arrays")
    parser.add_argument("--memory", type=float, default=0.0, help="MB of data; 0: no limit")
    parser.add_argument("--root", help="the source tree, if it was put on PYTHONPATH")
    parser.add_argument("--pythonpath", help="what PYTHONPATH was before that")
    return parser.parse_args(argv)


def _restore_environment(options: argparse.Namespace) -> None:
    """Leave no trace of how we were started to the person's code and its child processes."""
    if options.root:
        os.environ.pop("PYTHONPATH", None)
        if options.pythonpath is not None:
            os.environ["PYTHONPATH"] = options.pythonpath
    sys.argv = [""]


def _make_application(options: argparse.Namespace) -> IPKernelApp:
    config = Config()
    # Someone's own profile may start anything; the history database costs a thread and a file.
    config.HistoryManager.enabled = False
    # Jedi takes seconds for its first answer and imports what it reads; the namespace is at hand.
    config.Completer.use_jedi = False
    config.IPKernelApp.outstream_class = "app.kernel.inside.streams.CellStream"
    config.IPKernelApp.kernel_class = CellKernel
    application = IPKernelApp.instance(
        config=config, connection_file=str(options.connection), log_level=50
    )
    with _private_ipython(options.folder / "ipython"), _without("debugpy"):
        application.initialize([])
    if not os.environ.get(FULL_TRACEBACKS):
        assert application.shell is not None
        folders = [*engine.__path__, str(Path(__file__).parent)]
        application.shell.hidden_folders = tuple(str(Path(folder)) + os.sep for folder in folders)
    return application


@contextmanager
def _private_ipython(folder: Path) -> Iterator[None]:
    """Keep IPython from reading, or making, a profile in somebody's home."""
    before = os.environ.get("IPYTHONDIR")
    os.environ["IPYTHONDIR"] = str(folder)
    yield
    del os.environ["IPYTHONDIR"]
    if before is not None:
        os.environ["IPYTHONDIR"] = before


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Let a module that would be imported for nothing be missing: debugpy takes 0.1 s."""
    sys.modules[module] = None  # type: ignore[assignment]
    yield
    del sys.modules[module]


def _step_aside(root: str | None) -> None:
    """Let the person's modules have the names that ours go by, and their folder its place.

    The folder comes before installed packages and after the standard library, as in Jupyter: a
    `random.py` of theirs must not reach into this process.
    """
    if root and root in sys.path:
        sys.path.remove(root)
    for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
        del sys.modules[name]
    if "" not in sys.path:
        ends = (f"{os.sep}site-packages", f"{os.sep}dist-packages")
        places = [i for i, path in enumerate(sys.path) if path.endswith(ends)]
        sys.path.insert(min(places, default=len(sys.path)), "")


def _leave(folder: Path, recording: CellRecording) -> None:
    """End at once: nobody is there any more. A tape with something on it stays to be recovered."""
    try:
        if recording.is_empty():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            recording.finish()
            for entry in folder.glob("kernel*"):
                entry.unlink(missing_ok=True)
            shutil.rmtree(folder / "ipython", ignore_errors=True)
    finally:
        os._exit(1)
