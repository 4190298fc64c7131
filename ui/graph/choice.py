"""Combo boxes and words of the bar above the canvas."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from ui.graph.groups import By
from ui.graph.lens import Lens
from ui.icons import pixmap
from ui.theme import SPACE

_INSET = 4  # pixels that Qt keeps free beside the words


class Choice(QComboBox):
    """A combo box whose arrow is one of our icons, in the theme's colour."""

    NARROWEST = 84  # pixels

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.colour = ""
        self.setItemDelegate(QStyledItemDelegate(self))  # which the style sheet is heard by
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def minimumSizeHint(self) -> QSize:
        """Give way to others in a narrow bar: what is chosen ends in an ellipsis then."""
        return super().minimumSizeHint().boundedTo(QSize(self.NARROWEST, 100))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box with its words shortened to the room: with a style sheet Qt cuts them."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        if self.currentIndex() < 0:
            faint = option.palette.placeholderText()
            option.palette.setBrush(QPalette.ColorRole.ButtonText, faint)
            option.currentText = self.placeholderText()
        box, field = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(box, option, field, self).width() - _INSET
        option.currentText = option.fontMetrics.elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, room
        )
        painter = QStylePainter(self)
        painter.drawComplexControl(box, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        side = 14
        arrow = pixmap("chevron_down", self.colour, side, self.devicePixelRatioF())
        left, top = self.width() - side - SPACE["m"], (self.height() - side) // 2
        painter.drawPixmap(left, top, arrow)
        painter.end()


class BarChoice(Choice):
    """A choice that takes no more of a bar than the words that it shows."""

    resized = Signal()  # it wants another width
    STEP = 8  # pixels by which it grows, so that what is beside it mostly stays

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.currentTextChanged.connect(lambda _text: self._resize())

    def _resize(self) -> None:
        self.updateGeometry()
        self.resized.emit()

    def sizeHint(self) -> QSize:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        words = option.currentText or self.placeholderText()
        size = QSize(option.fontMetrics.horizontalAdvance(words) + _INSET, 0)
        kind = QStyle.ContentsType.CT_ComboBox
        width = self.style().sizeFromContents(kind, option, size, self).width()
        return QSize(-(-width // self.STEP) * self.STEP, super().sizeHint().height())


class Brief(QLabel):
    """A line that says less where it has too little room: its first clause, else nothing.

    A tooltip has all of it.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, text: str) -> None:
        """Show another text, of clauses with ", " between."""
        self._whole = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        fits = self.fontMetrics().horizontalAdvance
        ways = (self._whole, self._whole.partition(", ")[0], "")
        shown = next(text for text in ways if fits(text) <= self.width() or not text)
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


class LensChoice(BarChoice):
    """Chooses what the graph is coloured by."""

    chosen = Signal(object)  # Lens

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Colour by")
        self.setToolTip("What the colours of the nodes tell")
        for lens in Lens:
            self.addItem(f"By {lens.value.lower()}", lens)
        self.activated.connect(lambda index: self.chosen.emit(list(Lens)[index]))

    def set_lens(self, lens: Lens) -> None:
        """Mark a lens; emits nothing."""
        self.setCurrentIndex(list(Lens).index(lens))


_GROUPED = {
    By.NOTHING: "No groups", By.MODULE: "Group by module", By.LOOP: "Group by loop",
    By.LINE: "Group by line", By.CELL: "Group by cell", By.HAND: "My groups",
}  # fmt: skip


class GroupChoice(BarChoice):
    """Chooses what the graph is grouped by, among what it can be."""

    chosen = Signal(object)  # By

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Group by")
        self.setToolTip("Frames around nodes that belong together; they can be folded")
        self._offered: list[By] = []
        self.activated.connect(lambda index: self.chosen.emit(self._offered[index]))
        self.set_choices([], By.NOTHING)

    @property
    def by(self) -> By:
        """What is marked."""
        index = self.currentIndex()
        return self._offered[index] if 0 <= index < len(self._offered) else By.NOTHING

    def offers(self, by: By) -> bool:
        """Return whether this can be chosen."""
        return by in self._offered

    def set_choices(self, offered: Sequence[By], by: By) -> None:
        """Offer these, and mark one of them; emits nothing."""
        if list(offered) != self._offered:
            self._offered = list(offered)
            self.clear()
            self.addItems([_GROUPED[one] for one in offered])
        self.setVisible(len(self._offered) > 1)
        if by in self._offered:
            self.setCurrentIndex(self._offered.index(by))
