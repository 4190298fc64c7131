"""Groups of the graph: by what, which are folded, which are made by hand, and the open one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.controller.graph import GraphBinding
from app.pictures import Picture
from app.session import Session
from app.window import Window
from engine.tape.tape import Tape
from ui.graph.folding import GroupWish
from ui.graph.groups import By
from ui.graph.types import Kind, NodeId


class Grouping(QObject):
    """Folds and unfolds groups in the session, and keeps chooser and crumbs up to date."""

    def __init__(
        self, session: Session, window: Window, graph: GraphBinding, undo: QUndoStack
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._graph, self._undo = session, window, graph, undo
        self._pane, self._canvas = window.graph, window.graph.canvas
        graph.shown.connect(self._shown)
        session.selection_changed.connect(self._tell_path)
        self._canvas.fold_requested.connect(self.fold)
        self._canvas.node_activated.connect(self.unfold)
        self._pane.grouping.chosen.connect(self.choose)
        self._pane.crumbs.chosen.connect(self._canvas.show_group)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            "fold_group": self.toggle,
            "fold_level": lambda: self._fold_to(-1),
            "unfold_level": lambda: self._fold_to(1),
            "fold_all": lambda: self._fold_all(True),
            "unfold_all": lambda: self._fold_all(False),
            "group_selection": self.group_selection,
            "ungroup": self.ungroup,
            **{f"group_{by}": partial(self.choose, by) for by in By},
        }

    def choose(self, by: By) -> None:
        """Group the graph by this."""
        self._session.set_grouping(replace(self._session.grouping, by=by))

    def fold(self, group: NodeId) -> None:
        """Show a group as one node."""
        picture = self._graph.picture
        if picture is not None and group in picture.groups.index:
            self._set(picture, picture.folded | {group}, group)

    def unfold(self, group: NodeId) -> None:
        """Show the nodes of a folded group; anything else is no group and stays."""
        picture = self._graph.picture
        if picture is not None and group in picture.folded:
            self._set(picture, picture.folded - {group}, group)

    def toggle(self) -> None:
        """Unfold the selected group, or fold the innermost one around the selected node."""
        picture, node = self._graph.picture, self._session.selection
        if picture is None:
            return
        path = [] if node is None else picture.groups.path(node)
        outer = next((group.id for group in path if group.id in picture.folded), None)
        if outer is not None:
            self.unfold(outer)
        elif path:
            self.fold(path[-1].id)
        else:
            self._say("Select a node in a group first: that group is folded.")

    def group_selection(self) -> None:
        """Make a group of the selected nodes, with all that lies between them."""
        picture = self._graph.picture
        if picture is None or picture.info is None or picture.focus is not None:
            return
        nodes = [node for node in self._canvas.picked() if node.kind != Kind.GROUP]
        for group in self._canvas.picked():
            if group.kind == Kind.GROUP and group in picture.groups.index:
                nodes += picture.groups.members(group)
        if len(nodes) < 2:
            self._say("Select several nodes first, with Shift and click or a rubber band.")
            return
        made = self._chosen(picture)
        self._push("Group Selection", picture, (*made, frozenset(nodes)))

    def ungroup(self) -> None:
        """Dissolve the group that was made by hand around the selected node."""
        picture, node = self._graph.picture, self._session.selection
        path = [] if picture is None or node is None else picture.groups.path(node)
        if picture is None or picture.groups.by != By.HAND or not path:
            self._say("Select a group that was made with Group Selection first.")
            return
        inside = set(picture.groups.members(path[-1].id))
        rest = tuple(made for made in self._chosen(picture) if not made & inside)
        self._push("Ungroup", picture, rest)

    # --- within

    def _chosen(self, picture: Picture) -> tuple[frozenset[NodeId], ...]:
        assert picture.info is not None
        return self._session.grouping.chosen.get(picture.info.first_event, ())

    def _push(
        self, text: str, picture: Picture, chosen: tuple[frozenset[NodeId], ...]
    ) -> None:  # fmt: skip
        assert picture.info is not None
        now = self._session.grouping
        by = By.HAND if chosen else None
        made = {**now.chosen, picture.info.first_event: chosen}
        self._undo.push(_Regroup(text, self._session, replace(now, by=by, chosen=made)))

    def _fold_to(self, step: int) -> None:
        """Fold the innermost open level, or unfold the outermost folded one."""
        picture = self._graph.picture
        if picture is None or not picture.groups.groups:
            return
        groups = picture.groups
        depths = [group.depth for group in groups.groups if group.id in picture.folded]
        level = min(depths, default=groups.levels)
        level = min(max(level + step, 0), groups.levels)
        self._set(picture, groups.deeper(level), None)

    def _fold_all(self, folded: bool) -> None:
        picture = self._graph.picture
        if picture is not None:
            self._set(picture, picture.groups.deeper(0) if folded else frozenset(), None)

    def _set(self, picture: Picture, folded: frozenset[NodeId], anchor: NodeId | None) -> None:
        if picture.info is None or folded == picture.folded:
            return
        key = picture.info.first_event, picture.groups.by
        text = "Unfold" if folded < picture.folded else "Fold"
        change = picture.folded, folded
        self._undo.push(_Refold(text, self._session, self._graph, key, change, anchor))

    def _shown(self) -> None:
        picture = self._graph.picture
        if picture is None:
            self._pane.grouping.set_choices([], By.NOTHING)
        else:
            could_be = [By.NOTHING, *picture.could_be]
            if picture.info is not None and self._chosen(picture):
                could_be.append(By.HAND)
            by = picture.groups.by if picture.groups.groups else By.NOTHING
            self._pane.grouping.set_choices(could_be, by)
        for by in By:
            action = self._window.actions_by_id.get(f"group_{by}")
            if action is not None:
                action.setEnabled(self._pane.grouping.offers(by))
                action.setChecked(self._pane.grouping.by == by)
        self._tell_path(self._session.selection)

    def _tell_path(self, node: NodeId | None) -> None:
        picture = self._graph.picture
        path = [] if picture is None or node is None else picture.groups.path(node)
        self._pane.crumbs.set_path([(group.id, group.title) for group in path])

    def _say(self, text: str) -> None:
        self._window.statusBar().showMessage(text, 6000)


class _Refold(QUndoCommand):
    """Other groups that are folded; only for the tape that they are of."""

    def __init__(
        self, text: str, session: Session, graph: GraphBinding, key: tuple[int, By],
        change: tuple[frozenset[NodeId], frozenset[NodeId]], anchor: NodeId | None,
    ) -> None:  # fmt: skip
        """key: as in `GroupWish.folded`; change: what was folded, and what will be; anchor: the
        group with which the camera stays."""
        super().__init__(text)
        self._session, self._graph, self._tape = session, graph, session.tape
        self._key, self._change, self._anchor = key, change, anchor

    def redo(self) -> None:
        self._set(self._change[1])

    def undo(self) -> None:
        self._set(self._change[0])

    def _set(self, folded: frozenset[NodeId]) -> None:
        tape: Tape | None = self._session.tape
        if tape is not None and tape is self._tape:
            self._graph.anchor = self._anchor
            now = self._session.grouping
            self._session.set_grouping(replace(now, folded={**now.folded, self._key: folded}))


class _Regroup(QUndoCommand):
    """Other groups made by hand; only for the tape that they are of."""

    def __init__(self, text: str, session: Session, new: GroupWish) -> None:
        super().__init__(text)
        self._session, self._tape = session, session.tape
        self._old, self._new = session.grouping, new

    def redo(self) -> None:
        self._set(self._new)

    def undo(self) -> None:
        self._set(self._old)

    def _set(self, grouping: GroupWish) -> None:
        tape: Tape | None = self._session.tape
        if tape is not None and tape is self._tape:
            folded = self._session.grouping.folded
            self._session.set_grouping(replace(grouping, folded=folded))
