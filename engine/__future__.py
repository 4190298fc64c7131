"""torch.__future__: behaviour of modules that will become the default."""

from __future__ import annotations

_overwrite = False
_swap = False


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Whether converting a module gives it new parameters instead of new data in the old ones."""
    global _overwrite
    _overwrite = value


def get_overwrite_module_params_on_conversion() -> bool:
    return _overwrite


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Whether converting and loading swaps tensors (`torch.utils.swap_tensors`) instead of setting
    their data."""
    global _swap
    _swap = value


def get_swap_module_params_on_conversion() -> bool:
    return _swap
