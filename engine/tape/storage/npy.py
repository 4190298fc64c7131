"""Tables as `.npy` bytes (format 1.0), written and read without numpy's file reader."""

from __future__ import annotations

import ast
import re
import struct

import numpy as np
from numpy.typing import NDArray

from engine.tape.storage.sink import Bytes

_MAGIC = b"\x93NUMPY\x01\x00"
_MAX_HEADER, _MAX_DEPTH = 8192, 4
#: No operators: a thousand signs before a number would be a tree a thousand deep.
_LITERALS = re.compile(rb"[\w\s'\"<>=|,:()\[\]{}]*", re.ASCII)


def header(dtype: np.dtype[np.void], rows: int) -> bytes:
    """Return the bytes before the data of a 1-d structured array."""
    descr = [(name, dtype.fields[name][0].str) for name in dtype.names or ()]  # type: ignore[index]
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': ({rows},), }}"
    pad = -(len(_MAGIC) + 2 + len(text) + 1) % 64
    return _MAGIC + struct.pack("<H", len(text) + pad + 1) + text.encode() + b" " * pad + b"\n"


def decode(data: Bytes, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Return the read-only rows of `.npy` bytes that must hold a 1-d array of `dtype`.

    Raises ValueError saying what is wrong; nothing is allocated for what the header claims.
    """
    if len(data) < 10 or bytes(data[:8]) != _MAGIC:
        raise ValueError("it is not a .npy member of format 1.0")
    start = 10 + struct.unpack_from("<H", data, 8)[0]
    if start > min(len(data), _MAX_HEADER):
        raise ValueError("its .npy header is longer than the member")
    rows, rest = divmod(len(data) - start, dtype.itemsize)
    if rest:
        raise ValueError(f"its data is no multiple of {dtype.itemsize} bytes")
    if bytes(data[:start]) != header(dtype, rows):
        _check_foreign(bytes(data[10:start]), dtype, rows)
    array = np.frombuffer(data, dtype, rows, start)
    array.flags.writeable = False
    return array


def _check_foreign(text: bytes, dtype: np.dtype[np.void], rows: int) -> None:
    """Accept a header that another writer spelled differently but that means the same."""
    try:
        if not _is_plain(text):
            raise ValueError
        fields = ast.literal_eval(text.decode("ascii").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("its .npy header cannot be read") from None
    wanted = {
        "descr": [(name, dtype.fields[name][0].str) for name in dtype.names or ()],  # type: ignore[index]
        "fortran_order": False,
        "shape": (rows,),
    }
    if fields != wanted:
        raise ValueError("its .npy header names other columns or another length")


def _is_plain(text: bytes) -> bool:
    """Return whether a header is a few nested literals: nothing that could keep a parser busy."""
    if len(text) > _MAX_HEADER or _LITERALS.fullmatch(text) is None:
        return False
    depth = 0
    for sign in text:
        depth += (sign in b"([{") - (sign in b")]}")
        if depth > _MAX_DEPTH:
            return False
    return depth == 0
