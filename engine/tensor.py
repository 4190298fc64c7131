"""torch.Tensor: an array with a place in the graph. Operations are installed by `engine.ops`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import device as devices
from engine import errors, recording, version
from engine.autograd import mode
from engine.autograd import node as graph
from engine.autograd.node import LEAF, Port
from engine.dtype import FLOAT, FROM_NP, dtype
from engine.errors import mismatch, type_name
from engine.size import Size, intern

_NOT_LEAF = "you can only change requires_grad flags of leaf variables."
_NO_GRAD_HINT = (
    " If you want to use a computed variable in a subgraph that doesn't require differentiation "
    "use var_no_grad = var.detach()."
)
_NONLEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
    "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
    "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
    "access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. See "
    "github.com/pytorch/pytorch/pull/30531 for more information."
)


class TensorBase:
    """The slots of a tensor.

    `_a`  the values: an ndarray, or a NumPy scalar for a 0-d tensor nobody wrote to or viewed
    `_s`  the shape (interned), `_d` the element type
    `_g`  the edge that takes this tensor's gradient: a node, a Port, LEAF, or None
    `_v`  None, a version.Cell or a version.View
    The others are unset until used.
    """

    __module__ = "torch._C"
    __slots__ = (
        "__dict__", "__weakref__", "_a", "_acc", "_d", "_flags", "_g", "_grad", "_hooks",
        "_post_hooks", "_s", "_tid", "_v",
    )  # fmt: skip


class Tensor(TensorBase):
    """An n-dimensional array that can take part in differentiation."""

    __module__ = "torch"
    __slots__ = ()
    __array_priority__ = 1000

    _a: Any
    _s: Size
    _d: dtype
    _g: Any
    _v: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        from engine.creation import legacy

        made = legacy(*args, **kwargs)
        return made if cls is Tensor else made.as_subclass(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] not in ("engine", "torch"):
            from engine import overrides

            overrides.adopt(cls)

    @staticmethod
    def _make_wrapper_subclass(cls: Any, size: Any, **options: Any) -> Any:
        """An instance of a subclass with a shape and no data of its own."""
        from engine import dispatch

        return dispatch.wrapper(cls, size, **options)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Compute `func` as it is; subclasses say otherwise (see `engine.overrides`)."""
        from engine import overrides

        return overrides.default(cls, func, types, args, kwargs)

    def __hash__(self) -> int:
        return id(self)

    if TYPE_CHECKING:  # operations come from the table (see `engine.ops.api.expose`)

        def __getattr__(self, name: str) -> Any: ...
        def __neg__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __len__(self) -> int: ...
        def __float__(self) -> float: ...
        def __int__(self) -> int: ...

        __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = __and__ = __or__ = __add__
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __add__
        __lt__ = __le__ = __gt__ = __ge__ = __add__
        __eq__ = __ne__ = __add__  # type: ignore[assignment]  # element by element
        __invert__ = __neg__

    # --- what it is ------------------------------------------------------------------------
    @property
    def shape(self) -> Size:
        return self._s

    @property
    def dtype(self) -> dtype:
        return self._d

    @property
    def device(self) -> devices.device:
        return devices.CPU

    @property
    def ndim(self) -> int:
        return len(self._s)

    @property
    def itemsize(self) -> int:
        return self._d.itemsize

    @property
    def nbytes(self) -> int:
        return self._d.itemsize * self._s.numel()

    @property
    def layout(self) -> Any:
        from engine import strided

        return strided

    @property
    def name(self) -> str | None:
        return None

    is_cuda = is_sparse = is_quantized = is_mps = is_meta = is_xpu = is_nested = is_mkldnn = False
    is_cpu = True

    # --- its place in the graph ------------------------------------------------------------
    @property
    def requires_grad(self) -> bool:
        return self._g is not None or self._reports_grad()

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")  # noqa: TRY004
        if self._g is not None and self._g is not LEAF:
            if not value:
                raise RuntimeError(_NOT_LEAF + _NO_GRAD_HINT)
            return
        if value and self._d.category < FLOAT:
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients"
            )
        if value and is_inference(self) and not mode.inference:
            raise RuntimeError(_INFERENCE_GRAD)
        recording.before_change()
        self._g = LEAF if value else None

    def _reports_grad(self) -> bool:
        """A view that was taken of a leaf without recording still says that it requires grad."""
        v = self._v
        return (
            type(v) is version.View
            and v.origin in ("no_grad", "inference_mode")
            and v.base._g is not None
        )

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        if type(requires_grad) is not bool:
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                + type_name(requires_grad)
            )
        if self._g is not None and self._g is not LEAF:
            if not requires_grad:
                raise RuntimeError(_NOT_LEAF + _NO_GRAD_HINT)
            return self
        if requires_grad and self._d.category < FLOAT:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if requires_grad and is_inference(self) and not mode.inference:
            raise RuntimeError(_INFERENCE_GRAD)
        recording.before_change()
        self._g = LEAF if requires_grad else None
        return self

    @property
    def grad_fn(self) -> Any:
        g = self._g
        if g is None or g is LEAF:
            return None
        if g.spoiled:
            raise RuntimeError(g.spoiled)
        return g.node if type(g) is Port else g

    _node = grad_fn

    @property
    def output_nr(self) -> int:
        g = self._g
        return g.nr if type(g) is Port else 0

    _nr = output_nr

    @property
    def is_leaf(self) -> bool:
        return self._g is None or self._g is LEAF

    @property
    def grad(self) -> Any:
        try:
            found = self._grad
        except AttributeError:
            found = None
        if found is None and self._g is not None and self._g is not LEAF and not self.retains_grad:
            import warnings

            warnings.warn(_NONLEAF_GRAD, UserWarning, stacklevel=2)
        return found

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None and (wrong := errors.wrong_grad(self, value)) is not None:
            raise wrong
        self._grad = value
        recording.assigned(self, value)

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def retains_grad(self) -> bool:
        return bool(getattr(self, "_flags", 0) & RETAINS)

    def retain_grad(self) -> None:
        if self._g is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._g is LEAF or self.retains_grad:
            return
        self._flags = getattr(self, "_flags", 0) | RETAINS
        from engine.autograd import hooks

        hooks.retain(self)

    def register_hook(self, hook: Any) -> Any:
        if self._g is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        from engine.autograd import hooks

        return hooks.add_to_tensor(self, hook)

    def register_post_accumulate_grad_hook(self, hook: Any) -> Any:
        from engine.autograd import hooks

        return hooks.add_post_accumulate(self, hook)

    @property
    def _version(self) -> int:
        if is_inference(self):
            raise RuntimeError("Inference tensors do not track version counter.")
        return version.count(self)

    @property
    def _base(self) -> Any:
        return self._v.base if type(self._v) is version.View else None

    def _is_view(self) -> bool:
        return type(self._v) is version.View

    def is_inference(self) -> bool:
        return is_inference(self)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        _backward()(self, gradient, retain_graph, create_graph, inputs=inputs)

    def module_load(self, other: Any, assign: bool = False) -> Any:
        """What `load_state_dict` puts in the place of this parameter when it swaps tensors."""
        if assign:
            return other.detach()
        return self.detach().copy_(other)

    # --- its memory ------------------------------------------------------------------------
    @property
    def data(self) -> Tensor:
        shown = alias(self)
        recording.shared(self)
        return shown

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if type(value).is_meta is not type(self).is_meta:
            raise RuntimeError(
                "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have "
                "incompatible tensor type."
            )
        if self._g is not None and value._d.category < FLOAT:
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex dtype"
            )
        if recording.log is not None or recording.forward is not None:
            recording.note_write(self)
        array(value)
        self._a, self._s, self._d = value._a, value._s, value._d
        if recording.log is not None:
            recording.operation("set_data", self, (self, value), None)


