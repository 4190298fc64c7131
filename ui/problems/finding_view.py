"""One finding: what it is, why it is so, the lines that prove it, and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.tape.diagnose.finding import Finding, Link, Severity
from ui.fonts import mono_font, ui_font
from ui.inspector.parts import Row
from ui.problems.edit_view import EditList
from ui.sentences import capital
from ui.theme import RADIUS, SPACE, Theme

_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop) | int(
    Qt.TextFlag.TextWordWrap
)
_INDENT, _EDGE = 22, 6
_MOST = 5  # lines that a line of code is folded into


def colour(severity: Severity, theme: Theme) -> str:
    """Return the colour that a severity is marked with."""
    return {
        Severity.ERROR: theme.error,
        Severity.WARNING: theme.warning,
        Severity.NOTE: theme.focus,
    }[severity]


class ChainRow(Row):
    """A link of the proof: its words over its line of code; a click goes there."""

    def __init__(self, link: Link, place: str, theme: Theme) -> None:
        super().__init__(theme)
        self.link, self._place = link, place
        self.setText(link.text)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setEnabled(link.event >= 0)
        if link.event >= 0:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(", ".join(filter(None, (link.text, place, link.code))))
        self.setToolTip("\n".join(filter(None, (link.text, link.code, place))))

    def words(self) -> str:
        return "  ".join(filter(None, (self.text(), self.link.code, self._place)))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height in which the words fit without being cut."""
        lines = self._lines(max(width - _INDENT - 8, 40))
        below = QFontMetrics(mono_font("small")).height() * len(lines)
        return self._text_height(width) + below + (2 if lines else 0) + 2 * _EDGE

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(240))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_ground(painter)
        theme, width = self._theme, self.width()
        body, small = ui_font("body"), mono_font("small")
        line = QFontMetrics(body).height()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.text_faint))
        painter.drawEllipse(QRectF(8, _EDGE + line / 2 - 2.5, 5, 5))
        height = self._text_height(width)
        painter.setFont(body)
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(_INDENT, _EDGE, width - _INDENT - 8, height), _WRAPPED, self.text())
        metrics = QFontMetrics(small)
        box = QRectF(_INDENT, _EDGE + height + 2, width - _INDENT - 8, metrics.height())
        painter.setFont(small)
        for place, code in self._lines(int(box.width())):
            painter.setPen(QColor(theme.text_dim))
            painter.drawText(box, _LEFT, place)
            painter.setPen(QColor(theme.code.get("name", theme.text)))
            after = metrics.horizontalAdvance(place + "  ") if place else 0
            painter.drawText(box.adjusted(after, 0, 0, 0), _LEFT, code)
            box.translate(0, metrics.height())
        painter.end()

    def _lines(self, width: int) -> list[tuple[str, str]]:
        """Return place and code of each line below the words: code that is long has its own."""
        place, code = self._place, self.link.code
        metrics = QFontMetrics(mono_font("small"))
        beside = metrics.horizontalAdvance(f"{place}  " if place else "")
        if not code or beside + metrics.horizontalAdvance(code) <= width:
            return [(place, code)] if place or code else []
        folded = [("", line) for line in _folded(code, max(width // metrics.averageCharWidth(), 8))]
        return [(place, "")] * bool(place) + folded

    def _text_height(self, width: int) -> int:
        room = QRect(0, 0, max(width - _INDENT - 8, 40), 10_000)
        return QFontMetrics(ui_font("body")).boundingRect(room, _WRAPPED, self.text()).height()


def _folded(code: str, count: int) -> list[str]:
    """Return code in lines of at most so many characters, broken at spaces if there are some."""
    lines = wrap(code, count, subsequent_indent="  ", break_on_hyphens=False)
    if len(lines) <= _MOST:
        return lines
    return [*lines[: _MOST - 2], "  ...", lines[-1]]


class FindingView(QScrollArea):
    """Shows one finding; `followed` gives the link that was clicked."""

    followed = Signal(object)  # Link
    apply_requested = Signal(object)  # Finding: write its lines into the program

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._finding: Finding | None = None
        self.rows: list[ChainRow] = []  # the links of the proof that are shown
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Explanation")
        self._title, self._text, self._remedy = (self._label() for _ in range(3))
        self._title.setFont(ui_font("title"))
        self._title.setObjectName("FindingTitle")
        self._proof_heading, self._remedy_heading = QLabel("THE PROOF"), QLabel("WHAT TO DO")
        self._chain = QVBoxLayout()
        self._chain.setSpacing(0)
        self._box = QFrame()
        self._box.setObjectName("Remedy")
        box = QVBoxLayout(self._box)
        box.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        box.addWidget(self._remedy_heading)
        box.addWidget(self._remedy)
        self.edits = EditList()
        box.addLayout(self.edits)
        self.apply = QPushButton("Apply")
        self.apply.setToolTip("Write this into the notebook; Undo takes it back")
        self.apply.clicked.connect(lambda: self.apply_requested.emit(self._finding))
        box.addWidget(self.apply, 0, Qt.AlignmentFlag.AlignRight)
        self._inner = inner = QWidget()
        inner.setObjectName("Finding")
        column = QVBoxLayout(inner)
        column.setContentsMargins(SPACE["l"], SPACE["l"], SPACE["l"], SPACE["l"])
        column.setSpacing(SPACE["m"])
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addWidget(self._box)
        column.addWidget(self._proof_heading)
        column.addLayout(self._chain)
        column.addStretch(1)
        self.setWidget(inner)
        self.set_theme(theme)
        self.show_finding(None, [])

    def show_finding(
        self, finding: Finding | None, places: list[str], edited: Sequence[str] = (), *,
        can_apply: bool = False,
    ) -> None:  # fmt: skip
        """Show a finding, with a place in words per link and per edit; None for nothing.

        can_apply: whether its lines can be written into the program.
        """
        self._finding = finding
        for row in self.rows:
            self._chain.removeWidget(row)
            row.deleteLater()
        self.rows = []
        self._inner.setVisible(finding is not None)
        if finding is None:
            return
        self._title.setText(capital(finding.title, [link.code for link in finding.chain]))
        self._text.setText(finding.text)
        self._remedy.setText(finding.remedy)
        self.edits.show_edits(list(zip(finding.edits, edited, strict=False)), self._theme)
        self.apply.setVisible(can_apply and bool(finding.edits))
        self._box.setVisible(bool(finding.remedy))
        self._proof_heading.setVisible(bool(finding.chain))
        for link, place in zip(finding.chain, places, strict=True):
            row = ChainRow(link, place, self._theme)
            row.clicked.connect(lambda _=False, link=link: self.followed.emit(link))
            self._chain.addWidget(row)
            self.rows.append(row)
        self._paint_title()
        self.verticalScrollBar().setValue(0)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setStyleSheet(f"""
        FindingView, #Finding {{ background: {theme.panel}; border: none; }}
        #Remedy {{ background: {theme.raised}; border: 1px solid {theme.border};
            border-radius: {RADIUS}px; }}
        """)
        for heading in (self._proof_heading, self._remedy_heading):
            heading.setFont(ui_font("small"))
            heading.setStyleSheet(f"color: {theme.text_dim}; font-weight: 600;")
        self._text.setStyleSheet(f"color: {theme.text_dim};")
        for row in self.rows:
            row.set_theme(theme)
        for view in self.edits.views:
            view.set_theme(theme)
        self._paint_title()

    def _paint_title(self) -> None:
        if self._finding is not None:
            tint = colour(self._finding.severity, self._theme)
            self._title.setStyleSheet(f"color: {tint}; font-weight: 600;")

    def _label(self) -> QLabel:
        label = QLabel()
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label
