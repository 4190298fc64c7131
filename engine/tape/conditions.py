"""Conditions over a moment of a tape, in NumPy's words: `norm(grad) > 1e3 and name == "fc2.weight"`.

An expression is read by a small interpreter of its own, never by `eval`: names, numbers, texts,
arithmetic, comparisons, indices, and the functions and methods that are listed here.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Container, Mapping
from typing import Any

import numpy as np

#: What a condition can call, by name.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "norm": lambda x: np.sqrt(np.sum(np.abs(np.asarray(x, np.result_type(x, np.float64))) ** 2)),
    "rms": lambda x: np.sqrt(np.mean(np.abs(np.asarray(x, np.result_type(x, np.float64))) ** 2)),
    "abs": np.abs, "max": np.max, "min": np.min, "mean": np.mean, "std": np.std, "var": np.var,
    "sum": np.sum, "prod": np.prod, "any": np.any, "all": np.all, "isnan": np.isnan, "isinf": np.isinf,
    "isfinite": np.isfinite, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "log10": np.log10,
    "sign": np.sign, "count_nonzero": np.count_nonzero, "argmax": np.argmax, "argmin": np.argmin,
    "median": np.median, "ptp": np.ptp, "round": np.round, "len": len, "float": float, "int": int,
    "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-np.asarray(x))),
    "relu": lambda x: np.maximum(x, 0), "softmax": lambda x, axis=-1: _softmax(np.asarray(x), axis),
    "log_softmax": lambda x, axis=-1: np.log(_softmax(np.asarray(x), axis)),
    "maximum": np.maximum, "minimum": np.minimum, "where": np.where, "outer": np.outer, "dot": np.dot,
    "matmul": np.matmul, "square": np.square, "clip": np.clip, "array": np.array, "tensor": np.array,
    "zeros_like": np.zeros_like, "ones_like": np.ones_like, "transpose": np.transpose,
    "pow": np.power, "mm": np.matmul, "mv": np.matmul, "diag": np.diag, "cumsum": np.cumsum,
    "ones": lambda *shape: np.ones(_small(shape)), "zeros": lambda *shape: np.zeros(_small(shape)),
    "eye": lambda n: np.eye(_small((n, n))[0]),
}  # fmt: skip
#: Names of arguments in PyTorch's words, and NumPy's for them.
_ARGUMENTS = {"dim": "axis", "keepdim": "keepdims"}
#: What the functions may stand behind: torch.exp is exp.
_LIBRARIES = frozenset(("torch", "np", "numpy", "F", "math", "functional"))
_LARGEST = 1_000_000  # elements that a condition may make
#: Methods and attributes of arrays and texts.
METHODS = frozenset((
    "any", "all", "max", "min", "mean", "std", "var", "sum", "prod", "argmax", "argmin", "item", "ravel",
    "startswith", "endswith", "lower", "reshape", "flatten", "squeeze", "transpose", "dot", "clip",
))  # fmt: skip
ATTRIBUTES = frozenset(("shape", "size", "ndim", "dtype", "T", "real", "imag"))
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Invert: operator.invert,
    ast.Not: operator.not_,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
_LONGEST, _DEEPEST = 2_000, 40


class ConditionError(ValueError):
    """An expression that is none, or that cannot be computed; the message says where and what may be."""


class Absent(ConditionError):
    """What an expression asks for is not there at this moment, as a gradient before its pass."""


class Condition:
    """A read expression. `names`: what it asks for, so that nothing else has to be looked up."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        """Read an expression over the names `known`; ConditionError if it is not one."""
        self.text = text.strip()
        if len(self.text) > _LONGEST:
            raise ConditionError(f"a condition has at most {_LONGEST} characters")
        try:
            self._tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            at = getattr(error, "offset", None)
            where = f" at character {at}" if at else ""
            raise ConditionError(f"{self.text!r} is no expression{where}") from None
        self.names: set[str] = set()
        self._check(self._tree, known, 0)

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Return the value of the expression; ConditionError where it cannot be computed."""
        try:
            with np.errstate(all="ignore"):
                return self._value(self._tree, values)
        except ConditionError:
            raise
        except Exception as error:
            raise ConditionError(f"{self.text}: {error}") from None

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Return whether it is true; ConditionError for an array of several elements."""
        found = self(values)
        if isinstance(found, np.ndarray) and found.size != 1:
            raise ConditionError(
                f"{self.text} gives {found.size} truths: add .any() or .all() to make it one"
            )
        return bool(found)

    def steps(self, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return text and value of each part that computes something, the whole one last."""
        found = []
        with np.errstate(all="ignore"):
            for node in _computing(self._tree):
                try:
                    found.append((ast.unparse(node), self._value(node, values)))
                except Exception:  # what cannot be computed by itself
                    continue
        return found

    def equals(self, name: str) -> list[str]:
        """Return the texts that a name has to equal in comparisons, one or one of several."""
        found = list[str]()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.In)):
                sides = (node.left, node.comparators[0])
                if any(isinstance(side, ast.Name) and side.id == name for side in sides):
                    found += [text for side in sides for text in _texts(side)]
        return found

    def _check(self, node: ast.AST, known: frozenset[str], depth: int) -> None:
        if depth > _DEEPEST:
            raise ConditionError("the condition is nested too deeply")
        if isinstance(node, ast.Name):
            if node.id not in known:
                raise ConditionError(
                    f"{node.id!r} is not known; there are {', '.join(sorted(known))}"
                )
            self.names.add(node.id)
        elif isinstance(node, ast.Call):
            self._check_call(node, known, depth)
            return
        elif isinstance(node, ast.Attribute):
            if node.attr not in ATTRIBUTES:
                raise ConditionError(f".{node.attr} cannot be asked for here")
        elif isinstance(node, ast.BinOp):
            if type(node.op) not in _BINARY and not isinstance(node.op, ast.Pow):
                raise ConditionError(f"this operator cannot be used: {ast.unparse(node)}")
        elif not isinstance(node, _ALLOWED):
            raise ConditionError(f"this cannot be used in a condition: {_unparsed(node)}")
        for child in ast.iter_child_nodes(node):
            if not isinstance(
                child, (ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context)
            ):
                self._check(child, known, depth + 1)

    def _check_call(self, node: ast.Call, known: frozenset[str], depth: int) -> None:
        function = _plain(node.func, known)
        if isinstance(function, ast.Name):
            if function.id not in FUNCTIONS:
                raise ConditionError(
                    f"{function.id}() is not known; there are {', '.join(sorted(FUNCTIONS))}"
                )
        elif isinstance(function, ast.Attribute):
            if function.attr not in METHODS and function.attr not in FUNCTIONS:
                raise ConditionError(f".{function.attr}() cannot be called here")
            self._check(function.value, known, depth + 1)
        else:
            raise ConditionError(f"this cannot be called: {_unparsed(function)}")
        for one in (*node.args, *(keyword.value for keyword in node.keywords)):
            self._check(one, known, depth + 1)

    def _value(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.BoolOp):
            return self._logic(node, values)
        if isinstance(node, ast.Compare):
            return self._compare(node, values)
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left, values), self._value(node.right, values)
            return (
                _power(left, right)
                if isinstance(node.op, ast.Pow)
                else _computed(node.op, left, right)
            )
        if isinstance(node, ast.UnaryOp):
            return _UNARY[type(node.op)](self._value(node.operand, values))
        if isinstance(node, ast.IfExp):
            chosen = node.body if _true(self._value(node.test, values)) else node.orelse
            return self._value(chosen, values)
        if isinstance(node, ast.Attribute):
            return getattr(_present(self._value(node.value, values)), node.attr)
        if isinstance(node, ast.Subscript):
            return _present(self._value(node.value, values))[self._value(node.slice, values)]
        if isinstance(node, ast.Slice):
            parts = (node.lower, node.upper, node.step)
            return slice(*(None if p is None else self._value(p, values) for p in parts))
        if isinstance(node, (ast.Tuple, ast.List)):
            return tuple(self._value(one, values) for one in node.elts)
        assert isinstance(node, ast.Call)
        return self._called(node, values)

    def _called(self, node: ast.Call, values: Mapping[str, Any]) -> Any:
        given = [self._value(one, values) for one in node.args]
        named = {
            _ARGUMENTS.get(k.arg, k.arg): self._value(k.value, values)
            for k in node.keywords
            if k.arg
        }
        function = _plain(node.func, values)
        if isinstance(function, ast.Name):
            return FUNCTIONS[function.id](*map(_present, given), **named)
        assert isinstance(function, ast.Attribute)
        of = _present(self._value(function.value, values))
        if function.attr not in METHODS:  # w.exp()
            return FUNCTIONS[function.attr](of, *given, **named)
        return getattr(of, function.attr)(*given, **named)

    def _logic(self, node: ast.BoolOp, values: Mapping[str, Any]) -> Any:
        found: Any = None
        for one in node.values:
            found = self._value(one, values)
            if _true(found) is isinstance(node.op, ast.Or):
                break
        return found

    def _compare(self, node: ast.Compare, values: Mapping[str, Any]) -> Any:
        left, found = self._value(node.left, values), True
        for op, one in zip(node.ops, node.comparators, strict=True):
            right = self._value(one, values)
            order = isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
            if order and (left is None or right is None):
                return False  # nothing there: not greater, not less
            found = _COMPARISONS[type(op)](left, right)
            if len(node.ops) > 1 and not _true(found):
                return False
            left = right
        return found


