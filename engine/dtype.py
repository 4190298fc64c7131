"""Element types: their names, NumPy counterparts and the rules by which they combine."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.formats import only_text

BOOL, INT, FLOAT, COMPLEX = range(4)


class dtype:
    """The element type of a tensor; one object per type, compared by identity.

    `np` is the NumPy type that holds the values. bfloat16 values live in float32 arrays whose
    lower 16 bits are zero, complex32 values in complex64 arrays of parts that float16 holds.
    """

    __module__ = "torch"
    __slots__ = ("category", "display", "itemsize", "legacy", "name", "np", "quick", "rank")

    def __init__(self, name: str, np_type: Any, category: int, rank: int, display: str) -> None:
        self.name = name
        self.np = np.dtype(np_type)
        self.category = category
        self.rank = rank  # order inside the category
        self.itemsize: int = {"bfloat16": 2, "complex32": 4}.get(name, self.np.itemsize)
        self.display = display  # as error messages spell it: Float, Long
        self.legacy = f"torch.{display}Tensor"
        self.quick = name in ("float32", "float64")  # has the quick ways of `engine.ops.quick`

    __format__ = only_text("torch.dtype")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: Any) -> dtype:
        return self

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOAT

    @property
    def is_complex(self) -> bool:
        return self.category == COMPLEX

    @property
    def is_signed(self) -> bool:
        return self.np.kind not in "ub"

    def to_real(self) -> dtype:
        return TO_REAL.get(self, self)

    def to_complex(self) -> dtype:
        if self not in TO_COMPLEX:
            raise RuntimeError(f"Unknown Complex ScalarType for {self.display}")
        return TO_COMPLEX[self]


bool_ = dtype("bool", np.bool_, BOOL, 0, "Bool")
uint8 = dtype("uint8", np.uint8, INT, 0, "Byte")
int8 = dtype("int8", np.int8, INT, 1, "Char")
int16 = dtype("int16", np.int16, INT, 2, "Short")
int32 = dtype("int32", np.int32, INT, 3, "Int")
int64 = dtype("int64", np.int64, INT, 4, "Long")
uint16 = dtype("uint16", np.uint16, INT, 5, "UInt16")
uint32 = dtype("uint32", np.uint32, INT, 6, "UInt32")
uint64 = dtype("uint64", np.uint64, INT, 7, "UInt64")
float16 = dtype("float16", np.float16, FLOAT, 0, "Half")
bfloat16 = dtype("bfloat16", np.float32, FLOAT, 0, "BFloat16")
float32 = dtype("float32", np.float32, FLOAT, 1, "Float")
float64 = dtype("float64", np.float64, FLOAT, 2, "Double")
complex32 = dtype("complex32", np.complex64, COMPLEX, 0, "ComplexHalf")
complex64 = dtype("complex64", np.complex64, COMPLEX, 1, "ComplexFloat")
complex128 = dtype("complex128", np.complex128, COMPLEX, 2, "ComplexDouble")

ALL = (
    bool_, uint8, int8, int16, int32, int64, uint16, uint32, uint64,
    float16, bfloat16, float32, float64, complex64, complex128,
)  # fmt: skip

#: NumPy dtype → ours; bfloat16 and complex32 have no NumPy type of their own.
FROM_NP: dict[Any, dtype] = {d.np: d for d in ALL if d is not bfloat16}
TO_REAL = {complex32: float16, complex64: float32, complex128: float64}
TO_COMPLEX = {
    float16: complex32, complex32: complex32, bfloat16: complex64, float32: complex64, float64: complex128,
    complex64: complex64, complex128: complex128,
}  # fmt: skip

_default: list[dtype] = [float32]


def default() -> dtype:
    """The type that Python floats take on: float32 unless set_default_dtype changed it."""
    return _default[0]


def of_python(kind: Any) -> Any:
    """The dtype that stands for one of Python's number types; anything else as it is."""
    return _PYTHON.get(kind, kind) if isinstance(kind, type) else kind


_PYTHON: dict[Any, dtype] = {float: float64, int: int64, bool: bool_, complex: complex128}


def get_default_dtype() -> dtype:
    return _default[0]


def set_default_dtype(d: dtype) -> None:
    if not isinstance(d, dtype):
        raise TypeError(
            "invalid dtype object: only floating-point types are supported as the default type"
        )
    if d.category != FLOAT:
        raise TypeError("only floating-point types are supported as the default type")
    _default[0] = d


_promoted: dict[tuple[dtype, dtype], dtype] = {}


