"""The lines of a remedy, written into the notebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from PySide6.QtCore import QObject

from app.controller.cells import CellActions
from app.session import Session
from app.window import Window
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.pasting import pasted

_CHANGED = "The notebook is changed as proposed. Run it again to see whether the problem is gone."
_OTHERWISE = "The cell reads otherwise by now than when it ran: nothing is changed."


class Remedying(QObject):
    """Changes the cells as a finding proposes, where they still read as when they ran."""

    def __init__(
        self, session: Session, window: Window, cells: CellActions, run_anew: Callable[[], object]
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._cells, self._run_anew = session, window, cells, run_anew
        window.problems.can_apply = lambda finding: self._sources(finding) is not None
        window.problems.apply_requested.connect(self.apply)

    def apply(self, finding: Finding) -> None:
        """Write the lines of a finding into the notebook, as one change that can be undone."""
        sources, notice = self._sources(finding), self._window.notice
        if sources is None:
            notice.show_message(_OTHERWISE)
            return
        self._cells.change_sources("Apply Remedy", sources)
        self._window.problems.set_applied()
        first = finding.edits[0].at
        self._window.notebook.reveal(first.cell, first.line)
        notice.show_message(_CHANGED, action=("Restart and Run All", self._run_anew))

    def _sources(self, finding: Finding) -> dict[str, str] | None:
        """Return the cells with the lines in them; None if one has gone or reads otherwise."""
        known = {cell.key: cell.source for cell in self._session.document.cells}
        edits = defaultdict[str, list[Edit]](list)
        for edit in finding.edits:
            edits[edit.at.cell].append(edit)
        found = {}
        for key, some in edits.items():
            changed = pasted(known[key], some) if key in known else None
            if changed is None:
                return None
            found[key] = changed
        return found or None
