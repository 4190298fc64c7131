"""One step of a pass as a program of NumPy alone: its inputs, its formula, and what it sent.

The program computes the operation's result and the gradients from the numbers on the tape, and
asserts that they are those that were recorded. An operation whose formula is not listed here is
reproduced through its Jacobian.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.derivative import Derivative, Derivatives, Product
from engine.tape.errors import NotKept
from engine.tape.tape import Tape

Array = NDArray[Any]

#: Elements of an array that are written as numbers; beyond, its bytes are.
_LITERAL, _MOST_BYTES = 400, 8_000_000

_CONSTANT = (int, float, bool, str, type(None))


class CodeError(ValueError):
    """A step of which there is no program; the message says why."""


class Formula(NamedTuple):
    """What an operation computes, and the gradient of each argument, as NumPy writes it.

    `g` is the cotangent that came in, `result` the recorded result.
    """

    value: str
    gradients: Mapping[str, str]


def _unary(value: str, gradient: str) -> Formula:
    return Formula(value, {"input": gradient})


_SIGMOID = "1 / (1 + np.exp(-input))"
_SPREAD = "spread(g, input.shape, dim, keepdim)"
_KINDS = {
    "add": Formula("input + alpha * other", {"input": "g", "other": "alpha * g"}),
    "sub": Formula("input - alpha * other", {"input": "g", "other": "-alpha * g"}),
    "mul": Formula("input * other", {"input": "g * other", "other": "g * input"}),
    "div": Formula("input / other", {"input": "g / other", "other": "-g * input / other**2"}),
    "pow": Formula(
        "input**exponent",
        {
            "input": "g * exponent * input ** (exponent - 1)",
            "exponent": "g * input**exponent * np.log(input)",
        },
    ),
    "neg": _unary("-input", "-g"),
    "abs": _unary("np.abs(input)", "g * np.sign(input)"),
    "exp": _unary("np.exp(input)", "g * result"),
    "log": _unary("np.log(input)", "g / input"),
    "log1p": _unary("np.log1p(input)", "g / (1 + input)"),
    "sqrt": _unary("np.sqrt(input)", "g / (2 * result)"),
    "rsqrt": _unary("1 / np.sqrt(input)", "-g * result**3 / 2"),
    "square": _unary("input**2", "2 * g * input"),
    "reciprocal": _unary("1 / input", "-g * result**2"),
    "sin": _unary("np.sin(input)", "g * np.cos(input)"),
    "cos": _unary("np.cos(input)", "-g * np.sin(input)"),
    "tanh": _unary("np.tanh(input)", "g * (1 - result**2)"),
    "sigmoid": _unary(_SIGMOID, "g * result * (1 - result)"),
    "relu": _unary("np.maximum(input, 0)", "g * (result > 0)"),
    "silu": _unary(
        "input / (1 + np.exp(-input))", f"g * ({_SIGMOID}) * (1 + input * (1 - {_SIGMOID}))"
    ),
    "leaky_relu": _unary(
        "np.where(input > 0, input, negative_slope * input)",
        "g * np.where(input > 0, 1, negative_slope)",
    ),
    "mm": Formula("input @ mat2", {"input": "g @ mat2.T", "mat2": "input.T @ g"}),
    "mv": Formula("input @ vec", {"input": "np.outer(g, vec)", "vec": "input.T @ g"}),
    "dot": Formula("input @ tensor", {"input": "g * tensor", "tensor": "g * input"}),
    "bmm": Formula(
        "input @ mat2",
        {"input": "g @ mat2.swapaxes(1, 2)", "mat2": "input.swapaxes(1, 2) @ g"},
    ),
    "addmm": Formula(
        "beta * input + alpha * (mat1 @ mat2)",
        {
            "input": "beta * g",
            "mat1": "alpha * (g @ mat2.T)",
            "mat2": "alpha * (mat1.T @ g)",
        },
    ),
    "t": _unary("input.T", "g.T"),
    "transpose": _unary("np.swapaxes(input, dim0, dim1)", "np.swapaxes(g, dim0, dim1)"),
    "permute": _unary("input.transpose(dims)", "g.transpose(np.argsort(dims))"),
    "view": _unary("input.reshape(size)", "g.reshape(input.shape)"),
    "expand": _unary("np.broadcast_to(input, result.shape)", "g"),
    "unsqueeze": _unary("np.expand_dims(input, dim)", "g.reshape(input.shape)"),
    "squeeze": _unary("input.reshape(result.shape)", "g.reshape(input.shape)"),
    "clone": _unary("input.copy()", "g"),
    "sum": _unary("input.sum(axis=dim, keepdims=keepdim)", _SPREAD),
    "mean": _unary(
        "input.mean(axis=dim, keepdims=keepdim)", f"{_SPREAD} * (result.size / input.size)"
    ),
    "_softmax": _unary(
        "np.exp(input) / np.exp(input).sum(axis=dim, keepdims=True)",
        "result * (g - (g * result).sum(axis=dim, keepdims=True))",
    ),
    "_log_softmax": _unary(
        "input - np.log(np.exp(input).sum(axis=dim, keepdims=True))",
        "g - np.exp(result) * g.sum(axis=dim, keepdims=True)",
    ),
    "logsumexp": _unary(
        "np.log(np.exp(input).sum(axis=dim, keepdims=keepdim))",
        f"{_SPREAD} * np.exp(input - spread(result, input.shape, dim, keepdim))",
    ),
    "where": Formula(
        "np.where(condition, input, other)",
        {"input": "np.where(condition, g, 0)", "other": "np.where(condition, 0, g)"},
    ),
    "cumsum": _unary("input.cumsum(axis=dim)", "np.flip(np.flip(g, dim).cumsum(axis=dim), dim)"),
}  # fmt: skip
_DEFAULTS = {"alpha": 1, "beta": 1, "dim": None, "keepdim": False}
_HELPERS = {
    "unbroadcast": '''
def unbroadcast(g, shape):
    """Sum over the dimensions along which an argument was repeated."""
    g = np.asarray(g).sum(axis=tuple(range(np.ndim(g) - len(shape))))
    axes = tuple(i for i, size in enumerate(shape) if size == 1 and g.shape[i] != 1)
    return g.sum(axis=axes, keepdims=True)
''',
    "spread": '''
def spread(g, shape, dim, keepdim):
    """Give every element of a reduced dimension the gradient of the result that it went into."""
    if dim is not None and not keepdim:
        g = np.expand_dims(g, dim)
    return np.broadcast_to(g, shape)
''',
}


def numpy_code(tape: Tape, step: int) -> str:
    """Return the program of a step; CodeError where its numbers are not all there, or too many."""
    node = int(tape.steps["node"][step])
    op = int(tape.nodes["op"][node])
    if op < 0:
        raise CodeError("this node adds to a leaf's .grad: there is no operation to reproduce")
    code = _Code(tape, op, step)
    return code.text()


class _Code:
    def __init__(self, tape: Tape, op: int, step: int) -> None:
        self.tape, self.op, self.step = tape, op, step
        self.all = Derivatives(tape)
        self.derivative: Derivative = self.all.of(op, step)
        self.bytes = 0

    def text(self) -> str:
        facts, derivative = self.all.facts, self.derivative
        node = int(self.tape.steps["node"][self.step])
        pass_ = int(self.tape.steps["pass_"][self.step]) + 1
        if not any(product.sent is not None for product in derivative.products):
            raise CodeError("what the step sent was not kept")
        body = self._by_formula() or self._by_jacobian()
        used = [text for name, text in _HELPERS.items() if f"{name}(" in body]
        head = f'"""{facts.node_name(node)}, as it ran in pass {pass_}: its numbers in NumPy."""'
        return "\n".join([head, "", "import numpy as np", *used, body])

    # By the formula.

    def _by_formula(self) -> str:
        """Return the program's body, "" where no formula is listed for the operation."""
        name = self.derivative.op
        formula = _KINDS.get(name.removesuffix("_") if self.all.is_inplace(self.op) else name)
        outputs = list(self.all.facts.outputs(self.op))
        if formula is None or len(outputs) != 1:
            return ""
        names = self._names()
        constants = {
            "input" if k == "self" else k: v for k, v in self.all.constants(self.op).items()
        }
        given = {**names, "result": outputs[0]}
        texts = [formula.value, *formula.gradients.values()]
        wanted = {word for text in texts for word in re.findall(r"[a-z_]\w*", text)}
        known = {
            k: v for k, v in {**_DEFAULTS, **constants}.items() if k in wanted and k not in names
        }
        if not all(_is_constant(value) for value in known.values()):
            return ""
        sent = [p for p in self.derivative.products if p.sent is not None]
        if not all(p.argument in formula.gradients for p in sent):
            return ""
        if any(np.iscomplexobj(self._value(value)) for value in given.values()):
            return ""  # the formulas are those of real numbers
        lines = [f"{name} = {value!r}" for name, value in known.items()]
        lines += [self._assign(name, self._value(value), value) for name, value in given.items()]
        lines += [f"g = {self._array(self._cotangent())}  # the cotangent that came in", ""]
        lines += [f"value = {formula.value}", _same("value", "result", self._tolerance())]
        for product in sent:
            lines += self._check(product, formula.gradients[product.argument])
        return "\n".join(lines) + "\n"

    def _names(self) -> dict[str, int]:
        told = self.all.formulas(self.op)
        inputs = self.all.facts.inputs(self.op)
        return {argument: value for (argument, _), value in zip(told, inputs, strict=False)}

    def _check(self, product: Product, gradient: str) -> list[str]:
        name = f"grad_{product.argument}"
        assert product.sent is not None
        return [
            "",
            f"{name} = unbroadcast({gradient}, np.shape({product.argument}))",
            f"sent = {self._array(product.sent)}",
            _same(name, "sent", self._tolerance()),
            f'print("{name} =", {name}, sep="\\n")',
        ]

    # By the Jacobian.

    def _by_jacobian(self) -> str:
        derivative = self.derivative
        sent = [p for p in derivative.products if p.sent is not None]
        lacking = next((p.reason for p in sent if p.jacobian is None), "")
        if lacking or derivative.cotangent is None:
            why = lacking or "the cotangent that came in was not kept"
            raise CodeError(f"there is no formula for {derivative.op} in NumPy: {why}")
        lines = [
            f"# {derivative.op} by its Jacobian at the recorded inputs.",
            f"g = {self._array(derivative.cotangent)}  # came in, the results' elements in a row",
        ]
        for product in sent:
            assert product.jacobian is not None
            assert product.sent is not None
            name = f"grad_{product.argument}"
            if len(sent) > 1:
                name = f"{name}_{product.slot}"
            lines += [
                "",
                f"jacobian = {self._array(product.jacobian)}",
                f"{name} = (g @ jacobian).reshape({product.shape})",
                f"sent = {self._array(product.sent)}",
                _same(name, "sent", self._tolerance()),
                f'print("{name} =", {name}, sep="\\n")',
            ]
        return "\n".join(lines) + "\n"

    # Numbers.

    def _cotangent(self) -> Array:
        try:
            given = [g for g in replay.cotangents(self.tape, self.step) if g is not None]
        except NotKept:
            given = []
        if not given:
            raise CodeError("the cotangent that came in was not kept")
        return given[0]

    def _value(self, value: int) -> Array:
        array = self.all.facts.array(value)
        if array is None:
            raise CodeError("an input or the result was not kept")
        return array

    def _assign(self, name: str, array: Array, value: int) -> str:
        called = self.tape.name_of(int(self.tape.values["tensor"][value]))
        return f"{name} = {self._array(array)}" + (f"  # {called}" if called else "")

    def _tolerance(self) -> str:
        """Return how far rounding may be: by the coarsest type of the operation."""
        facts = self.all.facts
        values = [v for v in [*facts.inputs(self.op), *facts.outputs(self.op)] if v >= 0]
        eps = max(_eps(self.tape.value_dtype(v)) for v in values)
        return f"rtol={max(32 * eps, 1e-12):.0e}, atol={max(8 * eps, 1e-14):.0e}"

    def _array(self, array: Array) -> str:
        array = np.asarray(array)
        self.bytes += array.nbytes
        if self.bytes > _MOST_BYTES:
            raise CodeError(f"its arrays are too large: more than {_MOST_BYTES // 10**6} MB")
        if array.size > _LITERAL:
            text = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
            read = f'np.frombuffer(__import__("base64").b64decode("{text}"), "{array.dtype.str}")'
            return f"{read}.reshape({array.shape})"
        shaped = f".reshape({array.shape})" if not array.size else ""
        return f'np.array({_nested(array)}, "{array.dtype.name}"){shaped}'


def _nested(array: Array) -> str:
    if array.ndim:
        return f"[{', '.join(_nested(one) for one in array)}]"
    value = array[()]
    if isinstance(value, np.floating):
        return str(value) if np.isfinite(value) else f'float("{value}")'
    if isinstance(value, np.complexfloating):
        return f'complex("{str(value).strip("()")}")'
    return str(value.item())


def _same(left: str, right: str, tolerance: str) -> str:
    return f"np.testing.assert_allclose({left}, {right}, {tolerance})"


def _eps(dtype: str) -> float:
    if dtype == "bfloat16":
        return 2.0**-7
    kind = np.dtype(dtype)
    return float(np.finfo(kind).eps) if kind.kind in "fc" else 0.0


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_constant(one) for one in value)
    return isinstance(value, _CONSTANT)