@cache
def _backward() -> Any:
    from engine.autograd.passes import backward

    return backward


def _read_only(name: str) -> None:
    """Make assigning to a property raise what PyTorch raises."""

    def refuse(self: Any, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch._C.TensorBase' objects is not writable")

    setattr(Tensor, name, getattr(Tensor, name).setter(refuse))


for _name in (
    "shape", "dtype", "device", "ndim", "grad_fn", "is_leaf", "output_nr", "_version", "layout"
):  # fmt: skip
    _read_only(_name)

RETAINS, INFERENCE = 1, 2
_INFERENCE_GRAD = (
    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
)
#: The classes whose instances take the quick ways of `engine.ops.quick`; modules add theirs.
TENSORS: set[type] = {Tensor}
new = object.__new__


def is_inference(t: Tensor) -> bool:
    return bool(getattr(t, "_flags", 0) & INFERENCE)


def wrap(a: Any, d: dtype | None = None) -> Tensor:
    """A tensor over an array (or NumPy scalar), without copying and without history."""
    t = new(Tensor)
    t._a = a
    t._s = intern(a.shape)
    t._d = FROM_NP[a.dtype] if d is None else d
    t._g = None
    t._v = None
    if mode.inference:
        t._flags = INFERENCE
        t._v = version.Cell()
    return t


def array(t: Tensor) -> Any:
    """The values as an ndarray that shares memory with `t` from now on."""
    a = t._a
    if not isinstance(a, np.ndarray):
        a = t._a = np.array(a)
    return a


def alias(t: Tensor) -> Tensor:
    """A tensor over the same memory without history and with a version of its own."""
    return wrap(array(t), t._d)


__all__ = ["LEAF", "Tensor", "alias", "array", "graph", "mismatch", "wrap"]
