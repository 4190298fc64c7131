"""Kernels to test with, and an ear for what they signal."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

from app.kernel.client import Kernel, OutputLimit, Reply

SIGNALS = (
    "state_changed", "started_cell", "outputs", "cleared", "held_back", "finished", "tape_ready",
    "tape_grew", "died", "input_requested", "completed", "inspected",
)  # fmt: skip
SECONDS = 30


class Heard:
    """Keeps everything that a kernel signals, in order, and waits for what is to come."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.signals: list[tuple[Any, ...]] = []
        self._loop = QEventLoop()
        self._number = 0
        for name in SIGNALS:
            getattr(kernel, name).connect(lambda *values, name=name: self._hear(name, values))

    def _hear(self, name: str, values: tuple[Any, ...]) -> None:
        self.signals.append((name, *values))
        self._loop.quit()

    def until(self, happened: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Let events come until `happened`; fails after some seconds."""
        late = QTimer()
        late.setSingleShot(True)
        late.timeout.connect(self._loop.quit)
        late.start(int(1000 * seconds))
        while not happened():
            assert late.isActive(), f"nothing happened; last: {self.signals[-5:]!r:.2000}"
            self._loop.exec()

    def settle(self, true: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait for what no signal tells; fails after some seconds."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it did not come true"
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def of(self, name: str, key: str | None = None) -> list[Any]:
        """Return the values of one signal, of one cell if it has a key."""
        found = [s[1:] for s in self.signals if s[0] == name and (key is None or s[1] == key)]
        return [values[0] if len(values) == 1 else values for values in found]

    def wait_state(self, state: str) -> None:
        self.until(lambda: self.kernel.state == state)

    def start(self, cwd: Path | None = None) -> None:
        with pytest.MonkeyPatch.context() as patch:
            # ipykernel looks for it, and then does not capture what child processes print.
            patch.delenv("PYTEST_CURRENT_TEST", raising=False)
            self.kernel.start(cwd)
            self.until(lambda: self.kernel.state in ("idle", "dead"))
        assert self.kernel.state == "idle", self.of("died")
        self.until(lambda: bool(self.of("tape_ready")))

    def send(self, source: str) -> str:
        """Run a cell under a key of its own, without waiting."""
        self._number += 1
        key = f"cell-{self._number}"
        self.kernel.execute(key, source)
        return key

    def sent(self, source: str) -> str:
        """Send a cell and wait until it has begun."""
        key = self.send(source)
        self.until(lambda: bool(self.of("started_cell", key)))
        return key

    def reply(self, key: str) -> Reply:
        """Wait for a cell's end."""
        self.until(lambda: bool(self.of("finished", key)))
        reply: Reply = self.of("finished", key)[0][1]
        return reply

    def run(self, source: str) -> str:
        """Run a cell to its end and return its key."""
        key = self.send(source)
        self.reply(key)
        return key

    def outputs(self, key: str) -> list[dict[str, Any]]:
        """Return what a cell shows now."""
        shown: list[dict[str, Any]] = []
        for name, *values in self.signals:
            if name == "cleared" and values[0] == key:
                shown.clear()
            elif name == "outputs" and values[0] == key:
                shown.extend(values[1])
        return shown

    def printed(self, key: str, stream: str = "stdout") -> str:
        """Return what a cell shows as printed text."""
        return "".join(
            output["text"]
            for output in self.outputs(key)
            if output["output_type"] == "stream" and output["name"] == stream
        )

    def value(self, source: str) -> str:
        """Return the repr of a cell's last expression, or its error."""
        key = self.run(source)
        for output in self.outputs(key):
            if output["output_type"] == "execute_result":
                return str(output["data"]["text/plain"])
        return repr(self.reply(key))


@pytest.fixture
def make_kernel(qapp: object) -> Iterator[Callable[..., Heard]]:
    """Make kernels that are not started; nothing of theirs may be left at the end."""
    made: list[Kernel] = []
    folder = Path(tempfile.mkdtemp())  # a short path, so that sockets fit into it

    def make(limit: OutputLimit | None = None, **options: Any) -> Heard:
        made.append(Kernel(limit=limit, folder=folder, **options))
        return Heard(made[-1])

    yield make
    for kernel in made:
        kernel.shutdown()
    assert all(kernel.join() for kernel in made)
    folder.rmdir()  # which raises if it is not empty


@pytest.fixture(scope="module")
def shared(qapp: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """A kernel that the tests of a file share; whoever breaks it makes their own."""
    heard = Heard(Kernel())
    heard.start(tmp_path_factory.mktemp("document"))
    yield heard
    heard.kernel.shutdown()
    assert heard.kernel.join()
