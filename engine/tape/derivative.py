"""The local derivative of one operation: its formulas, its Jacobians, and one step's products.

The Jacobian at the recorded inputs is computed by running the operation again and taking its VJP
of every unit cotangent, so it is what the recorded node would send; what a step did send is beside
it, and the sum that gives each of its elements can be read out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.diagnose.facts import Facts
from engine.tape.errors import NotKept
from engine.tape.rerun.arguments import Arguments, Unknown, placed
from engine.tape.rerun.operations import Operations
from engine.tape.schema import OpFlag
from engine.tape.tape import Tape

Array = NDArray[Any]

#: Elements of a Jacobian beyond which it is no picture any more.
MOST = 128 * 128
_TERMS = 6  # products of a sum that are written out


@dataclass(frozen=True, slots=True)
class Product:
    """One input's share. slot: the node's edge, -1 for an operation without a step.

    argument: its name in the formulas; name: what the program calls it; shape: of the input. jacobian: (elements of the results,
    elements of the input), or None, and `reason` says why; a complex result has two rows for each
    element, of its real and its imaginary part. sent: what the step sent; None if no step came or
    it was not kept.
    """

    slot: int
    argument: str
    shape: tuple[int, ...]
    formula: str
    jacobian: Array | None
    reason: str
    sent: Array | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Derivative:
    """The derivative of an operation at its recorded inputs.

    cotangent: what came in at the step, all results' elements in a row, of complex ones the real and
    the imaginary part in turn; None without a step.
    """

    op: str
    step: int
    cotangent: Array | None
    products: tuple[Product, ...]


class Derivatives:
    """Local derivatives of a tape that does not grow."""

    def __init__(self, tape: Tape) -> None:
        self.tape, self.facts = tape, Facts(tape)
        self._operations, self._arguments = Operations(), Arguments(tape)

    def of(self, op: int, step: int = -1) -> Derivative:
        """Return the derivative of an operation; step: the visit whose numbers are told, or -1."""
        node = int(self.tape.ops["node"][op])
        name, inputs = self.facts.op_name(op), self.facts.inputs(op)
        came = self._came(step, op)
        wanted = self._wanted(node, inputs)
        jacobians, reason = self._jacobians(op, [place for _, place in wanted])
        texts = self.formulas(op)
        products = []
        for k, (slot, place) in enumerate(wanted):
            argument, formula = texts[place] if place < len(texts) else (f"input {place}", "")
            products.append(
                Product(
                    slot, argument, self.tape.value_shape(inputs[place]), formula,
                    jacobians[k] if jacobians else None, reason, self._sent(step, slot),
                    self._name(inputs[place]),
                )
            )  # fmt: skip
        return Derivative(name, step, came, tuple(products))

    # What a step says.

    def _came(self, step: int, op: int) -> Array | None:
        """Return the cotangents of all results in a row; zeros where none came in."""
        if step < 0:
            return None
        try:
            given = replay.cotangents(self.tape, step)
        except NotKept:
            return None
        rows = []
        for nr, value in enumerate(self.facts.outputs(op)):
            one = given[nr] if nr < len(given) else None
            shape, kind = self.tape.value_shape(value), self.tape.value_dtype(value)
            came = np.zeros(shape) if one is None else np.asarray(one)
            rows.append(_parted(came) if kind.startswith("complex") else came.real.ravel())
        return np.concatenate(rows) if rows else None

    def _sent(self, step: int, slot: int) -> Array | None:
        if step < 0:
            return None
        for row in self.facts.contributions(step):
            if int(self.tape.contributions["slot"][row]) == slot:
                return self.facts.sent(row)
        return None

    def _wanted(self, node: int, inputs: Sequence[int]) -> list[tuple[int, int]]:
        """Return edge and place among the inputs of each input that can get a gradient."""
        if node < 0:
            return []
        edges, found = self.facts.edges(node), []
        for slot, (target, _) in enumerate(edges):
            value = self.facts.input_of(node, slot) if target >= 0 else -1
            if value < 0:
                continue
            places = [i for i, v in enumerate(inputs) if v == value]
            before = sum(edge == edges[slot] for edge in edges[:slot])
            found.append((slot, places[min(before, len(places) - 1)]))
        return found

    def _name(self, value: int) -> str:
        return self.tape.name_of(int(self.tape.values["tensor"][value])) or ""

    # Formulas and Jacobians.

    def formulas(self, op: int) -> list[tuple[str, str]]:
        """Return argument and formula for each place among the tensor inputs."""
        from engine.ops.gradient_text import gradients
        from engine.ops.written import of_real_numbers

        node = int(self.tape.ops["node"][op])
        name, title = self.facts.op_name(op), self.facts.node_name(node) if node >= 0 else ""
        rows = self._operations.rows(name, self.is_inplace(op), title)
        if not rows:
            return []
        inputs, params = self.facts.inputs(op), self.constants(op)
        row = next((one for one in rows if placed(one, inputs, params) is not None), rows[0])
        told, count = dict(gradients(row)), len(inputs)
        free = ["input" if p == "self" else p for p in row.params if p not in params]
        if row.listed and free:
            free = [*([free[0]] * (count - len(free) + 1)), *free[1:]]
        values = [*inputs, *self.facts.outputs(op)]
        real = not any(v >= 0 and "complex" in self.tape.value_dtype(v) for v in values)
        texts = {p: of_real_numbers(text) if real else text for p, text in told.items()}
        return [(p, texts.get(p, "")) for p in free[:count]]

    def is_inplace(self, op: int) -> bool:
        """Whether an operation overwrote its first input, whose old content the tape has."""
        return bool(self.tape.ops["flags"][op] & OpFlag.INPLACE)

    def constants(self, op: int) -> dict[str, Any]:
        """Return the arguments that are no tensors by name; none where one was not recorded."""
        try:
            return self._arguments.of(int(self.tape.ops["params"][op]))
        except Unknown:
            return {}

    def _jacobians(self, op: int, places: Sequence[int]) -> tuple[list[Array], str]:
        """Return the Jacobian for each place, or why there is none."""
        if not places:
            return [], "No input of it gets a gradient."
        tape, inputs = self.tape, self.facts.inputs(op)
        rows = sum(_size(tape.value_shape(v)) for v in self.facts.outputs(op))
        widest = max(_size(tape.value_shape(inputs[place])) for place in places)
        if rows * widest > MOST:
            return [], f"It has {rows:,} × {widest:,} elements, too many to look at."
        name = self.facts.op_name(op)
        if self._operations.is_random(name, self.is_inplace(op)):
            return [], "It draws random numbers, which cannot be drawn again."
        try:
            return self._pulled(op, name, inputs, places), ""
        except (Unknown, NotKept) as error:
            return [], f"It cannot be computed: {error}."
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            return [], f"The operation cannot be run again: {error}."

    def _pulled(
        self, op: int, name: str, inputs: Sequence[int], places: Sequence[int]
    ) -> list[Array]:
        import engine
        from engine.autograd import grad, mode

        arrays = [None if v < 0 else self.facts.array(v) for v in inputs]
        if any(v >= 0 and a is None for v, a in zip(inputs, arrays, strict=True)):
            raise Unknown("an input was not kept")
        given = [
            None if a is None else engine.from_numpy(np.array(a)).to(self._dtype(v))
            for v, a in zip(inputs, arrays, strict=True)
        ]
        with mode.enable_grad(), np.errstate(all="ignore"):
            for place in set(places):
                given[place] = given[place].requires_grad_()  # type: ignore[union-attr]
            others = self._arguments.of(int(self.tape.ops["params"][op]))
            node, writes = int(self.tape.ops["node"][op]), self.is_inplace(op)
            tensors: list[Any] = [t for t in given if t is not None]
            if writes:
                tensors[0] = tensors[0].clone()  # a leaf cannot be overwritten
            found = self._operations.call(
                name, tensors, dict(others), writes, self.facts.node_name(node), lambda _: True
            )
            several = found if isinstance(found, (tuple, list)) else (found,)
            outs = [one for one in several if isinstance(one, engine.Tensor)]
            leaves = [given[place] for place in places]
            parts: list[list[Array]] = [[] for _ in places]
            for out in outs:
                for k in range(out.numel()):
                    for unit in (1, 1j) if out.is_complex() else (1,):
                        self._row(engine, grad, out, k, unit, leaves, parts)
        sizes = [_size(self.tape.value_shape(inputs[place])) for place in places]
        return [
            np.stack(rows) if rows else np.zeros((0, size))
            for rows, size in zip(parts, sizes, strict=True)
        ]

    def _dtype(self, value: int) -> Any:
        import engine

        return getattr(engine, self.tape.value_dtype(value))

    @staticmethod
    def _row(
        engine: Any, grad: Any, out: Any, k: int, unit: complex, leaves: Sequence[Any],
        parts: list[list[Array]],
    ) -> None:  # fmt: skip
        """Append the gradients of one element of a result, or of a part of it."""
        got: Sequence[Any] = [None] * len(leaves)
        if out.requires_grad:
            came = np.zeros(out.shape, _array(out).dtype)
            came.flat[k] = unit
            unit_row = engine.from_numpy(came).to(out.dtype)
            got = grad(out, leaves, unit_row, retain_graph=True, allow_unused=True)
        for rows, leaf, one in zip(parts, leaves, got, strict=True):
            zero = np.zeros(leaf.numel())
            rows.append(zero if one is None else _array(one).ravel())


def spelled(derivative: Derivative, product: Product, element: int) -> str:
    """Return the sum that gives one element of what was sent: `2 · 0.5 + 1 · 3 = 4`.

    Each term is a cotangent times an entry of the Jacobian; zero entries are left out. "" where
    the numbers are not known.
    """
    came, jacobian, sent = derivative.cotangent, product.jacobian, product.sent
    if came is None or jacobian is None or sent is None or len(came) != len(jacobian):
        return ""
    column = jacobian[:, element]
    rows = np.flatnonzero(column).tolist()
    terms = [f"{_short(came[row])} · {_short(column[row])}" for row in rows[:_TERMS]]
    if len(rows) > _TERMS:
        terms.append(f"… ({len(rows) - _TERMS:,} more)")
    return f"{' + '.join(terms) or '0'} = {_short(sent.ravel()[element], alone=True)}"


def _array(tensor: Any) -> Array:
    plain = tensor.detach().resolve_conj().resolve_neg()
    return np.asarray((plain.float() if str(plain.dtype) == "torch.bfloat16" else plain).numpy())


def _parted(array: Array) -> Array:
    """Return all elements in a row, of each the real and then the imaginary part."""
    return np.stack([array.real, array.imag], -1).ravel()


def _short(value: Any, alone: bool = False) -> str:
    number = complex(value) if np.iscomplexobj(value) else float(value)
    text = f"{number:.4g}"
    signed = text.startswith("-") or isinstance(number, complex)
    return f"({text})" if signed and not alone else text


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
