"""torch.autograd.Function: operations whose forward and backward a person writes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import errors, recording
from engine.autograd import mode, sweep
from engine.autograd import node as graph
from engine.autograd.function_outputs import Saved, attach
from engine.autograd.node import Port, tick
from engine.batching.levels import deepest, lift
from engine.tensor import Tensor, wrap


class FunctionCtx:
    """What forward and backward share; the graph's node is one."""

    to_save: tuple[Any, ...]

    def save_for_backward(self, *tensors: Any) -> None:
        self.__dict__["to_save"] = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        self.__dict__["saved_for_forward"] = tensors

    def mark_dirty(self, *args: Any) -> None:
        self.__dict__["dirty"] = args
        for t in args:  # perhaps not by an operation: a person may write through NumPy
            if recording.forward is not None and isinstance(t, Tensor):
                recording.note_write(t)

    def mark_non_differentiable(self, *args: Any) -> None:
        self.__dict__["non_differentiable"] = args

    def set_materialize_grads(self, value: bool) -> None:
        self.__dict__["materialize_grads"] = value


class BackwardNode(graph.Node, FunctionCtx):
    """The node of one application; `_function` is the person's class."""

    _function: Any
    frees = True

    def __init__(self) -> None:
        d = self.__dict__
        d["edges"] = ()
        d["_saved"] = ()
        d["_freed"] = False
        self.seq = 0
        self.outputs = 1

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} object at {id(self):#x}>"

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        if self.__dict__.get("_pushes") and "saved_for_forward" in self.__dict__:
            return self.__dict__["saved_for_forward"]  # type: ignore[no-any-return]
        if self.__dict__["_freed"]:
            raise errors.freed()
        if (
            "to_save" in self.__dict__
            and not self.__dict__["edges"]
            and not self.__dict__["_saved"]
        ):
            return self.__dict__["to_save"]  # type: ignore[no-any-return]
        return tuple(
            None if s is None else s.get(self) if type(s) is Saved else s.unpack(_GRAPH)
            for s in self.__dict__["_saved"]
        )

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        text = "'saved_variables' is deprecated; use 'saved_tensors'"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.saved_tensors

    def release(self) -> None:
        if self.__dict__["_saved"]:
            self.__dict__["_freed"] = True
            self.__dict__["_saved"] = ()
            self.__dict__.pop("to_save", None)

    def push(self, tangents: list[Any]) -> tuple[Any, ...]:
        """The tangents of the outputs along those of the arguments, by the person's `jvp`."""
        if self._function.jvp is Function.jvp:
            Function.jvp(self)
        self.__dict__["_pushes"] = True
        try:
            out = self._function.jvp(self, *tangents)
        finally:
            self.__dict__["_pushes"] = False
        return out if isinstance(out, tuple) else (out,)

    def _zeros(self, given: list[Any]) -> list[Any]:
        """Zero gradients behind a step that takes their derivative along tangents to `jvp`.

        They come from zeros, and stand for a linear function of what is given.
        """
        n = _Push()
        n.node, n._got, n.seq = self, None, tick()
        n.edges = tuple(None if v is None else graph.edge(v) for v in given)
        metas = self.__dict__["_input_metas"]
        n.outputs = len(metas)
        level = deepest(given)
        out = [wrap(np.zeros(size, d.np), d) for size, d in metas]
        out = [lift(t, level) for t in out] if level else out
        for i, t in enumerate(out):
            t._g = n if n.outputs == 1 else Port(n, i)
        return out

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        given = g if isinstance(g, list) else [g]
        if mode.pushes and not F.raw:
            if self._function.jvp is Function.jvp:
                Function.jvp(self)
            return self._zeros(given)
        tensors = [v if v is None or isinstance(v, Tensor) else wrap(v) for v in given]
        if self.__dict__.get("materialize_grads", True):
            tensors = [
                wrap(np.zeros(size, d.np), d) if v is None and d is not None else v
                for v, (size, d) in zip(tensors, self.__dict__["_metas"], strict=True)
            ]
        sweep.turn()
        out = self._user_backward()(self, *tensors)
        return self._checked(F, out if isinstance(out, tuple) else (out,))

    def _user_backward(self) -> Callable[..., Any]:
        fn = self._function
        backward, vjp = fn.backward, fn.vjp
        if backward is not Function.backward and vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return vjp if vjp is not Function.vjp else backward  # type: ignore[no-any-return]

    def _checked(self, F: Any, out: tuple[Any, ...]) -> list[Any]:
        flags = self.__dict__["_arguments"]
        name = type(self).__name__
        while len(out) > len(flags) and out[-1] is None:
            out = out[:-1]
        if len(out) != len(flags):
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {len(flags)}, got {len(out)})"
            )
        grads = []
        for i, (v, is_tensor) in enumerate(zip(out, flags, strict=True)):
            if not is_tensor:
                if v is not None:
                    raise RuntimeError(
                        f"function {name} returned a gradient different than None at position {i + 1}, but the "
                        "corresponding forward input was not a Variable"
                    )
                continue
            if v is not None and not isinstance(v, Tensor):
                raise RuntimeError(f"expected Variable or None (got {errors.type_name(v)})")
            grads.append(v)
        return [self._fitted(F, i, v) for i, v in enumerate(grads)]

    def _fitted(self, F: Any, i: int, v: Any) -> Any:
        size, d = self.__dict__["_input_metas"][i]
        if v is None or self.__dict__["edges"][i] is None:
            return None
        if v._s != size:
            if not _expandable(size, v._s):
                raise RuntimeError(
                    f"Function {type(self).__name__} returned an invalid gradient at index {i} - got "
                    f"{list(v._s)} but expected shape compatible with {list(size)}"
                )
            v = _GRAPH.sum_to(v, size)
        if v._d is not d:
            v = v.to(d)
        return v._a if F.raw else v


