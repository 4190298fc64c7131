"""A line search that ends where the strong Wolfe conditions hold (Nocedal and Wright, ch. 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Raw = Any
#: Loss and gradient at a step along the direction.
Evaluate = Callable[[float], tuple[float, Raw]]


class Point(NamedTuple):
    """A place on the line: step, loss, gradient and slope along the direction."""

    t: float
    loss: float
    grad: Raw
    slope: float


def cubic_minimum(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """Return the minimum of the cubic through two points with slopes, kept inside `bounds`."""
    low, high = bounds if bounds is not None else (min(a.t, b.t), max(a.t, b.t))
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if square < 0:
        return (low + high) / 2.0
    d2 = float(np.sqrt(square))
    if a.t <= b.t:
        best = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    else:
        best = a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
    return min(max(best, low), high)


def strong_wolfe(
    evaluate: Evaluate, t: float, direction: Raw, loss: float, grad: Raw, slope: float,
    c1: float = 1e-4, c2: float = 0.9, tolerance: float = 1e-9, limit: int = 25,
) -> tuple[float, Raw, float, int]:  # fmt: skip
    """Return loss and gradient at the step found, the step, and how often it evaluated."""
    scale = float(np.abs(direction).max())
    origin = Point(0.0, loss, grad.copy(), slope)

    def at(step: float) -> Point:
        value, gradient = evaluate(step)
        return Point(step, value, gradient.copy(), float(gradient.dot(direction)))

    def too_high(p: Point, floor: float) -> bool:
        return p.loss > origin.loss + c1 * p.t * origin.slope or p.loss >= floor

    new, evaluations = at(t), 1
    previous, bracket, done = origin, None, False
    for i in range(limit):
        if new.loss > origin.loss + c1 * new.t * origin.slope or (
            i > 1 and new.loss >= previous.loss
        ):
            bracket = [previous, new]
            break
        if abs(new.slope) <= -c2 * origin.slope:
            bracket, done = [new], True
            break
        if new.slope >= 0:
            bracket = [previous, new]
            break
        nearest, farthest = new.t + 0.01 * (new.t - previous.t), new.t * 10
        step = cubic_minimum(previous, new, (nearest, farthest))
        previous, new = new, at(step)
        evaluations += 1
    iterations = i + 1 if bracket is None else i
    if bracket is None:
        bracket = [origin, new]
    if not done:
        bracket, used = _zoom(
            at, too_high, bracket, origin, scale, c2, tolerance, limit, iterations
        )
        evaluations += used
    best = min(bracket, key=lambda p: p.loss)
    return best.loss, best.grad, best.t, evaluations


def _zoom(
    at: Callable[[float], Point], too_high: Callable[[Point, float], bool], bracket: list[Point],
    origin: Point, scale: float, c2: float, tolerance: float, limit: int, iterations: int,
) -> tuple[list[Point], int]:  # fmt: skip
    """Narrow the bracket until a point in it satisfies the conditions."""
    evaluations, stuck = 0, False
    while iterations < limit:
        a, b = bracket
        width = abs(b.t - a.t)
        if width * scale < tolerance:
            break
        step = cubic_minimum(a, b)
        low, high = min(a.t, b.t), max(a.t, b.t)
        margin = 0.1 * width
        if min(high - step, step - low) < margin:
            if stuck or step >= high or step <= low:
                step = high - margin if abs(step - high) < abs(step - low) else low + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = at(step)
        evaluations += 1
        iterations += 1
        best, worst = (0, 1) if a.loss <= b.loss else (1, 0)
        if too_high(new, bracket[best].loss):
            bracket[worst] = new
        else:
            if abs(new.slope) <= -c2 * origin.slope:
                bracket[best] = new
                return bracket, evaluations
            if new.slope * (bracket[worst].t - bracket[best].t) >= 0:
                bracket[worst] = bracket[best]
            bracket[best] = new
    return bracket, evaluations
