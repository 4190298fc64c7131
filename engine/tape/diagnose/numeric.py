"""Every gradient against the derivative measured by finite differences, in float64, node by node.

For a step of a pass the operation is run again at its recorded inputs, moved a little in a random
direction; the change of its results, weighted with the cotangents that came in, must be what the
step sent on in that direction. So a wrong VJP is found at its own node, whatever is around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.diagnose import texts
from engine.tape.diagnose.directions import direction
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.remedies import with_edits
from engine.tape.errors import NotKept
from engine.tape.rerun.arguments import Arguments, Unknown
from engine.tape.rerun.operations import Operations
from engine.tape.schema import OpFlag
from engine.tape.tape import Tape

Array = NDArray[Any]
#: A person's Functions by name: what they compute of a list of tensors, and of other arguments by
#: their place ("0", "1" ...) or name.
Functions = Mapping[str, Callable[[list[Any], dict[str, Any]], Any]]

#: Relative errors above this are wrong: float32 gradients are exact to about 1e-6, but sums cancel.
TOLERANCE = 5e-3
_DIRECTIONS = 3
#: Operations that write numbers to places, which may be the same for several.
_WRITES = frozenset(("index_put", "index_copy", "put", "scatter", "_put_along", "scatter_reduce"))
#: Functions that are the engine's own.
_OURS = frozenset(("CheckpointFunction", "BackwardHookFunction", "_GetData"))


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome at one step: for each input that got a gradient the largest relative error.

    slot: the edge of the node. error: of the worst direction; NaN where it could not be measured,
    and `reason` says why. measured, sent: the derivative in that direction, by finite differences
    and as the step sent it. factor: how many times what was measured the step sent, in every
    direction alike; 0 where that differs.
    """

    step: int
    node: int
    slot: int
    error: float
    measured: float
    sent: float
    reason: str = ""
    factor: float = 0.0

    @property
    def wrong(self) -> bool:
        return self.error > TOLERANCE


def check(
    tape: Tape,
    steps: Sequence[int] | None = None,
    functions: Functions | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Check]:
    """Yield the outcome for every step (default: all) and every input that it sent a gradient to.

    functions: what the person's own Functions compute; without them these are left unmeasured.
    """
    from engine.autograd import mode

    checker = _Checker(tape, functions or {})
    rows = range(len(tape.steps)) if steps is None else steps
    for step in rows:
        if cancelled():
            return
        with mode.no_grad(), np.errstate(all="ignore"):
            found = list(checker.step(int(step)))
        yield from found  # the modes are the caller's again


def read(row: Sequence[Any]) -> Check:
    """Return an outcome from its fields in a message, where what is not finite is text."""
    step, node, slot, error, measured, sent, reason, factor = row
    error, measured, sent = float(error), float(measured), float(sent)
    return Check(step, node, slot, error, measured, sent, reason, float(factor))


def is_known(name: str) -> bool:
    """Whether an operation is the engine's, in place too, or none; a person's Function is not."""
    rows = Operations().rows
    return not name or name in _OURS or bool(rows(name, False, "") or rows(name, True, ""))


def own_functions(tape: Tape) -> dict[str, int]:
    """Return the person's own Functions by name, each with the last step that visited it."""
    names = tape.ops["name"][np.unique(tape.nodes["op"][tape.nodes["op"] >= 0])]
    own = [t for t in np.unique(names).tolist() if not is_known(tape.text(t))]
    ops = tape.nodes["op"][tape.steps["node"]]
    of = np.where(ops >= 0, tape.ops["name"][np.maximum(ops, 0)], -1) if len(tape.ops) else ops
    return {tape.text(t): int(rows[-1]) for t in own if len(rows := np.flatnonzero(of == t))}


