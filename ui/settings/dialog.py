"""The dialog of the settings, made from their schema; each choice counts at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ui.fitting import fit
from ui.graph.choice import Choice
from ui.theme import SPACE, Theme


class Option(NamedTuple):
    """One setting: its value, and for text the values with their words, for numbers the limits."""

    name: str
    title: str
    section: str
    value: Any
    tip: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    least: float = 0.0
    most: float = 100.0
    step: float = 1.0
    unit: str = ""
    at_start: bool = False  # it counts from the next start on


class SettingsDialog(QDialog):
    """Shows choices and says what is chosen; does nothing itself."""

    changed = Signal(str, object)
    defaults_wished = Signal()
    restart_wished = Signal()

    def __init__(self, parent: QWidget, theme: Theme, choices: Sequence[Option]) -> None:
        super().__init__(parent)
        self.setObjectName("Settings")
        self.setWindowTitle("Settings")
        fit(self, QSize(560, 640))
        self._theme = theme
        self._choices = {choice.name: choice for choice in choices}
        self._begun = {choice.name: choice.value for choice in choices if choice.at_start}
        self.fields: dict[str, QWidget] = {}
        self._later = QLabel("Some of these count from the next start on.", self)
        self._later.setProperty("role", "dim")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.restart = self._buttons.addButton(
            "Restart Now", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.defaults = self._buttons.addButton(
            "Restore Defaults", QDialogButtonBox.ButtonRole.ResetRole
        )
        self._buttons.rejected.connect(self.reject)
        self._buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        for button in (self.restart, self.defaults):
            button.setAutoDefault(False)
        self.restart.clicked.connect(self.restart_wished)
        self.defaults.clicked.connect(self.defaults_wished)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._form(choices))
        column = QVBoxLayout(self)
        column.setContentsMargins(*(SPACE["xl"],) * 4)
        column.setSpacing(SPACE["m"])
        column.addWidget(area, 1)
        column.addWidget(self._later)
        column.addWidget(self._buttons)
        self._tell()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        self._theme = theme
        for field in self.fields.values():
            if isinstance(field, Choice):
                field.colour = theme.text_dim
                field.update()

    def set_value(self, name: str, value: Any) -> None:
        """Show what was chosen elsewhere; says nothing."""
        field = self.fields[name]
        with QSignalBlocker(field):
            if isinstance(field, QCheckBox):
                field.setChecked(value)
            elif isinstance(field, QComboBox):
                field.setCurrentIndex(field.findData(value))
            elif isinstance(field, QSpinBox | QDoubleSpinBox):
                field.setValue(value)
        self._choices[name] = self._choices[name]._replace(value=value)
        self._tell()

    def _form(self, choices: Sequence[Option]) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, SPACE["m"], 0)
        column.setSpacing(SPACE["m"])
        form, section = QFormLayout(), ""
        for choice in choices:
            if choice.section != section:
                section = choice.section
                heading = QLabel(section, page)
                heading.setProperty("role", "heading")
                heading.setContentsMargins(0, SPACE["m"], 0, 0)
                column.addWidget(heading)
                form = QFormLayout()
                form.setHorizontalSpacing(SPACE["xl"])
                form.setVerticalSpacing(SPACE["s"])
                column.addLayout(form)
            self._add(form, choice, page)
        column.addStretch(1)
        return page

    def _add(self, form: QFormLayout, choice: Option, page: QWidget) -> None:
        field = self._field(choice, page)
        field.setAccessibleName(choice.title)
        field.setAccessibleDescription(choice.tip)
        self.fields[choice.name] = field
        self.set_value(choice.name, choice.value)
        if isinstance(field, QCheckBox):
            form.addRow(field)
        else:
            label = QLabel(choice.title, page)
            label.setBuddy(field)
            form.addRow(label, field)
        later = "From the next start on." if choice.at_start else ""
        tip = " ".join(part.rstrip(".") + "." for part in (choice.tip, later) if part)
        if tip:
            words = QLabel(tip, page)
            words.setWordWrap(True)
            words.setProperty("role", "dim")
            words.setContentsMargins(0, 0, 0, SPACE["m"])
            form.addRow(words)

    def _field(self, choice: Option, page: QWidget) -> QWidget:
        say = partial(self._say, choice.name)
        if isinstance(choice.value, bool):
            box = QCheckBox(choice.title, page)
            box.toggled.connect(say)
            return box
        if isinstance(choice.value, str):
            list_ = Choice(page)
            list_.colour = self._theme.text_dim
            for value, text in choice.choices:
                list_.addItem(text, value)
            list_.currentIndexChanged.connect(lambda _: say(list_.currentData()))
            return list_
        number = QSpinBox(page) if isinstance(choice.value, int) else QDoubleSpinBox(page)
        if isinstance(number, QDoubleSpinBox):
            number.setDecimals(1)
            number.setRange(choice.least, choice.most)
            number.setSingleStep(choice.step)
        else:
            number.setRange(round(choice.least), round(choice.most))
            number.setSingleStep(round(choice.step))
        number.lineEdit().setTextMargins(SPACE["m"], 0, SPACE["m"], 0)
        number.setSuffix(choice.unit)
        number.setKeyboardTracking(False)
        number.valueChanged.connect(say)
        return number

    def _say(self, name: str, value: Any) -> None:
        self._choices[name] = self._choices[name]._replace(value=value)
        self._tell()
        self.changed.emit(name, value)

    def _tell(self) -> None:
        """Offer a restart once something was chosen that counts from then on."""
        later = any(self._choices[name].value != value for name, value in self._begun.items())
        self._later.setVisible(later)
        self.restart.setVisible(later)
