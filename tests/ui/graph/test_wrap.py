"""What is too tall to be read when all of it is in sight wraps into columns that show it larger."""

from __future__ import annotations

import numpy as np
import pytest

from ui.graph.layout.columns import wrap


def wrapped(sizes: list[tuple[float, float]], sideways: bool = False) -> tuple[list[int], float]:
    """Wrap sections of (width, height); return which begin columns, and the scale at which all
    fits a screen of height 1."""
    size = np.array(sizes)
    shift = np.stack([np.zeros(len(size)), np.cumsum(size[:, 1]) - size[:, 1]], axis=1)
    moved, lefts = wrap(shift, np.zeros_like(size), size, np.array([0]), sideways)
    width, height = np.ptp(np.concatenate([moved, moved + size]), axis=0).tolist()
    return sorted(lefts), min(1.6 / width, 1.0 / height)


def test_a_broad_and_tall_graph_stands_in_two_columns_of_about_equal_height() -> None:
    sizes = [(3_300.0, 1_500.0), *[(3_500.0, 1_950.0)] * 3, (2_800.0, 1_000.0)]
    begins, scale = wrapped(sizes)
    assert begins == [2]
    assert scale > 1.6 / sum(height for _, height in sizes)


@pytest.mark.parametrize("section", [(300.0, 250.0), (9_000.0, 900.0)])
def test_what_can_be_read_or_would_become_no_larger_does_not_wrap(
    section: tuple[float, float],
) -> None:
    assert wrapped([section] * 7)[0] == []


@pytest.mark.parametrize("sideways", [False, True])
def test_many_equal_sections_fill_their_columns_alike(sideways: bool) -> None:
    begins, _ = wrapped([(500.0, 700.0)] * 64, sideways)
    filled = np.diff([0, *begins, 64])
    assert len(begins) > 1
    assert len(set(filled[:-1].tolist())) == 1
    assert filled[-1] <= filled[0]


def test_one_broad_section_does_not_make_all_columns_few() -> None:
    narrow = [(500.0, 700.0)] * 200
    columns = [len(wrapped(sizes)[0]) + 1 for sizes in (narrow, [(3_000.0, 700.0), *narrow])]
    assert 0.8 < columns[1] / columns[0] <= 1.1