class _Checker:
    def __init__(self, tape: Tape, functions: Functions) -> None:
        self.tape, self.facts, self.functions = tape, Facts(tape), functions
        self._operations, self._arguments = Operations(), Arguments(tape)
        self._random = np.random.default_rng(0)

    def step(self, step: int) -> Iterator[Check]:
        node = int(self.tape.steps["node"][step])
        op = int(self.tape.nodes["op"][node])
        if self.tape.nodes["variable"][node] >= 0:
            return  # it adds to a leaf's .grad
        sent = self.facts.contributions(step)
        for row in sent:
            slot = int(self.tape.contributions["slot"][row])
            try:
                if op < 0:  # CopySlices
                    raise _Unmeasured("it leads gradients around a write into a view")
                yield self._one(step, node, op, slot, row)
            except _Unmeasured as reason:
                yield Check(step, node, slot, float("nan"), 0.0, 0.0, str(reason))

    def _one(self, step: int, node: int, op: int, slot: int, row: int) -> Check:
        value = self.facts.input_of(node, slot)
        if value < 0:
            raise _Unmeasured("it is not known which input this gradient is of")
        inputs = self.facts.inputs(op)
        place = _place(inputs, value, self._before(node, slot))
        arrays = [self._array(v) for v in inputs]
        gradient = self.facts.sent(row)
        try:
            came = [None if g is None else _wide(g) for g in replay.cotangents(self.tape, step)]
        except NotKept:
            came = []
        if gradient is None or not any(g is not None for g in came):
            raise _Unmeasured("its gradients were not kept")
        if not all(np.isfinite(g).all() for g in (gradient, *[g for g in came if g is not None])):
            raise _Unmeasured("its gradients are not finite")
        eps = _eps(self.tape.value_dtype(value))
        worst, factors = Check(step, node, slot, 0.0, 0.0, 0.0), list[float]()
        wide = _wide(gradient)
        scale = float(np.linalg.norm(wide))
        for _ in range(_DIRECTIONS):
            way = self._direction(op, place, arrays[place])
            measured, terms, noise = self._measured(op, arrays, place, way, came)
            given = float((wide.conj() * way).real.sum())
            length = float(np.linalg.norm(way))
            usual = scale * length / np.sqrt(max(way.size, 1))
            # Where large terms cancel, what the step sent is their rounding.
            rounding = terms * 16 * eps + length * _smallest(gradient) + noise
            size = max(usual, rounding / TOLERANCE, 1e-8)
            error = abs(measured - given) / max(abs(measured), abs(given), size)
            factors.append(given / measured if measured else 0.0)
            if error > worst.error:
                worst = Check(step, node, slot, error, measured, given)
        if worst.wrong and self._loses(op, arrays, place):
            raise _Unmeasured("it writes several numbers to one place, and one of them stays")
        return replace(worst, factor=_common(factors)) if gradient.size > 1 else worst

    def _before(self, node: int, slot: int) -> int:
        """Return how many earlier edges lead to where this one does (x * x)."""
        edges = self.facts.edges(node)
        return sum(edge == edges[slot] for edge in edges[:slot])

    def _array(self, value: int) -> Array | None:
        array = self.facts.array(value) if value >= 0 else None
        if value >= 0 and array is None:
            raise _Unmeasured("an input was not kept")
        return array

    def _direction(self, op: int, place: int, array: Array | None) -> Array:
        if array is None or array.dtype.kind not in "fc":
            raise _Unmeasured("only inputs of real or complex numbers are measured")
        return direction(self._random, self.facts.base(op), self.facts.params(op), place, array)

    def _loses(self, op: int, arrays: list[Array | None], place: int) -> bool:
        """Whether of the numbers that an operation writes some are written over by others."""
        if self.facts.base(op) not in _WRITES or place == 0:
            return False
        size = arrays[place].size  # type: ignore[union-attr]
        marks = np.arange(1.0, size + 1).reshape(arrays[place].shape)  # type: ignore[union-attr]
        blank = np.zeros(arrays[0].shape)  # type: ignore[union-attr]
        (out, *_) = self._run(op, [blank, *arrays[1:place], marks, *arrays[place + 1 :]])
        return len(np.intersect1d(out, marks)) < min(size, out.size)

    def _measured(
        self, op: int, arrays: list[Array | None], place: int, way: Array,
        came: list[Array | None],
    ) -> tuple[float, float, float]:  # fmt: skip
        """Return the derivative of <cotangents, f> along a direction, by central differences, the sum
        of the sizes of the terms that it is made of, and what rounding may add to it.
        """
        base = _wide(arrays[place])  # type: ignore[arg-type]
        reach = float(np.abs(base[np.isfinite(base)]).max(initial=0.0)) or 1e-3
        here = self._weighted(op, [*arrays[:place], base, *arrays[place + 1 :]], came)
        size = 8 * float(np.finfo(np.float64).eps * np.abs(here).sum())
        found, jumps = list[float](), list[float]()
        for k, h in enumerate(reach * np.array([1e-5, 1e-6, 1e-7])):
            right, left = (
                self._weighted(op, [*arrays[:place], moved, *arrays[place + 1 :]], came)
                for moved in (base + h * way, base - h * way)
            )
            jumps.append(abs(float((right + left - 2 * here).sum())) / h)
            found.append(float((right - left).sum()) / (2 * h))
            if not np.isfinite(found[-1]):
                raise _Unmeasured("its results are not finite near these inputs")
            if k and _settled(found[-2:], jumps[-2:], size / h):
                terms = float(np.abs(right - left).sum()) / (2 * h)
                return found[-1], terms, size / h
        raise _Unmeasured("it has a kink near these inputs")

    def _weighted(self, op: int, arrays: list[Array | None], came: list[Array | None]) -> Array:
        """Return the results, each element times its cotangent, in one row."""
        outs = self._run(op, arrays)
        products = [np.zeros(1)]
        for out, g in zip(outs, came, strict=False):
            if g is not None and out.dtype.kind in "fc":
                if out.shape != g.shape:
                    raise _Unmeasured("its results have another shape now")
                products.append(np.where(g == 0, 0, out * g.conj()).real.ravel())
        return np.concatenate(products)

    def _run(self, op: int, arrays: list[Array | None]) -> list[Array]:
        from engine import from_numpy

        name = self.facts.op_name(op)
        writes = bool(self.tape.ops["flags"][op] & OpFlag.INPLACE)
        tensors = [from_numpy(_moved(a)) for a in arrays if a is not None]
        node = int(self.tape.ops["node"][op])
        if name in self.functions:
            found = self._own(op, name, tensors)
        else:
            if self._operations.is_random(name, writes):
                raise _Unmeasured("it draws random numbers")
            try:
                others = self._arguments.of(int(self.tape.ops["params"][op]))
                found = self._operations.call(
                    name,
                    tensors,
                    {k: _widest(v) for k, v in others.items()},
                    writes,
                    self.facts.node_name(node),
                    lambda _: True,
                )
            except Unknown as error:
                raise _Unmeasured(str(error)) from None
            except (RuntimeError, ValueError, TypeError, IndexError) as error:
                raise _Unmeasured(f"it cannot be run again: {error}") from None
        several = found if isinstance(found, (tuple, list)) else (found,)
        return [_wide(_array(one)) for one in several]

    def _own(self, op: int, name: str, tensors: list[Any]) -> Any:
        """Run a person's Function, twice: what differs cannot be measured."""
        runs = []
        for _ in range(2):
            given = [one.detach().clone() for one in tensors]
            try:
                others = dict(self._arguments.of(int(self.tape.ops["params"][op])))
                found = self.functions[name](given, others)
            except Unknown as error:
                raise _Unmeasured(str(error)) from None
            except Exception as error:  # the person's code may raise anything
                raise _Unmeasured(f"it cannot be run again: {error}") from None
            runs.append(found if isinstance(found, (tuple, list)) else (found,))
        first, second = ([_array(one) for one in run] for run in runs)
        if not all(
            np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True)
        ):
            raise _Unmeasured("it draws random numbers")
        return runs[0]