_ALLOWED = (
    ast.Constant, ast.BoolOp, ast.Compare, ast.UnaryOp, ast.IfExp, ast.Subscript, ast.Slice,
    ast.Tuple, ast.List,
)  # fmt: skip


def _plain(function: ast.expr, known: Container[str]) -> ast.expr:
    """Return exp of torch.exp and np.exp, where no tensor is called torch or np."""
    of = function.value if isinstance(function, ast.Attribute) else None
    library = isinstance(of, ast.Name) and of.id in _LIBRARIES and of.id not in known
    if library and isinstance(function, ast.Attribute):
        return ast.Name(function.attr, ast.Load())
    return function


def _small(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a shape given as numbers or as one tuple; ConditionError for one of very many elements."""
    given = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    sizes = tuple(int(size) for size in given)
    if np.prod([float(size) for size in sizes]) > _LARGEST:
        raise ConditionError(f"at most {_LARGEST:,} elements can be made here")
    return sizes


def _texts(node: ast.AST) -> list[str]:
    """Return the texts that an expression is, or that it lists."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    constants = [one.value for one in parts if isinstance(one, ast.Constant)]
    return [one for one in constants if isinstance(one, str)]


def _computing(tree: ast.AST) -> list[ast.AST]:
    """Return the parts of an expression that compute something, each after its own parts."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(tree):
        found += _computing(child)
    if isinstance(tree, (ast.BinOp, ast.Call, ast.Attribute, ast.Subscript, ast.UnaryOp)):
        found.append(tree)
    return found


def _softmax(x: Any, axis: int) -> Any:
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def _true(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.size != 1:
        raise ConditionError(
            "an array of several elements is neither true nor false: add .any() or .all()"
        )
    return bool(value)


def _present(value: Any) -> Any:
    if value is None:
        raise Absent("there is nothing here at this moment")
    return value


def _computed(op: ast.operator, left: Any, right: Any) -> Any:
    numbers = (int, float, complex, np.ndarray, np.generic)
    if not (isinstance(_present(left), numbers) and isinstance(_present(right), numbers)):
        raise ConditionError("only numbers and arrays can be computed with")
    return _BINARY[type(op)](left, right)


def _power(base: Any, exponent: Any) -> Any:
    """A power that cannot become a number of millions of digits."""
    if not isinstance(base, np.ndarray):
        base = np.float64(base)
    return base**exponent


def _unparsed(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except (AttributeError, ValueError, RecursionError):
        return type(node).__name__
