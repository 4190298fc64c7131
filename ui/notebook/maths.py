"""Writes simple LaTeX maths with Unicode letters, so that it can be read as a line of text."""

from __future__ import annotations

import re

_SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏", "int": "∫",
    "infty": "∞", "cdot": "·", "cdots": "⋯", "ldots": "…", "dots": "…", "vdots": "⋮",
    "ddots": "⋱", "times": "×", "odot": "⊙", "otimes": "⊗", "oplus": "⊕", "circ": "∘",
    "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠",
    "approx": "≈", "equiv": "≡", "sim": "∼", "propto": "∝", "in": "∈", "notin": "∉",
    "subset": "⊂", "cup": "∪", "cap": "∩", "forall": "∀", "exists": "∃", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒", "mapsto": "↦", "top": "ᵀ",
    "ell": "ℓ", "prime": "′", "langle": "⟨", "rangle": "⟩", "mid": "|", "lVert": "‖",
    "rVert": "‖", "Vert": "‖", "quad": "  ", "qquad": "    ", "colon": ":", "star": "⋆",
    "R": "ℝ", "E": "𝔼",
}  # fmt: skip
_UP = dict(zip("0123456789+-=()nijkTxaebdmt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱʲᵏᵀˣᵃᵉᵇᵈᵐᵗ", strict=True))
_DOWN = dict(zip("0123456789+-=()aeijknmtxlp", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₙₘₜₓₗₚ", strict=True))
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307"}
_STYLES = r"\\(?:mathbf|mathrm|mathit|mathcal|boldsymbol|bm|text|textbf|operatorname|mathsf)\*?"
_GROUP = r"\{([^{}]*)\}"
_DONE = {"^": "\ue010", "_": "\ue011"}
_ENDS = {"matrix": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "vmatrix": ("|", "|")}


def readable(tex: str) -> str:
    """Return LaTeX maths in Unicode; commands that are not known keep their names."""
    text = " ".join(tex.split())
    text = re.sub(r"\\begin\{(\w*)\*?\}(.*?)\\end\{\1\*?\}", _environment, text)
    text = re.sub(
        r"\\mathbb\{(\w)\}", lambda m: {"R": "ℝ", "E": "𝔼", "N": "ℕ"}.get(m[1], m[1]), text
    )
    text = re.sub(r"\\(?:left|right|big|Big|bigg|Bigg)(?![a-zA-Z])\.?", "", text)
    text = re.sub(r"\\([a-zA-Z]+)( ?)", _symbol, text)
    for _ in range(8):  # groups nest; every round opens the innermost ones
        before = text
        text = _open_groups(text)
        if text == before:
            break
    for sign, done in _DONE.items():
        text = text.replace(done, sign)
    text = re.sub(r"\\[,;:! ]", " ", text).replace("\\\\", "; ").replace("&", " ")
    return re.sub(r" {3,}", "  ", text.replace("\\", "").replace("{", "").replace("}", "")).strip()


def _symbol(match: re.Match[str]) -> str:
    """Return a command's letter; the space that ends the name of a prefix is not written."""
    letter = _SYMBOLS.get(match[1])
    if letter is None:
        return match[0]
    return letter if letter in "∂∇" else letter + match[2]


def _open_groups(text: str) -> str:
    text = re.sub(_STYLES + _GROUP, r"\1", text)
    text = re.sub(r"\\d?t?frac" + _GROUP + _GROUP + r"(?=([^\W_]|[(])?)", _fraction, text)
    text = re.sub(r"\\sqrt" + _GROUP, r"√(\1)", text)
    for name, mark in _ACCENTS.items():
        text = re.sub(rf"\\{name}(?:" + _GROUP + r"| (\w))", rf"\1\2{mark}", text)
    text = re.sub(r"\^" + _GROUP + r"|\^([^\s{}\\])", lambda m: _raised(m, _UP, "^"), text)
    return re.sub(r"_" + _GROUP + r"|_([^\s{}\\])", lambda m: _raised(m, _DOWN, "_"), text)


def _raised(match: re.Match[str], letters: dict[str, str], sign: str) -> str:
    body = match[1] if match[1] is not None else match[2]
    if all(c in letters for c in body):
        return "".join(letters[c] for c in body)
    if body in "ᵀ′":
        return body
    done = _DONE[sign]  # or the next round would raise the bracket
    return f"{done}({body})" if len(body) > 1 else f"{done}{body}"


def _fraction(match: re.Match[str]) -> str:
    over, under = (_closed(part.strip()) for part in match.groups()[:2])
    return f"{over}/{under} " if match[3] else f"{over}/{under}"  # a factor after it stands apart


def _closed(text: str) -> str:
    simple = re.fullmatch(r"[\w∂∇ᵀ₀-₉ᵢⱼₖₙ²³.′]+( ?[\w∂ᵢⱼₖₙ₀-₉]+)?", text)
    return text if simple else f"({text})"


def _environment(match: re.Match[str]) -> str:
    left, right = _ENDS.get(match[1], ("", ""))
    rows = [row.replace("&", "  ").strip() for row in match[2].split("\\\\")]
    return left + "; ".join(filter(None, rows)) + right
