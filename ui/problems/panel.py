"""What looks wrong in the recording, the worst first, and the explanation of the chosen one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QSplitter,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.tape.diagnose.finding import CAUSES, Finding, Link, Severity
from ui.fonts import mono_font, ui_font
from ui.icons import pixmap
from ui.problems.finding_view import FindingView, colour
from ui.theme import SPACE, Theme

Index = QModelIndex | QPersistentModelIndex
Places = Callable[[Link], str]
_ICONS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "help"}
_ROW = 44
FINDING = Qt.ItemDataRole.UserRole


class FindingsModel(QAbstractListModel):
    """The findings, an answer to "Why?" before them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Finding] = []
        self.answers = 0  # how many rows at the top answer a question
        self.place: Places = lambda link: ""

    def set_rows(self, answer: Finding | None, findings: Sequence[Finding], place: Places) -> None:
        self.beginResetModel()
        rest = [one for one in findings if answer is None or one.title != answer.title]
        self.rows = [*([] if answer is None else [answer]), *rest]
        self.answers, self.place = int(answer is not None), place
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        one = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one.title
        if role == FINDING:
            return one
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            words = (one.severity.name.lower(), one.title, self.detail(index.row()))
            return ", ".join(filter(None, words))
        return None

    def detail(self, row: int) -> str:
        """Return the quiet second line of a row: where, and what kind it is."""
        one = self.rows[row]
        kind = "Why?" if row < self.answers else CAUSES[one.cause]
        return " · ".join(filter(None, (self.place(one.culprit), kind)))


class _Rows(QStyledItemDelegate):
    """Draws a finding: icon of its severity, title, and where it is."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, FindingsModel)
        one, theme, box = model.rows[index.row()], self.theme, option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(theme.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(theme.hover))
        scale = option.widget.devicePixelRatioF() if option.widget is not None else 1.0
        name = "help" if index.row() < model.answers else _ICONS[one.severity]
        mark = pixmap(name, colour(one.severity, theme), 16, scale)
        painter.drawPixmap(QRect(box.left() + SPACE["l"], box.top() + 6, 16, 16), mark)
        left = box.left() + SPACE["l"] + 26
        width = box.right() - left - SPACE["m"]
        for font, tint, top, text in (
            (ui_font("body"), theme.text, 4, str(index.data())),
            (mono_font("small"), theme.text_dim, 22, model.detail(index.row())),
        ):
            painter.setFont(font)
            painter.setPen(QColor(tint))
            fits = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
            flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
            painter.drawText(QRect(left, box.top() + top, width, 20), flags, fits)
        painter.restore()


class ProblemsPanel(QWidget):
    """A sentence, the list, and the explanation; links are followed by whoever listens."""

    followed = Signal(object)  # Link
    measure_requested = Signal()  # compare the backward of Functions with finite differences
    look_requested = Signal()  # look through a recording that is too large to do it unasked
    apply_requested = Signal(object)  # Finding: write the lines of its remedy into the program

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Problems")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(240)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.look = QPushButton("Look for Problems")
        self.look.clicked.connect(self.look_requested)
        self.measure = QPushButton("Measure")
        self.measure.setToolTip("Compare what their backward gave with finite differences")
        self.measure.clicked.connect(self.measure_requested)
        self.model = FindingsModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName("Problems")
        self.list.setMouseTracking(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._rows = _Rows(theme, self.list)
        self.list.setItemDelegate(self._rows)
        self.list.selectionModel().currentChanged.connect(self._chosen)
        self.list.activated.connect(self._activated)
        self.view = FindingView(theme)
        self.view.followed.connect(self.followed)
        self.view.apply_requested.connect(self.apply_requested)
        #: Whether the lines of a finding can be written into the program.
        self.can_apply: Callable[[Finding], bool] = lambda _: False
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.list)
        self._split.addWidget(self.view)
        self._split.setStretchFactor(1, 1)
        top = QHBoxLayout()
        top.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        top.addWidget(self.sentence, 1)
        top.addWidget(self.look)
        top.addWidget(self.measure)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self._split, 1)
        self.set_theme(theme)
        self.set_findings(None, (), lambda link: "")
        self.say("Nothing recorded yet.")

    def set_findings(
        self, answer: Finding | None, findings: Sequence[Finding], place: Places
    ) -> None:
        """Show findings in their order, an answer to "Why?" first; what was chosen stays so."""
        before = self.list.currentIndex().data(FINDING)
        self.model.set_rows(answer, findings, place)
        self._split.setVisible(bool(self.model.rows))
        rows = min(len(self.model.rows), 5)
        self.list.setMinimumHeight(min(rows, 2) * _ROW)
        self._split.setSizes([rows * _ROW + 2, max(self.height() - rows * _ROW, 200)])
        row = next((r for r, one in enumerate(self.model.rows) if one == before), 0)
        if answer is not None and answer != before:
            row = 0
        self.list.setCurrentIndex(self.model.index(row))
        if not self.model.rows:
            self.view.show_finding(None, [])

    def say(self, text: str, may_look: bool = False, may_measure: bool = False) -> None:
        """Set the sentence over the list, and whether to look and to measure is offered."""
        self.sentence.setText(text)
        self.look.setVisible(may_look)
        self.measure.setVisible(may_measure)

    def set_applied(self) -> None:
        """Offer no more to write the lines of what is shown: they are in the program."""
        self.view.apply.hide()
        self.list.setFocus()

    def set_theme(self, theme: Theme) -> None:
        self._rows.theme = theme
        self.view.set_theme(theme)
        self.setStyleSheet(f"""
        ProblemsPanel {{ background: {theme.panel}; }}
        QListView {{ background: {theme.panel}; border: none; outline: none;
            border-top: 1px solid {theme.border}; }}
        QListView:focus {{ border-top: 1px solid {theme.focus}; }}
        """)
        self.list.viewport().update()

    def _chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            one = self.model.rows[index.row()]
            places = [self.model.place(link) for link in one.chain]
            edited = [self.model.place(Link("", source=edit.at)) for edit in one.edits]
            self.view.show_finding(one, places, edited, can_apply=self.can_apply(one))

    def _activated(self, index: QModelIndex) -> None:
        """Enter or a double click goes to where it happened."""
        if index.isValid() and self.model.rows[index.row()].chain:
            self.followed.emit(self.model.rows[index.row()].culprit)
