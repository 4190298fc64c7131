"""Storages: the memory behind tensors, as numbers and as bytes."""

from __future__ import annotations

import pytest

import engine as torch

pytestmark = pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")


def test_views_share_one_storage_and_see_what_is_written_to_it() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    storage = x[1].storage()
    assert storage.tolist() == x.T.storage().tolist() == [0, 1, 2, 3, 4, 5]
    assert storage.data_ptr() == x.data_ptr() == x.untyped_storage().data_ptr()
    storage[4] = 9
    assert x[1, 1] == 9


def test_a_storage_prints_its_items_its_type_and_its_size() -> None:
    assert repr(torch.tensor([1.5, 2]).storage()) == (
        " 1.5\n 2.0\n[torch.storage.TypedStorage(dtype=torch.float32, device=cpu) of size 2]"
    )
    assert repr(torch.tensor([258], dtype=torch.int16).untyped_storage()) == (
        " 2\n 1\n[torch.storage.UntypedStorage(device=cpu) of size 2]"
    )


def test_sizes_count_items_or_bytes() -> None:
    x = torch.ones(2, 3, dtype=torch.float64)
    assert (len(x.storage()), x.storage().element_size(), x.storage().nbytes()) == (6, 8, 48)
    assert x.expand(4, 2, 3).untyped_storage().nbytes() == 48
    assert torch.ones(3, dtype=torch.bfloat16).untyped_storage().tolist() == [128, 63] * 3


def test_what_is_outside_is_refused() -> None:
    with pytest.raises(IndexError, match="index 3 out of range for storage of size 3"):
        torch.ones(3).storage()[3]
    with pytest.raises(RuntimeError, match="slices are only supported in UntypedStorage"):
        torch.ones(3).storage()[:2]
