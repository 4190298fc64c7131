"""The inspector: everything that is known of the selected node at the playhead."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
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
from ui.theme import MONO_FONT, SIZES, SPACE, Theme, load

_EMPTY = (
    "Select a node in the graph to see its value, its gradient and every contribution that made it."
)


class Inspector(QWidget):
    """Shows a NodeView. `event_clicked` gives a playhead to go to."""

    node_clicked = Signal(object)
    source_clicked = Signal(str, int)
    event_clicked = Signal(int)
    leaf_shown = Signal(object)  # Leaf | None
    value_edited = Signal(object, object)  # NodeId and its new array

    def __init__(self, theme: Theme | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme or load("dark")
        self._view: NodeView | None = None
        self.header = Header(self._theme)
        self.facts = _Facts()
        self.links = _LinkLists(self._theme)
        self.source = SourceRow(self._theme)
        self.value, self.gradient = _ShownView(self._theme), _ShownView(self._theme)
        self.ledger = LedgerView(self._theme)
        self.iterations = IterationsView(self._theme)
        self.derivative = DerivativeView(self._theme)
        self.sections = {
            "facts": Section("Facts", self.facts, self._theme),
            "gradient": Section("Gradient", self.gradient, self._theme),
            "derivative": Section("Local derivative", self.derivative, self._theme),
            "ledger": Section("Contributions", self.ledger, self._theme),
            "iterations": Section("Over iterations", self.iterations, self._theme),
            "value": Section("Value", self.value, self._theme),
            "links": Section("Connections", self.links, self._theme),
        }
        self.gradient.title = self.sections["gradient"].title
        self.value.title = self.sections["value"].title
        self._lay_out()
        self.links.node_clicked.connect(self.node_clicked)
        self.ledger.event_clicked.connect(self.event_clicked)
        self.iterations.event_clicked.connect(self.event_clicked)
        self.value.edited.connect(self._value_edited)
        self.source.clicked.connect(self._source_clicked)
        self.sections["derivative"].hide()  # until its owner has computed one
        self.set_theme(self._theme)
        self.show_node(None)

    def show_node(self, view: NodeView | None) -> None:
        """Show a node, or the hint to select one. Parts that did not change are left alone."""
        before, self._view = self._view, view
        self._stack.setCurrentIndex(0 if view is None else 1)
        if view is None:
            return
        if before is None or before.node != view.node:
            self._scroll.verticalScrollBar().setValue(0)
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
        if before is None or before.leaf != view.leaf:
            self.leaf_shown.emit(view.leaf)

    def edit_value(self) -> None:
        """Put the keyboard into the value, if it may be edited."""
        if self._view is not None and self._view.editable:
            self.sections["value"].title.setChecked(True)
            self._scroll.ensureWidgetVisible(self.sections["value"])
            self.value.tensor.edit()

    def shown(self) -> NodeView | None:
        """Return what is shown."""
        return self._view

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.ensurePolished()
        self.setStyleSheet(_sheet(theme))
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
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName("Inspector")
        self._scroll.setWidget(page)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = QLabel(_EMPTY)
        self.empty.setObjectName("empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setMargin(SPACE["xxl"])
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._scroll)
        self.setMinimumWidth(240)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def _show_source(self, view: NodeView) -> None:
        line = view.source
        self.source.setVisible(line is not None)
        if line is not None:
            self.source.set_line(line.text, line.place, bool(line.cell))

    def _value_edited(self, array: object) -> None:
        if self._view is not None:
            self.value_edited.emit(self._view.node, array)

    def _source_clicked(self) -> None:
        if self._view is not None and self._view.source is not None:
            self.source_clicked.emit(self._view.source.cell, self._view.source.line)


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


def _sheet(theme: Theme) -> str:
    small = f"font-size: {SIZES['small']}pt"
    return f"""
    Inspector, Inspector #page, Inspector QScrollArea {{ background: {theme.panel}; }}
    Inspector #empty {{ color: {theme.text_dim}; background: {theme.panel}; }}
    Inspector QLabel#label, Inspector QLabel#more, Inspector QLabel#note {{
        color: {theme.text_dim}; }}
    Inspector QLineEdit#fact {{ color: {theme.text}; font-family: "{MONO_FONT}"; {small};
        background: transparent; border: none; padding: 0; margin: 0;
        selection-background-color: {theme.selection}; selection-color: {theme.text}; }}
    Inspector QLineEdit#fact:focus {{ border-bottom: 1px solid {theme.focus}; }}
    Inspector QLabel#group {{ color: {theme.text_dim}; {small}; padding: 4px 8px 2px 8px; }}
    Inspector QLabel#more {{ padding: 2px 8px; {small}; }}
    """
