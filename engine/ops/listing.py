"""The operator table as a person meets it: what can be called, what it does, what its gradient is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from engine.ops import rooms
from engine.ops.api import PUBLISHED, Published
from engine.ops.gradient_text import first_line, gradients
from engine.ops.published import ROOMS
from engine.ops.signatures import Overload, Parameter, overloads
from engine.ops.table import OPS, Op

COMPOSED = "through the operations it is made of"

#: The family of what a room publishes without a row of its own.
_ROOM_FAMILIES = {
    "arithmetic": "pointwise", "binary": "pointwise", "blending": "pointwise", "pairs": "pointwise",
    "division": "pointwise", "powers": "pointwise", "relations": "pointwise", "rounding": "pointwise",
    "special_rows": "pointwise",
    "pointwise": "pointwise", "clamping": "pointwise", "comparison": "pointwise",
    "calculus": "reduction", "counting": "reduction", "cumulative": "reduction",
    "extremes": "reduction", "norms": "reduction", "quantiles": "reduction",
    "reduction": "reduction", "renorm": "reduction", "statistics": "reduction",
    "combining": "shape", "complexes": "shape", "diagonal": "shape", "joining": "shape",
    "rearranging": "shape", "selection": "shape", "shape": "shape", "strides": "shape",
    "decompositions": "matmul", "householder": "matmul", "linalg": "matmul", "matmul": "matmul", "products": "matmul",
    "indexing": "indexing", "masking": "indexing", "picking": "indexing", "scattering": "indexing",
    "slicing": "indexing", "sorting": "indexing",
    "writing": "indexing", "randomness": "random", "draws": "random", "variates": "random", "softmax": "activation",
}  # fmt: skip
_FUNCTIONAL_FAMILIES = {
    "activation": "activation", "attention": "activation", "classification": "loss",
    "conv": "convolution", "dropout": "random", "linear": "matmul", "loss": "loss",
    "norm": "normalization", "pool": "convolution", "ranking": "loss", "shape": "shape",
}  # fmt: skip
#: The rows behind functions that are called otherwise.
_BEHIND = {
    "matmul": "mm mv dot bmm", "cross_entropy": "_log_softmax nll_loss", "to": "_to_copy",
    "cholesky": "linalg_cholesky_ex", "logsigmoid": "log_sigmoid", "prelu": "_prelu_kernel",
    "fold": "col2im", "unfold": "im2col", "pad": "constant_pad_nd", "interpolate": "resample",
    "inv": "linalg_inv_ex", "reshape": "view",
    **{f"conv{n}d": "convolution" for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": "conv_transposed" for n in (1, 2, 3)},
    **{f"{kind}_norm": f"native_{kind}_norm" for kind in ("layer", "batch", "group")},
    **{f"max_pool{n}d": f"max_pool{n}d_with_indices" for n in (2, 3)},
}  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Questions about a tensor, and what leads out of tensors.
_FACTS = _words(
    """broadcast_shapes cuda data_ptr dim element_size is_complex is_contiguous is_floating_point
    is_nonzero is_same_size is_set_to is_signed item numel numpy result_type size storage storage_offset
    untyped_storage
    stride tolist type"""
)
#: Other functions without a row whose results have no history.
_NO_GRADIENT = _FACTS | _words(
    """allclose argsort argwhere bincount bool bucketize byte char equal histc histogram int isclose
    isin long matrix_rank multinomial nonzero one_hot searchsorted short tril_indices triu_indices
    unique unique_consecutive"""
)
#: What every function takes and nobody needs to be told.
_LEFT_OUT = _words(
    """out dtype layout device pin_memory requires_grad generator memory_format _stacklevel implicit
    size_average kwargs out_dtype axis keepdims cudnn_enable cudnn_enabled"""
)


class Operation(NamedTuple):
    """One operation. `call` is its full name, `arguments` are those it cannot do without."""

    name: str
    call: str
    signature: str
    arguments: tuple[str, ...]
    family: str
    doc: str
    also: tuple[str, ...]  # other names
    method: bool
    inplace: bool  # it has an in-place variant `name_`
    node: str  # of the backward graph; several with commas; "" without one
    gradients: tuple[tuple[str, str], ...]  # argument ("" for all) and formula


@cache
def listed() -> tuple[Operation, ...]:
    """Return all public operations by family and name. Imports all rooms."""
    rooms.load_all()
    found = [*_torch(), *_sequences(), *_linalg(), *_special(), *_functional()]
    return tuple(sorted(found, key=lambda one: (one.family, one.name, one.call)))


def _torch() -> Iterator[Operation]:
    # Rows outside the rooms are those of layers, which are there once a layer was used.
    ours = rooms.functions() | rooms.methods()
    published = {
        name: entry
        for name, entry in PUBLISHED.items()
        if name in ours or not isinstance(entry.source, Op)
    }
    also: dict[int, list[str]] = {}
    for name, entry in published.items():
        also.setdefault(id(entry.source), []).append(name)
    for name, entry in published.items():
        names = also[id(entry.source)]
        if name == names[0] and not name.startswith("_") and name != "cuda":
            yield _published(name, entry, tuple(names[1:]))


def _published(name: str, entry: Published, also: tuple[str, ...]) -> Operation:
    rows = _rows(name, of_rooms=True)
    if isinstance(entry.source, Op) and entry.source not in rows:
        rows.insert(0, entry.source)
    family = rows[0].family if rows else _family(name)
    family = "creation" if family == "inplace" else family  # as a function it makes a tensor
    place = "torch" if entry.function else "Tensor"
    ways = [way for way in overloads(name, not entry.function) if not way.hidden]
    if ways:
        shown, arguments = _from_overloads(ways)
    elif isinstance(entry.source, Op):
        shown, arguments = _from_row(entry.source)
    else:
        shown, arguments = _from_function(entry.source, method=not entry.function)
    return _operation(
        name, f"{place}.{name}", shown, arguments, family, entry.doc, rows,
        also, entry.method, f"{name}_" in rooms.methods(),
    )  # fmt: skip


def _sequences() -> Iterator[Operation]:
    module = import_module("engine.sequences")
    for name in ("arange", "eye", "linspace", "logspace"):
        yield _plain(f"torch.{name}", getattr(module, name), "creation", [])


def _linalg() -> Iterator[Operation]:
    module = import_module("engine.linalg")
    for name in (
        "cholesky", "cholesky_ex", "cond", "cross", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "inv_ex", "lstsq",
        "lu", "lu_factor", "lu_factor_ex", "lu_solve",
        "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv",
        "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander",
        "vecdot", "vector_norm",
    ):  # fmt: skip
        rows = [op for op in _rows(name, of_rooms=True) if op.name.startswith("linalg_")]
        yield _plain(f"torch.linalg.{name}", getattr(module, name), "matmul", rows)


def _special() -> Iterator[Operation]:
    module = import_module("engine.special")
    for key, op in list(OPS.items()):
        if key.startswith("special_"):
            shown, arguments = _from_row(op)
            name = key.removeprefix("special_")
            yield _operation(
                name, f"torch.special.{name}", shown, arguments, op.family, op.doc, [op]
            )
    for name in ("multigammaln",):
        yield _plain(f"torch.special.{name}", getattr(module, name), "pointwise", [])


def _functional() -> Iterator[Operation]:
    module = import_module("engine.nn.functional")
    same = rooms.functions() | {"swish", "upsample", "nll_loss2d", "retired_reduction"}
    for name in module.__all__:
        if name in same or name.endswith(("_", "_with_indices")):
            continue
        fn = getattr(module, name)
        room = Path(inspect.unwrap(fn).__code__.co_filename).stem
        rows = _rows(name, of_rooms=False)
        family = rows[0].family if len(rows) == 1 else _FUNCTIONAL_FAMILIES.get(room, "other")
        yield _plain(f"torch.nn.functional.{name}", fn, family, rows)


def _plain(call: str, fn: Any, family: str, rows: list[Op]) -> Operation:
    shown, arguments = _from_function(fn)
    name = call.rpartition(".")[2]
    return _operation(name, call, shown, arguments, family, first_line(fn), rows)


def _operation(
    name: str, call: str, shown: str, arguments: tuple[str, ...], family: str, doc: str,
    rows: list[Op], also: tuple[str, ...] = (), method: bool = False, inplace: bool = False,
) -> Operation:  # fmt: skip
    nodes = dict.fromkeys(
        op.node.__name__ for op in rows if op.differentiable and "Backward" in op.node.__name__
    )
    return Operation(
        name, call, f"{call}({shown})", arguments, family, doc, also, method, inplace,
        ", ".join(nodes), _gradients(name, family, rows),
    )  # fmt: skip


def _gradients(name: str, family: str, rows: list[Op]) -> tuple[tuple[str, str], ...]:
    """Those of the first row; of all where a function has others do its work."""
    wanted = rows if name in _BEHIND and len(rows) > 1 else rows[:1]
    found = [gradients(op) for op in wanted if op.differentiable]
    if len(found) > 1:
        return (("", COMPOSED),)
    if found:
        return found[0]
    quiet = rows or name in _NO_GRADIENT or family in ("creation", "random")
    return () if quiet else (("", COMPOSED),)


def _rows(name: str, *, of_rooms: bool) -> list[Op]:
    """The rows that a public function runs; `of_rooms`: of torch, else of torch.nn.functional.

    By node, since the order in which rooms were imported says nothing.
    """
    behind = _BEHIND.get(name, "").split()
    wanted = {name, f"_{name}", f"linalg_{name}", *behind}
    found = [
        (op.node.__name__, key, op)
        for key, op in list(OPS.items())
        if (key in wanted or op.name in wanted)
        and not key.startswith("special_")
        and (of_rooms == rooms.publishes(key) or (key in behind and not of_rooms))
    ]
    return [op for _, _, op in sorted(found, key=lambda each: each[:2])]


def _family(name: str) -> str:
    if name in _FACTS:
        return "other"
    for kinds in (3, 4):  # what a room publishes comes before what others have as rows
        for room, names in ROOMS.items():
            if name in " ".join(names[:kinds]).split():
                return _ROOM_FAMILIES.get(room, "other")
    return "creation"


# --- signatures ----------------------------------------------------------------------------------
def _from_overloads(ways: list[Overload]) -> tuple[str, tuple[str, ...]]:
    """The longest overload without what is left out; what the first one requires."""
    longest = max(ways, key=lambda way: len([p for p in way.params if p.name not in _LEFT_OUT]))
    parts: list[str] = []
    for p in longest.params:
        if p.name in _LEFT_OUT:
            continue
        if p.keyword and "*" not in parts:
            parts.append("*")
        default = (p.default or "").replace("{", "(").replace(",", ", ").replace("}", ")")
        parts.append(p.name if p.default is None else f"{p.name}={default}")
    if longest.variadic:
        parts[0] = f"*{parts[0]}"
    needed = tuple(p.name for p in _plainest(ways, longest).params if _needed(p))
    return ", ".join(parts), needed


def _plainest(ways: list[Overload], longest: Overload) -> Overload:
    """The way to call a function that one would try first: with the least, but tensors in full."""
    if all(_needed(p) and p.kind == "Tensor" for p in longest.params if p.name not in _LEFT_OUT):
        return longest
    told = [way for way in ways if any(p.name not in _LEFT_OUT for p in way.params)]
    return min(told or ways, key=lambda way: sum(map(_needed, way.params)))


def _needed(p: Parameter) -> bool:
    return p.default is None and p.name not in _LEFT_OUT


def _from_row(op: Op) -> tuple[str, tuple[str, ...]]:
    shown = op.signature.partition("(")[2].removesuffix(")")
    needed = tuple(p for p in op.params if p not in op.defaults)
    return re.sub(r"\bself\b", "input", shown), tuple("input" if p == "self" else p for p in needed)


def _from_function(fn: Any, *, method: bool = False) -> tuple[str, tuple[str, ...]]:
    parts: list[str] = []
    needed: list[str] = []
    params = list(inspect.signature(fn).parameters.values())[int(method) :]
    for p in params:
        if p.name in _LEFT_OUT or p.name == "reduce":
            continue
        name = "input" if p.name == "self" else p.name
        if p.kind is p.VAR_POSITIONAL:
            parts.append(f"*{name}")
            needed.append(name)
            continue
        if p.kind is p.VAR_KEYWORD:
            continue
        if p.kind is p.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
            parts.append("*")
        if p.default is p.empty:
            parts.append(name)
            needed.append(name)
        elif p.default is ...:
            parts.append(f"{name}=None")
        else:
            parts.append(f"{name}={p.default!r}")
    return ", ".join(parts), tuple(needed)
