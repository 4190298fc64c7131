"""The inspector: everything that is known of the selected node at the playhead."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from ui.theme import MONO_FONT, SIZES, SPACE, Theme, load

if TYPE_CHECKING:
    from ui.inspector.details import Details
    from ui.inspector.records import NodeView

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
        self.empty = QLabel(_EMPTY)
        self.empty.setObjectName("empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setMargin(SPACE["xxl"])
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self.setMinimumWidth(240)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.set_theme(self._theme)

    @cached_property
    def details(self) -> Details:
        """The sections, made for the first node or for whoever serves one of them."""
        from ui.inspector.details import Details

        made = Details(self._theme, self)
        self._stack.addWidget(made)
        made.links.node_clicked.connect(self.node_clicked)
        made.ledger.event_clicked.connect(self.event_clicked)
        made.iterations.event_clicked.connect(self.event_clicked)
        made.value.edited.connect(self._value_edited)
        made.source.clicked.connect(self._source_clicked)
        return made

    def element(self) -> tuple[int, ...] | None:
        """Return the index of the element that is selected in the gradient's table, or None."""
        return self.details.gradient.tensor.element() if "details" in vars(self) else None

    def show_node(self, view: NodeView | None) -> None:
        """Show a node, or the hint to select one. Parts that did not change are left alone."""
        before, self._view = self._view, view
        self._stack.setCurrentWidget(self.empty if view is None else self.details)
        if view is None:
            return
        if before is None or before.node != view.node:
            self.details.verticalScrollBar().setValue(0)
        self.details.show_node(view)
        if before is None or before.leaf != view.leaf:
            self.leaf_shown.emit(view.leaf)
        if before is None or before.node != view.node:
            self.details.settle()

    def edit_value(self) -> None:
        """Put the keyboard into the value, if it may be edited."""
        if self._view is not None and self._view.editable:
            self.details.edit_value()

    def shown(self) -> NodeView | None:
        """Return what is shown."""
        return self._view

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.ensurePolished()
        self.setStyleSheet(_sheet(theme))
        if "details" in vars(self):
            self.details.set_theme(theme)

    def _value_edited(self, array: object) -> None:
        if self._view is not None:
            self.value_edited.emit(self._view.node, array)

    def _source_clicked(self) -> None:
        if self._view is not None and self._view.source is not None:
            self.source_clicked.emit(self._view.source.cell, self._view.source.line)


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
