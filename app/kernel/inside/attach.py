"""Load the recorder into a kernel that runs already and was started by somebody else."""

# mypy: allow-untyped-calls
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython

from app.kernel.inside import imports
from app.kernel.inside.recording import CellRecording
from engine.tape.recorder import Recorder

WHOLE, LEAST = 2, 1e9  # as in launch


class StillStream:
    """Stands where our own kernel's streams are: prints of this one go their usual way."""

    listener = None

    def begin(self, listener: object = None) -> None:
        """A cell begins."""

    def settle(self) -> None:
        """A cell has ended."""

    def drain(self) -> None:
        """Nothing was put aside."""

    def forget(self) -> None:
        """Nothing is to be forgotten in a child."""


class AttachedRecording(CellRecording):
    """Records a foreign kernel: cells of `session` by their keys, those of others as "run-3"."""

    def __init__(self, kernel: Any, recorder: Recorder, session: str) -> None:
        super().__init__(kernel, recorder)
        self._session = session
        self._streams = (StillStream(), StillStream())  # type: ignore[assignment]

    def leave(self) -> None:
        """Record nothing any more; the kernel goes on as if nobody had been there."""
        events = self._kernel.shell.events
        events.unregister("pre_run_cell", self._begin_cell)
        events.unregister("post_run_cell", self._end_cell)
        self.finish()
        self._kernel.tapedeck = None  # type: ignore[attr-defined]

    def _key(self, info: Any, count: int) -> str:
        header = self._kernel.get_parent("shell").get("header", {})
        ours = header.get("session") == self._session
        return str(info.cell_id) if ours and info.cell_id else f"run-{count}"

    def _place_error(self, error: BaseException) -> None:
        """Its reply is IPython's own and has no room for the place."""


def attach(spool: str, session: str, megabytes: float) -> None:
    """Record everything that runs in this kernel from the next cell on.

    Raises RuntimeError where the real PyTorch is imported already: its tensors are not ours.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch is not sys.modules.get("engine"):
        raise RuntimeError(
            "it has imported PyTorch already, whose operations cannot be recorded; "
            "restart it, attach, and then import torch"
        )
    shell: Any = get_ipython()
    kernel = shell.kernel
    before = getattr(kernel, "tapedeck", None)
    if before is not None:
        before.leave()
    if not any(isinstance(finder, imports.EngineFinder) for finder in sys.meta_path):
        imports.install()
    keep = megabytes * 1e6
    recorder = Recorder(Path(spool), keep, max(WHOLE * keep, LEAST))
    kernel.tapedeck = AttachedRecording(kernel, recorder, session)
    kernel.tapedeck.begin()
