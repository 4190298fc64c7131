"""Numbers of a logarithmic axis stay apart; what is counted has whole numbers."""

from __future__ import annotations

import itertools
import math

import pytest
from pytestqt.qtbot import QtBot

from ui.plots.axes import CountAxis, log_ticks


@pytest.mark.parametrize("span", [0.5, 1.0, 3.0, 9.0, 60.0])
@pytest.mark.parametrize("size", [120.0, 600.0])
def test_numbers_have_a_line_between_them(span: float, size: float) -> None:
    found = log_ticks(-span / 3, span * 2 / 3, size)
    apart = [(b - a) * size / span for a, b in itertools.pairwise(found)]
    assert all(one >= 17.9 for one in apart)


def test_a_wide_decade_has_two_and_five_of_it() -> None:
    ticks = log_ticks(-1.0, 1.0, 400.0)
    assert [round(10**one, 3) for one in ticks] == [0.1, 0.2, 0.5, 1, 2, 5, 10]
    assert log_ticks(0.1, math.log10(1.9), 400.0) == []


@pytest.mark.parametrize("span", [0.4, 1.0, 2.0, 7.0, 3000.0])
def test_what_is_counted_has_whole_numbers(qtbot: QtBot, span: float) -> None:
    ticks = CountAxis("bottom").tickValues(0.0, span, 500.0)
    assert all(float(one).is_integer() for _, places in ticks for one in places)
