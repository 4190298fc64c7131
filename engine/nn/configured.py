"""Modules that are a function and its settings: the settings are listed once, as a signature."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from .module import Module

#: The default of a setting that has to be given.
REQUIRED = inspect.Parameter.empty


class Configured(Module):
    """Takes the settings that `settings` lists, keeps them as attributes and shows them.

    `settings` maps names to defaults in the order of the signature; `shown` names those that stand
    in repr (all, if it is None), of which "inplace" appears only when it is on. Names in `ignored`
    are accepted but not kept (device, dtype and retired arguments).
    """

    settings: ClassVar[dict[str, Any]] = {}
    shown: ClassVar[tuple[str, ...] | None] = None
    ignored: ClassVar[tuple[str, ...]] = ()
    #: The class whose __init__ errors about arguments name, if it is not the class itself.
    initializer: ClassVar[str] = ""
    _signature: ClassVar[inspect.Signature]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(k, kind, default=v) for k, v in cls.settings.items()]
        cls._signature = inspect.Signature(parameters)
        if "__init__" not in cls.__dict__ and cls.settings:
            own = inspect.Parameter("self", kind)
            cls.__signature__ = inspect.Signature([own, *parameters])  # type: ignore[attr-defined]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            name = self.initializer or type(self).__name__
            raise TypeError(f"{name}.__init__() {_as_called(str(error))}") from None
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            if name not in self.ignored:
                setattr(self, name, value)

    def extra_repr(self) -> str:
        parts = []
        for name in self.settings if self.shown is None else self.shown:
            value = getattr(self, name)
            if name != "inplace" or value:
                parts.append(f"{name}={value!r}")
        return ", ".join(parts)


def _as_called(text: str) -> str:
    """The words in which Python refuses the arguments of a call, from those of `Signature.bind`."""
    return text.replace("missing a required argument:", "missing 1 required positional argument:")
