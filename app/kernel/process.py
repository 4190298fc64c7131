"""The kernel as a process: start it, interrupt it, end it with all its children."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

import app
from app.kernel.folders import SPOOL
from app.kernel.messages import Budget

#: Bytes that a socket's path may have (sun_path is 104 on macOS, 108 on Linux), with "-5\0".
PATH_LIMIT = 100
LOG_LIMIT = 1_000_000
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


class KernelProcess:
    """One kernel process, leader of a process group of its own.

    `folder` is private to it and stays the caller's to remove. Raises OSError if `cwd` is missing
    or the interpreter cannot be started.
    """

    def __init__(
        self, folder: Path, cwd: Path | None = None, transport: str | None = None,
        budget: Budget | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.spool = folder / SPOOL
        self.connection = _make_connection(folder, transport or default_transport(folder))
        self._interrupt_event: Any = None
        self._log = folder / "kernel.log"
        arguments, environment = self._command(budget or Budget())
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                arguments,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                **_own_group(),
            )
        self._pidfd = _open_process(self._popen.pid)

    @property
    def pid(self) -> int:
        """The process id, also of the group."""
        return self._popen.pid

    @property
    def descriptor(self) -> int | None:
        """A descriptor that becomes readable when the process ends; None where there is none."""
        return self._pidfd

    def has_ended(self) -> bool:
        """Return whether the process is gone; the first to see it ends what it left running."""
        if self._popen.returncode is not None:
            return True
        if hasattr(os, "waitid"):
            # Not reaped yet, its number cannot belong to another process: safe to end its group.
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            if os.waitid(os.P_PID, self.pid, options) is None:
                return False
            self._signal_group(signal.SIGKILL)
        return self._popen.poll() is not None

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell; subprocesses get the signal too."""
        if self._popen.returncode is not None:
            return
        if self._interrupt_event is not None:
            from jupyter_client.win_interrupt import send_interrupt

            send_interrupt(self._interrupt_event)
        else:
            self._signal_group(signal.SIGINT)

    def kill(self) -> None:
        """End the process and its group at once."""
        if self._popen.returncode is not None:
            return
        if os.name == "posix":
            self._signal_group(signal.SIGKILL)
        else:
            self._popen.kill()
        self._popen.wait()

    def wait(self, seconds: float) -> bool:
        """Return whether the process has ended within this time."""
        deadline = time.monotonic() + seconds
        while not self.has_ended():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._pidfd is not None:
                select.select([self._pidfd], [], [], left)
            else:
                time.sleep(min(left, 0.02))
        return True

    def close(self) -> None:
        """Kill what is left and free what we hold of it."""
        self.kill()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def trim_log(self) -> None:
        """Keep code that writes to the bare stderr for ever from filling the disk."""
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT:
            os.truncate(self._log, 0)

    def last_words(self) -> str:
        """Return how the process ended, with the end of what it wrote to its bare stderr."""
        status = self._popen.returncode
        if status is None:
            return ""
        if status < 0:
            how = f"The kernel was ended by {_signal_name(-status)}."
        else:
            how = f"The kernel ended itself with exit status {status}."
        lines = (
            self._log.read_text("utf-8", "replace")[-4000:].strip() if self._log.exists() else ""
        )
        return f"{how}\n{lines}" if lines else how

    def _command(self, budget: Budget) -> tuple[list[str], dict[str, str]]:
        """Return command line and environment; -P keeps modules in `cwd` from replacing ours."""
        from jupyter_client.connect import write_connection_file  # as Channels imports its

        connection = self.folder / "kernel.json"
        write_connection_file(str(connection), **self.connection)
        self.connection = json.loads(connection.read_text("utf-8"))
        environment = dict(os.environ)
        arguments = [sys.executable, "-P", "-m", "app.kernel.inside"]
        for name, value in [
            ("folder", self.folder),
            ("connection", connection),
            ("spool", self.spool),
            ("log", self._log),
            ("parent", os.getpid()),
            ("keep", budget.keep),
            ("memory", budget.memory),
        ]:
            arguments += [f"--{name}", str(value)]
        root = str(Path(app.__file__).absolute().parent.parent)
        if root not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
            before = environment.get("PYTHONPATH")
            arguments += ["--root", root]
            if before is not None:
                arguments += ["--pythonpath", before]
            environment["PYTHONPATH"] = os.pathsep.join([root, before] if before else [root])
        if os.name == "nt":
            from jupyter_client.win_interrupt import create_interrupt_event

            self._interrupt_event = create_interrupt_event()
            environment["JPY_INTERRUPT_EVENT"] = str(self._interrupt_event)
        return arguments, environment

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def default_transport(folder: Path) -> str:
    """Return "ipc" where sockets can live in the folder, else "tcp"."""
    fits = len(os.fsencode(folder / "kernel-5")) < PATH_LIMIT
    return "ipc" if os.name == "posix" and fits else "tcp"


def _make_connection(folder: Path, transport: str) -> dict[str, Any]:
    connection: dict[str, Any] = {"transport": transport, "key": secrets.token_hex(32).encode()}
    if transport == "ipc":
        connection["ip"] = str(folder / "kernel")
        connection |= {f"{name}_port": number for number, name in enumerate(CHANNELS, 1)}
    else:
        connection["ip"] = "127.0.0.1"
    return connection


def _own_group() -> dict[str, Any]:
    """Return what keeps a Ctrl+C in our terminal from reaching the kernel."""
    if os.name == "posix":
        return {"start_new_session": True}
    return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]


def _open_process(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"{name} (out of memory, or something ended it)" if name == "SIGKILL" else name
