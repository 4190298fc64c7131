"""Finding nodes by what is known of them: words, or fields as `op:mul shape:[3, *]`. Free of Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ui.graph.types import Kind, NodeId

if TYPE_CHECKING:
    import networkx as nx

Bools = NDArray[np.bool_]

#: What the search field says of its syntax.
EXAMPLES = "relu   op:mul   name:fc1   shape:[3, *]   id:12   norm(grad) > 1"
HELP = (
    ("relu fc1", "both words, in title, name, shape or saved tensors"),
    ("op:mul", "operations; op:\"mul\" finds no matmul"),
    ("name:fc1.weight", "variables and leaves"),
    ("grad_fn:Mul", "backward nodes"),
    ("shape:[64, *]", "shapes; * is any size"),
    ("dtype:int64", "data types"),
    ("id:12", "the number in its table of the tape"),
    ("line:7", "what line 7 of a cell made"),
    ("norm(grad) > 1e3", "a condition, as breakpoints have it"),
)  # fmt: skip

_TERM = re.compile(r'(?:(\w+):)?("[^"]*"?|\[[^\]]*\]?|[^\s\[]+(?:\[[^\]]*\]?)?)')
_FIELDS = ("op", "name", "grad_fn", "shape", "dtype", "id", "line")
_KINDS = {kind.name.casefold(): kind for kind in Kind}
_BACKWARD = (Kind.GRAD_FN, Kind.ACCUMULATE)


class Term(NamedTuple):
    """One condition: field "" is any text."""

    field: str
    text: str
    exact: bool = False


def terms_of(query: str) -> list[Term]:
    """Return the conditions of a query; a field that does not exist is part of the text."""
    terms = []
    for match in _TERM.finditer(query):
        field, text = (match[1] or "").casefold(), match[2].casefold()
        if field and field not in _FIELDS:
            field, text = "", f"{match[1]}:{match[2]}".casefold()
        quoted = text.startswith('"')
        text = text.strip('"') if quoted else text
        if text:
            terms.append(Term(field, text, quoted))
    return terms


class _Column:
    """Texts of all nodes, each different one kept once."""

    def __init__(self, texts: Sequence[str]) -> None:
        known: dict[str, int] = {}
        self._of = np.array([known.setdefault(text, len(known)) for text in texts], np.intp)
        self._texts = list(known)

    def where(self, holds: Callable[[str], bool]) -> Bools:
        found = np.array([holds(text) for text in self._texts], bool)
        return np.asarray(found[self._of]) if len(self._of) else np.zeros(0, bool)


class SearchIndex:
    """What a graph's nodes can be found by; made once per graph, off the GUI thread."""

    def __init__(self, graph: nx.MultiDiGraph[NodeId], ids: Sequence[NodeId]) -> None:
        """ids: the nodes by number; all are in the graph."""
        rows: list[dict[str, Any]] = [graph.nodes[node] for node in ids]
        self.ids = ids
        self.index = {node: i for i, node in enumerate(ids)}
        self._kind = np.array([node.kind for node in ids], np.int64)
        self._ref = np.array([node.ref for node in ids], np.int64)
        self._line = np.array([int(row.get("line") or 0) for row in rows], np.int64)
        self._title = _Column([str(row.get("title") or "").casefold() for row in rows])
        self._name = _Column([_name(node, row) for node, row in zip(ids, rows, strict=True)])
        self._detail = _Column([str(row.get("detail") or "").casefold() for row in rows])
        self._shape = _Column([_shape(row) for row in rows])
        self._dtype = _Column([str(row.get("dtype") or "").casefold() for row in rows])
        event = np.array([int(row.get("event") or 0) for row in rows], np.int64)
        self._order = np.lexsort((self._kind, event))
        self._place = np.argsort(self._order)

    def find(self, query: str) -> NDArray[np.intp]:
        """Return the numbers of the nodes that meet all conditions, in the order they came to be.

        None for a query without conditions.
        """
        terms = terms_of(query)
        if not terms:
            return np.zeros(0, np.intp)
        found = np.ones(len(self.ids), bool)
        for term in terms:
            found &= self._meet(term)
        return self.ordered(found)

    def ordered(self, found: Bools) -> NDArray[np.intp]:
        """Return the numbers of the nodes that were found, in the order they came to be."""
        return self._order[found[self._order]]

    def place(self, nodes: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the places of nodes in the order in which they came to be."""
        return self._place[nodes]

    def _meet(self, term: Term) -> Bools:
        match term.field:
            case "op":
                return np.asarray(self._titled(term) & (self._kind == Kind.OP))
            case "grad_fn":
                return self._titled(term) & np.isin(self._kind, _BACKWARD)
            case "name":
                return self._name.where(_holds(term))
            case "shape":
                return self._shape.where(_shape_test(term.text))
            case "dtype":
                return self._dtype.where(_holds(term))
            case "id":
                return self._numbered(term.text)
            case "line":
                return np.asarray(self._line == (int(term.text) if term.text.isdecimal() else -1))
            case _:
                return self._any(term)

    def _any(self, term: Term) -> Bools:
        holds = _holds(term)
        if term.text.startswith("["):
            return self._shape.where(_shape_test(term.text))
        return self._titled(term) | self._name.where(holds) | self._detail.where(holds)

    def _titled(self, term: Term) -> Bools:
        """An AccumulateGrad is found by how its words begin: who types "mul" means no such node."""
        found = self._title.where(_holds(term))
        if not any(word.startswith(term.text) for word in ("accumulategrad", "grad")):
            found &= self._kind != Kind.ACCUMULATE
        return found

    def _numbered(self, text: str) -> Bools:
        kind, _, number = text.rpartition(":")
        if not number.isdecimal():
            return np.zeros(len(self.ids), bool)
        same = self._ref == int(number)
        return np.asarray(same & (self._kind == _KINDS[kind]) if kind in _KINDS else same)


def _holds(term: Term) -> Callable[[str], bool]:
    text = term.text
    return text.__eq__ if term.exact else lambda other: text in other


def _name(node: NodeId, row: dict[str, Any]) -> str:
    """Return the variable that a node stands for; of an AccumulateGrad that is "w.grad"."""
    if node.kind == Kind.GRAD_FN:
        return ""
    text = row.get("detail") if node.kind == Kind.ACCUMULATE else row.get("name")
    if node.kind == Kind.LEAF:
        text = text or row.get("title")
    return str(text or "").casefold()


def _shape(row: dict[str, Any]) -> str:
    """Return "3,4" for a shape of (3, 4), "-" for what has none."""
    shape = row.get("shape")
    return "-" if shape is None else ",".join(map(str, shape))


def _shape_test(text: str) -> Callable[[str], bool]:
    """Return the test for "[3, *]": the same number of sizes, each the same or a star.

    Brackets that are still open match shapes that begin so.
    """
    body = text.strip("[]").replace(" ", "").rstrip(",")
    wanted = body.split(",") if body else []
    closed = text.endswith("]") or not text.startswith("[")

    def fits(shape: str) -> bool:
        sizes = shape.split(",") if shape else []
        if shape == "-" or len(sizes) < len(wanted) or (closed and len(sizes) > len(wanted)):
            return False
        return all(a in ("*", b) for a, b in zip(wanted, sizes, strict=False))

    return fits