class _Unmeasured(Exception):
    """Why a step cannot be measured."""


def _array(tensor: Any) -> Array:
    plain = tensor.detach().resolve_conj().resolve_neg()
    return np.asarray((plain.float() if str(plain.dtype) == "torch.bfloat16" else plain).numpy())


def _wide(array: Array) -> Array:
    return np.asarray(array, np.complex128 if np.iscomplexobj(array) else np.float64)


def _moved(array: Array) -> Array:
    """Return a copy in double precision of numbers; indices and masks as they are."""
    return np.array(_wide(array) if array.dtype.kind in "fc" else array)


def _widest(argument: Any) -> Any:
    """Return double precision for an argument that asks for less."""
    from engine import complex128, dtype, float64

    if not isinstance(argument, dtype) or not (argument.is_floating_point or argument.is_complex):
        return argument
    return complex128 if argument.is_complex else float64


def _eps(dtype: str) -> float:
    """Return what rounding leaves of a number of a type."""
    return 2.0**-7 if dtype == "bfloat16" else float(np.finfo(dtype).eps)


def _settled(found: list[float], jumps: list[float], noise: float) -> bool:
    """Whether two looks, one ten times as close, see the same slope, and no kink.

    What is smooth jumps a tenth as much at a tenth of the distance; a kink as much as before.
    """
    size = max(abs(found[1]), 1e-8)
    smooth = jumps[1] <= max(0.2 * jumps[0], 1e-3 * size, noise)
    return smooth and abs(found[1] - found[0]) <= max(1e-3 * size, noise)


