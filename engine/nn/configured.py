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
        except TypeError:
            name = self.initializer or type(self).__name__
            words = _refusal(self._signature, args, kwargs)
            raise TypeError(f"{name}.__init__() {words}") from None
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


def _refusal(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The words in which Python refuses the arguments of a call."""
    names = list(signature.parameters)
    for key in kwargs:
        if key not in names:
            return f"got an unexpected keyword argument '{key}'"
        if names.index(key) < len(args):
            return f"got multiple values for argument '{key}'"
    required = [k for k, p in signature.parameters.items() if p.default is REQUIRED]
    if len(args) > len(names):
        most, least = len(names) + 1, len(required) + 1
        takes = (
            f"{most} positional argument"
            if most == least
            else f"from {least} to {most} positional argument"
        )
        return f"takes {takes}{'s' * (most != 1)} but {len(args) + 1} were given"
    missing = [repr(k) for k in required[len(args) :] if k not in kwargs]
    listed = missing[0] if len(missing) == 1 else " and ".join(missing)
    if len(missing) > 2:
        listed = ", ".join(missing[:-1]) + f", and {missing[-1]}"
    return (
        f"missing {len(missing)} required positional argument{'s' * (len(missing) > 1)}: {listed}"
    )