def _expandable(size: Any, given: Any) -> bool:
    try:
        return bool(np.broadcast_shapes(size, given) == given)
    except ValueError:
        return False


class _Push(graph.Function):
    """The step of a derivative along tangents through a person's `jvp`."""

    __slots__ = ("node", "outputs")

    node: Any
    outputs: int

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        given = iter(g if isinstance(g, list) else [g])
        d = self.node.__dict__
        metas = iter(d["_input_metas"])
        tangents: list[Any] = []
        for is_tensor in d["_arguments"]:
            if not is_tensor:
                tangents.append(None)
                continue
            t, (size, kind) = next(given), next(metas)
            t = wrap(np.zeros(size, kind.np), kind) if t is None else t
            tangents.append(t if isinstance(t, Tensor) else wrap(t, kind))
        found = self.node.push(tangents)
        return [t if t is None or not F.raw else t._a for t in found]


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a backward that must not itself be differentiated."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with mode.no_grad():
            out = fn(ctx, *args)
        if not mode.enabled or not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            return out
        many = isinstance(out, tuple)
        outs = out if many else (out,)
        node = _Refusal()
        node.edges = tuple(
            graph.edge(a) for a in args if isinstance(a, Tensor) and a._g is not None
        )
        node._got = None
        node.seq = tick()
        fresh = []
        for v in outs:
            if isinstance(v, Tensor):
                v = wrap(v._a, v._d)
                v._g = node
            fresh.append(v)
        return tuple(fresh) if many else fresh[0]

    return wrapper


class _Refusal(graph.Function):
    __slots__ = ()

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )


_Refusal.__name__ = "torch::autograd::Error"


class _Meta(type):
    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> None:
        super().__init__(name, bases, body)
        cls._backward_cls = type(
            name + "Backward",
            (BackwardNode,),
            {"_function": cls, "__module__": "torch.autograd.function"},
        )


_Meta.__name__ = _Meta.__qualname__ = "FunctionMeta"


class Function(metaclass=_Meta):
    """Subclass it with static `forward` and `backward`, call it through `apply`."""

    __module__ = "torch.autograd.function"
    _backward_cls: Any
    #: Whether `vmap` may map over forward and backward as over any function.
    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you "
            "should invoke them on the class itself. Instantiating an autograd function will raise an error in "
            "a future version of PyTorch.", DeprecationWarning, stacklevel=2,
        )  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style "
            "autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it "
            "with backward mode AD."
        )

    @staticmethod
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it "
            "with backward mode AD."
        )

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward and put a node of this class into the graph."""
        if mode.transforms and cls.setup_context is Function.setup_context:
            raise RuntimeError(
                "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, "
                "jacrev, ...), it must override the setup_context staticmethod. For more details, "
                "please see https://pytorch.org/docs/main/notes/extending.func.html"
            )
        if mode.batching is not None and mode.batching.deepest((*args, *kwargs.values())):
            return mode.batching.apply(cls, args, kwargs)
        if mode.duals is not None and any(mode.duals.tangent_of(a) is not None for a in args):
            return mode.duals.apply(cls, cls._applied, args, kwargs)
        return cls._applied(args, kwargs)[0]

    @classmethod
    def _applied(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """The outputs and the node."""
        inputs = [a for a in args if isinstance(a, Tensor)]
        node = cls._backward_cls()
        d = node.__dict__
        d["needs_input_grad"] = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        need = mode.enabled and any(a.requires_grad for a in inputs)
        inside = recording.enter_forward(tuple(inputs))
        try:
            out = attach(node, args, inputs, cls._forward(node, args, kwargs, inside), need)
        except BaseException:
            recording.failed(inside)
            raise
        if recording.log is not None:
            named = {str(i): a for i, a in enumerate(args) if not isinstance(a, Tensor)}
            params = {**named, **kwargs} or None
            saved = d.pop("to_save", ()) if need else ()
            recording.function(cls.__name__, out, tuple(inputs), params, inside, saved)
        return out, node

    @classmethod
    def _forward(cls, node: Any, args: tuple[Any, ...], kwargs: dict[str, Any], inside: Any) -> Any:
        """Run forward without a graph; the recorder sees no more of it than `inside` says."""
        own = cls.setup_context is not Function.setup_context
        before, mode.enabled = mode.enabled, False
        try:
            out = cls.forward(*args, **kwargs) if own else cls.forward(node, *args, **kwargs)
        except TypeError as error:
            place = error.__traceback__
            if kwargs and place is not None and place.tb_next is None:  # the call itself
                called = f"{cls.forward.__qualname__}()"
                raise TypeError(str(error).replace(called, "forward()")) from None
            raise
        else:
            if own:
                cls.setup_context(node, args, out)
        finally:
            mode.enabled = before
            recording.leave_forward(inside)
        return out


class InplaceFunction(Function):
    __module__ = "torch.autograd.function"


class NestedIOFunction(Function):
    __module__ = "torch.autograd.function"


from engine.ops.table import GRAPH as _GRAPH  # noqa: E402
