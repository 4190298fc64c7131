"""What a person calls tensors: `hidden` stands for the parts `hidden[0]`, `hidden[1]` of a tuple too."""

from __future__ import annotations


def stands_for(wanted: str, name: str) -> bool:
    """Return whether a name is the wanted one, or that of a part of it."""
    return str.__eq__(wanted, name) or str.startswith(name, f"{wanted}[")


class Name(str):
    """The name of a tensor, which equals that of what it is a part of as well."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and stands_for(other, self)

    def __ne__(self, other: object) -> bool:
        return not self == other
