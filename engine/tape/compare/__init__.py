"""Comparing two tapes: what of one is what of the other, and where they differ."""

from engine.tape.compare.differences import compare, largest_gap
from engine.tape.compare.result import Comparison, Difference

__all__ = ["Comparison", "Difference", "compare", "largest_gap"]