def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest type that holds both, by category first: int64 with float16 is float16."""
    if a is b:
        return a
    found = _promoted.get((a, b))
    if found is None:
        for i, d in enumerate((a, b)):
            if not isinstance(d, dtype):
                raise TypeError(
                    f"promote_types(): argument 'type{i + 1}' (position {i + 1}) must be torch.dtype, not "
                    + _name_of(d)
                )
        found = _promoted[a, b] = _promote(a, b)
    return found


def _promote(a: dtype, b: dtype) -> dtype:
    if a.category > b.category:
        a, b = b, a
    if a.category == b.category:
        return _promote_same(a, b)
    if b.category == COMPLEX and a.category == FLOAT:
        return (
            complex128 if a is float64 else complex64 if b is complex32 and a is not float16 else b
        )
    return b


def _promote_same(a: dtype, b: dtype) -> dtype:
    if a.category == INT:
        if a.rank > 4 or b.rank > 4:
            raise RuntimeError(
                "Promotion for uint16, uint32, uint64 types is not supported, "
                f"attempted to promote {a.display} and {b.display}"
            )
        if uint8 in (a, b):
            other = b if a is uint8 else a
            return int16 if other is int8 else other
    if {a, b} == {float16, bfloat16}:
        return float32
    return a if a.rank > b.rank else b


def of_scalar(value: Any) -> dtype:
    """The type that a Python number has as a tensor."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    if isinstance(value, (complex, np.complexfloating)):
        return TO_COMPLEX[default()]
    return default()


def bits_of_bfloat16(a: Any) -> Any:
    """The 16 bits of each value of a float32 array that holds bfloat16."""
    return (np.ascontiguousarray(a, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def round_bfloat16(a: Any) -> Any:
    """Round float32 values to the nearest bfloat16 (ties to even), still as float32."""
    a = np.asarray(a, np.float32)
    bits = a.view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    rounded &= np.uint32(0xFFFF0000)
    return np.where(np.isnan(a), a, rounded.view(np.float32)).astype(np.float32, copy=False)


def round_complex32(a: Any) -> Any:
    """Round the parts of complex64 values to the nearest float16, still as complex64."""
    a = np.asarray(a, np.complex64)
    out = np.empty_like(a)
    out.real, out.imag = a.real.astype(np.float16), a.imag.astype(np.float16)
    return out


def cast(a: Any, src: dtype, dst: dtype) -> Any:
    """Convert a raw array from one type to another; the array itself if nothing is to do."""
    if src is dst:
        return a
    if dst is bfloat16:
        return round_bfloat16(a)
    if dst is complex32:
        return round_complex32(a)
    if src.np is dst.np:
        return a
    if dst.category != COMPLEX and src.category == COMPLEX:
        a = a.real
    if dst.category == INT and src.category == FLOAT:
        return _float_to_int(a, dst)
    return a.astype(dst.np)


def _float_to_int(a: Any, dst: dtype) -> Any:
    # Through int32 and then cut off, as x86 does: 300.0 as uint8 is 44, what int32 lacks is its least.
    wide = np.asarray(a).astype(np.int64)
    if (dst.np.itemsize < 8 and dst.np.kind == "i") or dst.np.itemsize < 4:
        wide = np.where((wide >= -(2**31)) & (wide < 2**31), wide, -(2**31))
    return wide.astype(dst.np)


NOTHING: Any = object()


def _name_of(value: Any) -> str:
    from engine.errors import type_name

    return type_name(value)


class finfo:
    """Limits of a floating point type."""

    __module__ = "torch"
    _BF16 = (3.3895313892515355e38, 0.0078125, 1.1754943508222875e-38, 9.183549615799121e-41, 0.01)

    def __init__(self, type: dtype | None = None) -> None:
        d = default() if type is None else type
        if not isinstance(d, dtype):
            raise TypeError(
                f"finfo(): argument 'type' (position 1) must be torch.dtype, not {_name_of(d)}"
            )
        if d.category < FLOAT:
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
            )
        self.dtype = d.to_real().name
        self.bits = d.to_real().itemsize * 8
        if d is bfloat16:
            self.max, self.eps, self.tiny, self.smallest_subnormal, self.resolution = self._BF16
        else:
            info = np.finfo(d.np)
            self.max, self.eps, self.tiny = float(info.max), float(info.eps), float(info.tiny)
            self.resolution = 10.0**-info.precision
            self.smallest_subnormal = float(info.smallest_subnormal)
        self.min, self.smallest_normal = -self.max, self.tiny

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer type."""

    __module__ = "torch"

    def __init__(self, type: dtype = NOTHING) -> None:
        if type is NOTHING:
            raise TypeError('iinfo() missing 1 required positional arguments: "type"')
        if not isinstance(type, dtype):
            raise TypeError(
                f"iinfo(): argument 'type' (position 1) must be torch.dtype, not {_name_of(type)}"
            )
        if type.category >= FLOAT:
            raise TypeError(
                "torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'"
            )
        if type is bool_:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        info = np.iinfo(type.np)
        self.dtype, self.bits, self.max, self.min = (
            type.name,
            info.bits,
            int(info.max),
            int(info.min),
        )

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
