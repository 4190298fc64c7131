"""Lines to change in a training loop: what is called too often, too late, on the wrong thing, or not at all."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.program_line import ProgramLine, called, line_of, lines_with
from engine.tape.diagnose.remedies_graph import summed

Edits = tuple[Edit, ...]
_OPTIMIZER = r"=.*\b(?:SGD|Adam\w*|RMSprop|Adagrad|Adadelta|LBFGS|NAdam|RAdam|Rprop)\("


def _line(facts: Facts, found: Finding, link: int = 0) -> ProgramLine | None:
    return (
        line_of(facts, found.chain[link]) if -len(found.chain) <= link < len(found.chain) else None
    )


def _moved_before(facts: Facts, found: Finding) -> Edits:
    """The culprit's line goes before the pass that the next link names."""
    line, pass_ = _line(facts, found), _line(facts, found, 1)
    if line is None or pass_ is None or line.at.cell != pass_.at.cell:
        return ()
    return (line.left_out(), pass_.before(line.bare())) if line.calls("zero_grad") else ()


def _moved_after(facts: Facts, found: Finding) -> Edits:
    """The culprit's line goes after the line that the next link names."""
    line, other = _line(facts, found), _line(facts, found, 1)
    if line is None or other is None or line.at.cell != other.at.cell or other.statement is None:
        return ()
    moved = (
        other.before if found.cause == "clipped-in-vain" and other.calls("step") else other.after
    )
    return (line.left_out(), moved(line.bare()))


def _zeroed_first(facts: Facts, found: Finding) -> Edits:
    """The optimizer that steps between the passes zeroes before the later one."""
    line = _line(facts, found)
    if line is None:
        return ()
    for link in range(1, len(found.chain)):
        other = _line(facts, found, link)
        for call in [] if other is None else other.calls("step"):
            if other is not None and isinstance(call.func, ast.Attribute):
                return (line.before(f"{other.source(call.func.value)}.zero_grad()"),)
    name = facts.name(found.tensor) if found.tensor >= 0 else ""
    return (line.before(f"{name}.grad = None"),) if _known(facts, name) else ()


def _known(facts: Facts, name: str) -> bool:
    """Whether the program gives a plain name."""
    return name.isidentifier() and next(lines_with(facts, rf"^\s*{name}\b.*="), None) is not None


