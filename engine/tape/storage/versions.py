"""The versions of the format: what each one's tables have, and how older ones are read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import DTYPES, TABLES

FORMAT, VERSION = "tapedeck-tape", 4

#: Columns that versions before the present one did not have; they are read as 0.
_MISSING: dict[int, dict[str, tuple[str, ...]]] = {
    1: {"steps": ("flags",)}, 2: {}, 3: {}, VERSION: {},
}  # fmt: skip
#: The version that brought a table; it is empty in those before.
_SINCE = {"reads": 3, "statistics": 4}


def known(version: int) -> bool:
    return version in _MISSING


def tables(version: int = VERSION) -> list[str]:
    """Return the names of a version's tables."""
    return [name for name in TABLES if _SINCE.get(name, 1) <= version]


def table(name: str, version: int = VERSION) -> np.dtype[np.void]:
    """Return the type of a table's rows in a version."""
    dtype, missing = TABLES[name], _MISSING[version].get(name, ())
    if not missing:
        return dtype
    columns = [(c, dtype.fields[c][0]) for c in dtype.names or () if c not in missing]  # type: ignore[index]
    return np.dtype(columns)


def upgraded(name: str, rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return the rows of a table of an older version as the present one has them."""
    if rows.dtype == TABLES[name]:
        return rows
    new = np.zeros(len(rows), TABLES[name])
    for column in rows.dtype.names or ():
        new[column] = rows[column]
    new.flags.writeable = False
    return new


def description(version: int = VERSION) -> dict[str, Any]:
    """Return what a manifest says so that a reader knows the tables."""
    schema = {}
    for name in tables(version):
        dtype = table(name, version)
        schema[name] = [[column, dtype.fields[column][0].str] for column in dtype.names or ()]  # type: ignore[index]
    return {"format": FORMAT, "version": version, "schema": schema, "dtypes": list(DTYPES)}