def _smallest(array: Array) -> float:
    """Return the smallest number that an array can hold: what is less than that is sent as 0."""
    real = array.real.dtype
    return float(np.finfo(real).smallest_subnormal) if real.kind == "f" else 0.0


def _common(factors: list[float]) -> float:
    """Return the factor that all are, up to rounding, or 0."""
    alike = np.allclose(factors, factors[0], rtol=1e-3, atol=0.0)
    return factors[0] if alike and abs(factors[0] - 1) > TOLERANCE else 0.0


def _place(inputs: list[int], value: int, which: int) -> int:
    places = [i for i, v in enumerate(inputs) if v == value]
    return places[min(which, len(places) - 1)]


def findings(tape: Tape, checks: Sequence[Check]) -> list[Finding]:
    """Return what is wrong in outcomes, the worst first, each node once."""
    facts, found = Facts(tape), dict[int, tuple[float, Finding]]()
    for one in checks:
        if one.wrong and found.get(one.node, (0.0, None))[0] < one.error:
            found[one.node] = one.error, _wrong(facts, one)
    worst = sorted(found.values(), key=lambda pair: -pair[0])
    return [with_edits(facts, one) for _, one in worst]


def _wrong(facts: Facts, one: Check) -> Finding:
    name = facts.node_name(one.node)
    own = [link for link in (texts.backward_of(facts, one.step),) if link is not None]
    title, remedy = f"{name} sends a wrong gradient (off by {one.error:.1%})", "Correct its formula"
    if one.factor:
        times = f"{one.factor:.4g}"
        title = f"{name} sends {times} times the right gradient"
        remedy = f"Divide what it returns by {times}"
        remedy = "Turn its sign round" if times == "-1" else remedy
    return Finding(
        "wrong-backward", title,
        f"Along a random direction the operation changes by {one.measured:.6g}, by finite differences "
        f"at its recorded inputs; {name} sent {one.sent:.6g}.",
        f"{remedy}; torch.autograd.gradcheck tests it by itself.",
        (*own, facts.at_step(f"{name} sends it to input {one.slot}", one.step)), Severity.ERROR,
    )  # fmt: skip


def sentence(checks: Sequence[Check]) -> str:
    """Return the outcome in words."""
    if not checks:
        return "Nothing to measure: these nodes add gradients to leaves, or sent none."
    nodes, wrong = {one.node for one in checks}, len({one.node for one in checks if one.wrong})
    reasons = {one.node: one.reason for one in checks if one.reason}
    measured = len(nodes) - len(reasons)
    text = f"{measured:,} backward node{'s' * (measured != 1)} measured: "
    right = "all are right." if measured > 1 else "it is right."
    text += f"{wrong:,} send{'s' * (wrong == 1)} a wrong gradient." if wrong else right
    text = text if measured else "No backward node measured."
    if reasons:
        why = Counter(reasons.values()).most_common(1)[0][0]
        why += ", and other reasons" if len(set(reasons.values())) > 1 else ""
        text += f" {len(reasons):,} could not be measured ({why})."
    return text
