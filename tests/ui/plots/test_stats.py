"""Statistics and short words for arrays of every kind."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ui.plots.stats import brief, number, stats, summary

shapes = hnp.array_shapes(max_dims=4, max_side=6)


@given(hnp.arrays(np.float32, shapes, elements=st.floats(width=32)))
def test_stats_agree_with_numpy_over_the_finite_elements(array):
    found = stats(array)
    finite = array[np.isfinite(array)].astype(np.float64)
    assert found.count == array.size
    assert found.nan == np.isnan(array).sum()
    assert found.inf == np.isinf(array).sum()
    assert found.zeros == (array == 0).sum()
    if finite.size:
        assert (found.low, found.high) == (finite.min(), finite.max())
        assert found.mean == pytest.approx(finite.mean(), rel=1e-12, abs=1e-30)
        assert found.std == pytest.approx(finite.std(), rel=1e-12, abs=1e-30)
    else:
        assert math.isnan(found.low)
        assert math.isnan(found.std)


@pytest.mark.parametrize(
    ("array", "low", "high", "mean"),
    [
        (np.array([True, False, True, True]), 0, 1, 0.75),
        (np.arange(5), 0, 4, 2),
        (np.array([3 + 4j, 0]), 0, 5, 2.5),
        (np.float32(2.5), 2.5, 2.5, 2.5),
    ],
)
def test_stats_of_other_kinds(array, low, high, mean):
    found = stats(np.asarray(array))
    assert (found.low, found.high, found.mean) == (low, high, mean)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"), (-2.5, "-2.5"), (0.123456, "0.1235"), (1234567.0, "1.235e6"),
        (1e-7, "1e-7"), (float("nan"), "nan"), (float("-inf"), "-inf"), (np.int64(7), "7"),
        (np.bool_(True), "True"), (np.complex64(1 - 2j), "1.0-2j"), (np.float32(0.1), "0.1"),
        (9999.0, "9999.0"), (1e-10, "1e-10"),
    ],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_the_summary_names_only_faults_that_exist():
    assert (
        summary(stats(np.array([1.0, 3.0])))
        == "min\u00a01.0  max\u00a03.0  mean\u00a02.0  std\u00a01.0"
    )
    faults = summary(stats(np.array([np.nan, np.inf, 0.0, 1.0])))
    assert faults.endswith("NaN\u00a01  Inf\u00a01  zeros\u00a01")
    assert summary(stats(np.zeros(0))) == "no elements"
    assert summary(stats(np.array([np.nan]))) == "NaN\u00a01"


def test_brief_shows_small_arrays_and_the_norm_of_large_ones():
    assert brief(np.array(0.5)) == "0.5"
    assert brief(np.array([1.0, -2.0])) == "[1.0, -2.0]"
    assert brief(np.array([[1.0, 2.0], [3.0, 4.0]])) == "[[1.0, 2.0], [3.0, 4.0]]"
    assert brief(np.full((3, 3), 2.0)) == "‖·‖ 6.0"


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e25, 1e30])
def test_norms_of_float32_survive_the_range_of_its_squares(scale):
    array = np.array([3, 4, 0, 0, 0], np.float32) * np.float32(scale)
    assert float(brief(array).split()[1]) == pytest.approx(5 * scale, rel=1e-3)
