"""Kill and restart a kernel many times, and count what each life leaves behind.

`python -m tests.benchmarks.kernel_rounds [rounds]` (200) ends its kernel in turn by an interrupt
and restart, by `os._exit`, by SIGKILL while it runs, by SIGKILL while it writes a large tape, and
while a forked child runs; then it prints processes, threads, descriptors, shared memory and
folders before and after. It fails if anything is left.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop

from app.kernel.client import Kernel

SECONDS = 60  # that one step may take
BIG = """\
import torch
x = torch.ones(1_000_000, requires_grad=True)
while True: x.mul(2).sum().backward()
"""
FORK = "import os\nif not os.fork():\n    import time\n    time.sleep(3600)\nwhile True: pass"


class Rounds:
    """One kernel object, and what its lives leave behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kernel = Kernel(folder=folder)
        self.started: set[str] = set()
        self.kernel.started_cell.connect(lambda key, _: self.started.add(key))
        self.grown = 0
        self.kernel.tape_grew.connect(self._grew)

    def until(self, true: Callable[[], bool]) -> None:
        """Let events come until it is true."""
        deadline = time.monotonic() + SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise SystemExit(f"it did not come true within {SECONDS} s")
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)

    def start(self) -> int:
        """Start a kernel and return its process."""
        self.kernel.start()
        self.until(lambda: self.kernel.state in ("starting", "dead"))
        self.until(lambda: self.kernel.state == "idle")
        return self.pids()[-1]

    def run(self, key: str, source: str) -> None:
        """Send a cell and wait until it has begun."""
        self.kernel.execute(key, source)
        self.until(lambda: key in self.started)

    def round(self, number: int) -> str:
        """Live and die once; returns how."""
        pid = self.start()
        key = f"cell-{number}"
        how = ("restart", "os._exit", "SIGKILL", "SIGKILL in a large tape", "fork")[number % 5]
        if how == "os._exit":
            self.kernel.execute(key, "import os; os._exit(1)")
        else:
            text = {"SIGKILL in a large tape": BIG, "fork": FORK}.get(how, "while True: pass")
            self.run(key, text)
        if how == "SIGKILL in a large tape":
            self.grown = 0
            self.until(lambda: self.grown > 2)
        if how.startswith("SIGKILL") or how == "fork":
            os.kill(pid, signal.SIGKILL)
        if how != "restart":
            self.until(lambda: self.kernel.state == "dead")
        return how

    def pids(self) -> list[int]:
        """Return the processes that began in this one, oldest first."""
        entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        return sorted(int(entry.name) for entry in entries if _is_ours(entry, self.folder))

    def used(self) -> dict[str, int]:
        """Count what is in use."""
        return {
            "processes": len(self.pids()),
            "threads": len(list(Path("/proc/self/task").iterdir())),
            "descriptors": len(list(Path("/proc/self/fd").iterdir())),
            "shared memory": len(list(Path("/dev/shm").iterdir())),
            "folders": len(list(self.folder.iterdir())),
        }

    def _grew(self) -> None:
        self.grown += 1


def _is_ours(entry: Path, folder: Path) -> bool:
    try:
        return (
            str(folder).encode() in (entry / "cmdline").read_bytes()
            and b"State:\tZ" not in (entry / "status").read_bytes()
        )
    except OSError:
        return False


def main(count: int) -> int:
    """Do the rounds and print what was found."""
    application = QCoreApplication([])
    with tempfile.TemporaryDirectory(prefix="td") as name:
        rounds = Rounds(Path(name))
        rounds.start()
        rounds.start()  # what a restart needs once is there now
        before, began, ways = rounds.used(), time.monotonic(), Counter[str]()
        for number in range(count):
            ways[rounds.round(number)] += 1
        rounds.start()
        rounds.until(lambda: rounds.used()["threads"] <= before["threads"])
        after = rounds.used()
        print(f"{count} rounds in {time.monotonic() - began:.0f} s: {dict(ways)}")
        for what, number in before.items():
            print(f"{what:14} before {number:4}   after {after[what]:4}")
        rounds.kernel.shutdown()
        rounds.kernel.join()
        left = rounds.used()
        print(f"after the end: {left['processes']} processes, {left['folders']} folders")
        del application
    worse = [what for what in before if after[what] > before[what]]
    return 1 if worse or left["processes"] or left["folders"] else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