def _summed(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
    if line is None:
        return ()
    for call in line.calls("sum"):
        name = line.source(call.args[0]) if call.args else ""
        for other in lines_with(facts, rf"\b{re.escape(name)}\.append\(") if name else ():
            added = other.calls("append")[0].args[0]
            return (other.changed((added, f"{other.grouped(added)}.item()")),)
    return summed(line)


def _one_shape(facts: Facts, found: Finding) -> Edits:
    """Of (N, 1) and (N,) the one that the line names gets the other's shape."""
    line, op = _line(facts, found), found.culprit.op
    if line is None or op < 0:
        return ()
    values = [v for v in facts.inputs(op) if v >= 0][:2]
    if len(values) < 2:
        return ()
    wide, other = sorted(values, key=lambda v: -len(facts.shape(v)))
    if facts.shape(wide)[-1:] != (1,) or len(facts.shape(wide)) != len(facts.shape(other)) + 1:
        return ()
    for value, way in ((wide, "squeeze"), (other, "unsqueeze")):
        nodes = [n for n in line.nodes if isinstance(n, ast.Name | ast.Attribute)]
        named = [n for n in nodes if line.source(n) == facts.label(value)]
        if named:
            first = min(named, key=lambda n: n.col_offset)
            return (line.changed((first, f"{line.source(first)}.{way}(-1)")),)
    return ()


def _without(functions: tuple[str, ...], layers: str) -> Callable[[Facts, Finding], Edits]:
    """Leave out a function, or the last layer of a kind."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = _line(facts, found)
        for call in [] if line is None else line.calls(*functions):
            of = line.operand(call) if line is not None else None
            if of is not None and line is not None:
                return (line.changed((call, line.source(of))),)
        for other in lines_with(facts, rf"\bnn\.({layers})\("):
            made = other.calls(*layers.split("|"))
            if made:
                last = max(made, key=lambda c: c.col_offset)
                return (other.changed((last, "nn.Identity()")),)
        return ()

    return remedy


def _logarithms(facts: Facts, found: Finding) -> Edits:
    for link in (1, 0):
        line = _line(facts, found, link)
        for call in [] if line is None else line.calls("softmax"):
            text = "" if line is None else line.source(call)
            if line is not None:
                return (line.changed((call, text.replace("softmax(", "log_softmax(", 1))),)
    if "softmax" in found.title + found.remedy:
        for other in lines_with(facts, r"\bnn\.Softmax\("):
            return (other.reads(other.text.replace("nn.Softmax(", "nn.LogSoftmax(")),)
    line = _line(facts, found)
    for old, new in (("nll_loss(", "cross_entropy("), ("NLLLoss(", "CrossEntropyLoss(")):
        if line is not None and old in line.text:
            return (line.reads(line.text.replace(old, new)),)
        for other in lines_with(facts, re.escape(old)):
            return (other.reads(other.text.replace(old, new)),)
    return ()


def _other_dimension(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
    for call in [] if line is None else line.calls("softmax", "log_softmax"):
        dims = [k.value for k in call.keywords if k.arg == "dim"]
        dims += [a for a in call.args if isinstance(a, ast.Constant)]
        if dims and line is not None:
            return (line.changed((dims[0], "-1")),)
    for other in lines_with(facts, r"\bnn\.(Log)?Softmax\("):
        text = re.sub(r"(Softmax\()(dim=)?\d+", r"\1dim=-1", other.text)
        return (other.reads(text),) if text != other.text else ()
    return ()


def _averaged(facts: Facts, found: Finding) -> Edits:
    line, number = _line(facts, found), re.search(r"/ (\d+)\)", found.remedy)
    for call in [] if line is None or number is None else line.calls("backward"):
        if isinstance(call.func, ast.Attribute) and line is not None and number is not None:
            value = call.func.value
            return (line.changed((value, f"({line.grouped(value)} / {number[1]})")),)
    return ()


def _value(change: str) -> Callable[[Facts, Finding], Edits]:
    """Change what the culprit's line assigns."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = _line(facts, found)
        value = None if line is None else getattr(line.statement, "value", None)
        if line is None or line.target is None or not isinstance(value, ast.expr):
            return ()
        return (line.changed((value, change.format(line.grouped(value)))),)

    return remedy


def _stepped_once(facts: Facts, found: Finding) -> Edits:
    """The second step goes, if it is of the same optimizer."""
    line, first = _line(facts, found), _line(facts, found, 1)
    same = line is not None and (first is None or line.bare() == first.bare())
    return (line.left_out(),) if line is not None and same and line.calls("step") else ()


def _right_backward(facts: Facts, found: Finding) -> Edits:
    """What a backward returns is divided by the factor that it is wrong by."""
    line, by = _line(facts, found), re.match(r"Divide what it returns by (\S+?);", found.remedy)
    turned = found.remedy.startswith("Turn its sign")
    if line is None or not (by or turned):
        return ()
    for returned in lines_with(facts, r"^\s*return\b"):
        within = returned.at.cell == line.at.cell and returned.number > line.number
        value = getattr(returned.statement, "value", None)
        if not within or not isinstance(value, ast.expr):
            continue
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        parts = [n for n in parts if not (isinstance(n, ast.Constant) and n.value is None)]
        if len(parts) != 1:
            return ()
        text = returned.grouped(parts[0])
        return (returned.changed((parts[0], f"-{text}" if by is None else f"{text} / {by[1]}")),)
    return ()


def _gone(word: str) -> Callable[[Facts, Finding], Edits]:
    """The culprit's line is left out, if it calls what it is said to."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = _line(facts, found)
        return (line.left_out(),) if line is not None and re.search(word, line.text) else ()

    return remedy


def _clipped(facts: Facts, found: Finding) -> Edits:
    """Clip before the step, with the parameters that the optimizer has."""
    for link in range(len(found.chain)):
        line = _line(facts, found, link)
        for call in [] if line is None else line.calls("step"):
            if line is None or not isinstance(call.func, ast.Attribute):
                continue
            name = re.escape(line.source(call.func.value))
            for made in lines_with(facts, rf"^\s*{name}\s*{_OPTIMIZER}"):
                value = getattr(made.statement, "value", None)
                given = value.args[0] if isinstance(value, ast.Call) and value.args else None
                if given is not None:
                    text = f"torch.nn.utils.clip_grad_norm_({made.source(given)}, 1.0)"
                    return (line.before(text),)
    return ()


def _known_layers(facts: Facts, found: Finding) -> Edits:
    """Layers in a list become a ModuleList; an optimizer that is made too early is made later."""
    line = _line(facts, found)
    value = None if line is None else getattr(line.statement, "value", None)
    if line is None or not isinstance(value, ast.expr):
        return ()
    if isinstance(value, ast.List | ast.ListComp) and line.text.strip().startswith("self."):
        return (line.changed((value, f"nn.ModuleList({line.source(value)})")),)
    zero = re.sub(r"""(lr(=|["']:\s*))0(\.0*)?(?![\d.])""", r"\g<1>0.01", line.text)
    if found.remedy.startswith("Give the optimizer (and each") and zero != line.text:
        return (line.reads(zero),)
    early = re.match(r"(\w+) steps another tensor", found.title)
    for made in lines_with(facts, rf"^\s*{early[1]}\s*{_OPTIMIZER}") if early else ():
        if made.at.cell == line.at.cell and made.number < line.number:
            return (made.left_out(), line.after(made.bare()))
    return ()


def _given(facts: Facts, found: Finding) -> Edits:
    """The optimizer gets the parameters of the module that it was not given."""
    module, dot, _ = facts.name(found.tensor).partition(".") if found.tensor >= 0 else ("", "", "")
    made = list(lines_with(facts, rf"^\s*\w+\s*{_OPTIMIZER}"))
    known = (
        dot
        and module.isidentifier()
        and f"{module}.parameters()" not in "".join(m.text for m in made)
    )
    value = getattr(made[0].statement, "value", None) if len(made) == 1 and known else None
    if not isinstance(value, ast.Call) or not value.args or not _known(facts, module):
        return ()
    given = value.args[0]
    text = f"[*{made[0].grouped(given)}, *{module}.parameters()]"
    return () if "{" in made[0].source(given) else (made[0].changed((given, text)),)


def _bounded(facts: Facts, found: Finding) -> Edits:
    """A state that grows goes through a tanh in each round; what diverges is clipped."""
    line = _line(facts, found)
    value = None if line is None else getattr(line.statement, "value", None)
    if not found.remedy.startswith("Keep them bounded"):
        return _clipped(facts, found)
    if line is None or line.target is None or not isinstance(value, ast.BinOp):
        return ()
    return (line.changed((value, f"torch.tanh({line.source(value)})")),)


def _shaped(facts: Facts, found: Finding) -> Edits:
    """A target gets its loss's shape, a layer the number of features that come to it."""
    line = _line(facts, found)
    if line is None:
        return ()
    said = found.text + " ".join(link.text for link in found.chain)
    sizes = re.search(
        r"Target size \(torch\.Size\(\[(.*?)\]\)\).*input size \(torch\.Size\(\[(.*?)\]\)\)", said
    )
    way = "squeeze(1)" if "multi-target" in said else ""
    if sizes:
        target, given = (one.split(", ") for one in sizes.groups())
        way = (
            "unsqueeze(1)"
            if [*target, "1"] == given
            else "squeeze(1)"
            if [*given, "1"] == target
            else ""
        )
    losses = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 2]
    if way and losses:
        text = line.source(losses[0].args[1])
        if way.startswith("squeeze") and text.endswith(".unsqueeze(1)"):
            return (line.changed((losses[0].args[1], text.removesuffix(".unsqueeze(1)"))),)
        return (line.changed((losses[0].args[1], f"{line.grouped(losses[0].args[1])}.{way}")),)
    product = re.search(r"multiplied \(\d+x(\d+) and (\d+)x\d+\)", said)
    layers = list(lines_with(facts, rf"\bnn\.Linear\({product[2]}\s*,")) if product else []
    if product and len(layers) == 1:
        text = re.sub(rf"nn\.Linear\({product[2]}\s*,", f"nn.Linear({product[1]},", layers[0].text)
        return (layers[0].reads(text),)
    return ()


def _typed(facts: Facts, found: Finding) -> Edits:
    line = _line(facts, found)
    if line is None:
        return ()
    said = found.text + " ".join(link.text for link in found.chain)
    losses = [n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 2]
    if "to be Long" in said and losses:
        return (line.changed((losses[0].args[1], f"{line.grouped(losses[0].args[1])}.long()")),)
    if "Indices are integers" in found.remedy:
        plain = [c for c in losses or line.nodes if isinstance(c, ast.Call) and len(c.args) == 1]
        named = [c.args[0] for c in plain if isinstance(c.args[0], ast.Name)]
        return (line.changed((named[0], f"{line.source(named[0])}.long()")),) if named else ()
    if "Double" in said and "Float" in said:
        single = [
            n for n in line.nodes if isinstance(n, ast.Call) and len(n.args) == 1 and not n.keywords
        ]
        plain = [
            n for n in single if isinstance(n.args[0], ast.Name) and not called(n).startswith("to")
        ]
        return (
            (line.changed((plain[0].args[0], f"{line.source(plain[0].args[0])}.float()")),)
            if plain
            else ()
        )
    return ()


_ACTIVATIONS = ("softmax", "log_softmax", "sigmoid")

REMEDIES: dict[str, Callable[[Facts, Finding], Edits]] = {
    "zeroed-before-step": _moved_before,
    "cleared": _moved_before,
    "not-zeroed": _zeroed_first,
    "two-passes": _zeroed_first,
    "graph-kept": _summed,
    "broadcast": _one_shape,
    "softmax-twice": _without(_ACTIVATIONS, "Softmax|LogSoftmax|Sigmoid"),
    "clipped-scores": _without(("relu", "sigmoid", "tanh"), "ReLU|Sigmoid|Tanh|Softplus"),
    "no-logarithm": _logarithms,
    "softmax-dimension": _other_dimension,
    "not-averaged": _averaged,
    "ascended": _value("-{}"),
    "aliased": _value("{}.clone()"),
    "scheduled-early": _moved_after,
    "clipped-in-vain": _moved_after,
    "stepped-twice": _stepped_once,
    "wrong-backward": _right_backward,
    "hook": _gone(r"\.register_\w*hook\("),
    "exploding": _clipped,
    "overflow": _bounded,
    "never-updated": lambda facts, found: _known_layers(facts, found) or _given(facts, found),
    "shape-mismatch": _shaped,
    "dtype-mismatch": _typed,
}
