"""What the inspector tells of a node: titled sections below its name and its line of code."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ui.inspector.derivative import DerivativeView
from ui.inspector.header import Header
from ui.inspector.iterations import IterationsView
from ui.inspector.ledger import LedgerView
from ui.inspector.parts import LinkRow, Section, SourceRow, ValueEdit
from ui.inspector.records import Fact, Links, NodeView, Shown
from ui.keyboard import tab_after
from ui.plots.tensor_view import TensorView
from ui.theme import SPACE, Theme


class Details(QScrollArea):
    """Shows a NodeView."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.header = Header(theme)
        self.facts = _Facts()
        self.links = _LinkLists(theme)
        self.source = SourceRow(theme)
        self.value, self.gradient = _ShownView(theme), _ShownView(theme)
        self.ledger = LedgerView(theme)
        self.iterations = IterationsView(theme)
        self.derivative = DerivativeView(theme)
        self.sections = {
            "facts": Section("Facts", self.facts, theme),
            "gradient": Section("Gradient", self.gradient, theme),
            "derivative": Section("Local derivative", self.derivative, theme),
            "ledger": Section("Contributions", self.ledger, theme),
            "iterations": Section("Over iterations", self.iterations, theme),
            "value": Section("Value", self.value, theme),
            "links": Section("Connections", self.links, theme),
        }
        self.gradient.title = self.sections["gradient"].title
        self.value.title = self.sections["value"].title
        self._lay_out()
        self.sections["derivative"].hide()  # until its owner has computed one

    def show_node(self, view: NodeView) -> None:
        """Show a node. Parts that did not change are left alone."""
        self.header.set_words(view.title, view.subtitle, view.stripe)
        self.facts.set_facts(view.facts)
        self.links.set_groups(view.links)
        self._show_source(view)
        for name, part, shown in (
            ("value", self.value, view.value),
            ("gradient", self.gradient, view.gradient),
        ):
            self.sections[name].setVisible(shown is not None)
            if shown is not None:
                self.sections[name].title.set_words(shown.title, part.set_shown(shown))
        self.value.set_editable(view.editable)
        self.sections["links"].setVisible(bool(view.links))
        self.sections["ledger"].setVisible(view.ledger is not None)
        if view.ledger is not None:
            self.sections["ledger"].title.set_words(view.ledger.title)
            self.ledger.set_ledger(view.ledger)
        self.sections["iterations"].setVisible(view.leaf is not None)

    def settle(self) -> None:
        """Give all parts their places now: a frame may be painted before the event loop does."""
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)

    def edit_value(self) -> None:
        """Put the keyboard into the value."""
        self.sections["value"].title.setChecked(True)
        self.ensureWidgetVisible(self.sections["value"])
        self.value.tensor.edit()

    def set_theme(self, theme: Theme) -> None:
        """Show all parts in another theme."""
        self.header.set_theme(theme)
        self.links.set_theme(theme)
        self.source.set_theme(theme)
        self.ledger.set_theme(theme)
        self.iterations.set_theme(theme)
        self.derivative.set_theme(theme)
        for section in self.sections.values():
            section.set_theme(theme)
        for view in (self.value, self.gradient):
            view.set_theme(theme)

    def _lay_out(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        column = QVBoxLayout(page)
        column.setContentsMargins(SPACE["l"], SPACE["l"], SPACE["l"], SPACE["xl"])
        column.setSpacing(SPACE["l"])
        column.addWidget(self.header)
        column.addWidget(self.source)
        for section in self.sections.values():
            column.addWidget(section)
        column.addStretch(1)
        self.setAccessibleName("Inspector")
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _show_source(self, view: NodeView) -> None:
        line = view.source
        self.source.setVisible(line is not None)
        if line is not None:
            self.source.set_line(line.text, line.place, bool(line.cell))


class _Facts(QWidget):
    """Two columns of words; the right one can be selected and copied, and scrolls if it is long."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: tuple[Fact, ...] | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(20, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE["l"])
        self._grid.setVerticalSpacing(SPACE["s"])
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[QLabel, ValueEdit]] = []

    def set_facts(self, facts: tuple[Fact, ...]) -> None:
        if facts == self._facts:
            return
        self._facts = facts
        while len(self._labels) < len(facts):
            self._add_row()
        for i, (name, value) in enumerate(self._labels):
            name.setVisible(i < len(facts))
            value.setVisible(i < len(facts))
            if i < len(facts):
                name.setText(facts[i].label)
                value.setText(facts[i].value)
                value.setCursorPosition(0)
                value.setToolTip(facts[i].value)
                value.setAccessibleName(facts[i].label)

    def _add_row(self) -> None:
        name, value = QLabel(), ValueEdit()
        name.setObjectName("label")
        value.setObjectName("fact")
        row = len(self._labels)
        self._grid.addWidget(name, row, 0)
        self._grid.addWidget(value, row, 1)
        self._labels.append((name, value))


class _LinkLists(QWidget):
    """Titled lists of links."""

    node_clicked = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._groups: tuple[Links, ...] | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 0, 0, 0)
        self._column.setSpacing(0)

    def set_groups(self, groups: tuple[Links, ...]) -> None:
        if groups == self._groups:
            return
        self._groups = groups
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for group in groups:
            self._add(group)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for row in self.findChildren(LinkRow):
            row.set_theme(theme)

    def _add(self, group: Links) -> None:
        self._append(_label("group", group.title))
        for link in group.links:
            row = LinkRow(link.slot, link.text, link.detail, link.node is not None, self._theme)
            row.clicked.connect(lambda _=False, node=link.node: self.node_clicked.emit(node))
            self._append(row)
        if group.more:
            self._append(_label("more", f"and {group.more:,} more"))

    def _append(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        widget.show()  # now, not when the layout gets around to it


class _ShownView(QWidget):
    """An array, or the reason why there is none."""

    edited = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: Shown | None = None
        self._editable = False
        self.title: QWidget = self  # of its section
        self.where = _label("group", "")
        self.note = _label("note", "")
        self.note.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.where)
        self._column.addWidget(self.note)
        self.where.hide()

    @cached_property
    def tensor(self) -> TensorView:
        """The array, made for the first."""
        view = TensorView(self._theme)
        view.set_editable(self._editable)
        view.edited.connect(self.edited)
        self._column.insertWidget(0, view)
        tab_after(self.title, view)
        return view

    @cached_property
    def beside(self) -> TensorView:
        """The other side's array, made for the first comparison."""
        view = TensorView(self._theme)
        self._column.insertWidget(self._column.indexOf(self.where) + 1, view)
        return view

    def set_theme(self, theme: Theme) -> None:
        """Show the arrays in another theme."""
        self._theme = theme
        for name in ("tensor", "beside"):
            if name in vars(self):
                getattr(self, name).set_theme(theme)

    def set_editable(self, editable: bool) -> None:
        """Let the array be edited, or not."""
        self._editable = editable
        if "tensor" in vars(self):
            self.tensor.set_editable(editable)

    def set_shown(self, shown: Shown) -> str:
        """Show it; returns the words for the section's title."""
        before, self._shown = self._shown, shown
        if (before.array if before else None) is not shown.array:
            self.tensor.setVisible(shown.array is not None)
            self.tensor.set_array(shown.array)
        if (before.beside if before else None) is not shown.beside:
            self.beside.set_array(shown.beside)
            self.beside.setVisible(shown.beside is not None)
        self.where.setVisible(shown.beside is not None)
        self.where.setText(shown.beside_title)
        self.note.setVisible(shown.array is None)
        self.note.setText(shown.note)
        if shown.array is None:
            return ""
        return " · ".join(filter(None, (str(list(shown.array.shape)), shown.note)))


def _label(name: str, text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
