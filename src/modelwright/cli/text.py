"""Markdown with LaTeX as text for a terminal: `$\\sqrt{d}$` becomes √d, `$x^2$` x².

Not a typesetter: what has no plain form stays as LaTeX, which a person who writes mathematics can read. The pages set it properly.
"""

from __future__ import annotations

import re

_SIGNS = {
    "cdot": "·", "times": "×", "div": "÷", "pm": "±", "mp": "∓", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠",
    "approx": "≈", "equiv": "≡", "sim": "~", "propto": "∝", "infty": "∞", "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆",
    "cup": "∪", "cap": "∩", "sum": "Σ", "prod": "Π", "int": "∫", "partial": "∂", "nabla": "∇", "to": "→", "rightarrow": "→",
    "mapsto": "↦", "Rightarrow": "⇒", "iff": "⇔", "ldots": "…", "dots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱", "top": "ᵀ",
    "lVert": "‖", "rVert": "‖", "Vert": "‖", "|": "‖", "lvert": "|", "rvert": "|", "mid": "|", "langle": "⟨", "rangle": "⟩",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "odot": "⊙", "otimes": "⊗", "oplus": "⊕", "perp": "⊥", "forall": "∀",
    "exists": "∃", "ell": "ℓ", "prime": "′", "quad": "  ", "qquad": "    ", ",": " ", ";": " ", ":": " ", "!": "", " ": " ", "%": "%",
    "{": "{", "}": "}", "_": "_", "&": "&", "#": "#", "$": "$", "star": "*", "ast": "*", "circ": "∘", "ll": "≪", "gg": "≫",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ",
    "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "displaystyle": "", "textstyle": "", "limits": "",
    "hline": "", "colon": ":", "backslash": "\\",
}  # fmt: skip
_UP = dict(zip("0123456789+-=()nixyTt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣʸᵀᵗ", strict=True)) | {"ᵀ": "ᵀ", "′": "′", "⊤": "ᵀ"}
_DOWN = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_BOARD = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "E": "𝔼", "P": "ℙ"}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "overline": "\u0305"}
_ACCENTS |= {"widehat": "\u0302", "widetilde": "\u0303"}
_PLAIN = (
    "mathrm",
    "text",
    "operatorname",
    "mathbf",
    "mathit",
    "boldsymbol",
    "bm",
    "mathcal",
    "mathsf",
    "texttt",
    "textbf",
    "underline",
    "mbox",
)


def plain(markdown: str) -> str:
    """Markdown as it was, its formulas as plain text. Code keeps its dollars."""
    pieces = re.split(r"(```.*?```|`[^`\n]*`)", markdown, flags=re.S)
    return re.sub(r"\n{3,}", "\n\n", "".join(piece if i % 2 else _formulas(piece) for i, piece in enumerate(pieces)))


def prose(markdown: str) -> str:
    """As `plain`, without emphasis marks: for one line in a list."""
    return re.sub(r"(?<!\w)[*_]{1,2}(\S(?:.*?\S)?)[*_]{1,2}(?!\w)", r"\1", plain(markdown)).replace("`", "")


def _formulas(text: str) -> str:
    text = re.sub(r"\$\$(.+?)\$\$", lambda m: "\n\n    " + math(m[1]).replace("\n", "\n    ") + "\n\n", text, flags=re.S)
    return re.sub(r"(?<!\\)\$([^$\n]+(?:\n[^$\n]+)?)\$", lambda m: math(m[1]), text).replace("\\$", "$")


def math(latex: str) -> str:
    """One formula."""
    out, _ = _read(latex.strip(), 0, "")
    return re.sub(r" {2,}", " ", out).strip()


def _read(s: str, i: int, until: str) -> tuple[str, int]:
    """Text up to `until` ("}" or the end), and where it ends."""
    out: list[str] = []
    while i < len(s):
        c = s[i]
        if until and c == until:
            return "".join(out), i + 1
        if c == "\\":
            piece, i = _command(s, i + 1)
            out.append(piece)
        elif c in "^_":
            piece, i = _argument(s, i + 1)
            out.append(_raised(piece, c))
        elif c == "{":
            piece, i = _read(s, i + 1, "}")
            out.append(piece)
        elif c == "~":
            out.append(" ")
            i += 1
        elif c == "-" and not until:
            out.append("−")
            i += 1
        else:
            out.append(c)
            i += 1
    return "".join(out), i


def _argument(s: str, i: int) -> tuple[str, int]:
    while i < len(s) and s[i] == " ":
        i += 1
    if i >= len(s):
        return "", i
    if s[i] == "{":
        return _read(s, i + 1, "}")
    if s[i] == "\\":
        return _command(s, i + 1)
    return s[i], i + 1


def _command(s: str, i: int) -> tuple[str, int]:
    name = m[0] if (m := re.match(r"[A-Za-z]+|.", s[i:], flags=re.S)) else ""
    i += len(name)
    if name in ("left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr"):
        piece, i = _argument(s, i)
        return ("" if piece == "." else piece), i
    if name in ("frac", "dfrac", "tfrac"):
        above, i = _argument(s, i)
        below, i = _argument(s, i)
        return f"{_grouped(above)}/{_grouped(below)}", i
    if name == "binom":
        above, i = _argument(s, i)
        below, i = _argument(s, i)
        return f"C({above}, {below})", i
    if name == "sqrt":
        root = ""
        if i < len(s) and s[i] == "[":
            root, i = _read(s, i + 1, "]")
        piece, i = _argument(s, i)
        sign = {"": "√", "3": "∛", "4": "∜"}.get(root, _raised(root, "^") + "√")
        return sign + (piece if len(piece) <= 1 or piece.isalnum() else f"({piece})"), i
    if name in _ACCENTS:
        piece, i = _argument(s, i)
        return piece + _ACCENTS[name] if len(piece) == 1 else piece, i
    if name == "mathbb":
        piece, i = _argument(s, i)
        return _BOARD.get(piece, piece), i
    if name in _PLAIN:
        return _argument(s, i)
    if name == "begin":
        kind, i = _argument(s, i)
        end = s.find(f"\\end{{{kind}}}", i)
        inside = s[i : end if end >= 0 else len(s)]
        inside = re.sub(r"^\s*\{[lcr| ]+\}", "", inside)
        return _table(inside, kind), (end + len(kind) + 6 if end >= 0 else len(s))
    if name == "\\":
        return "\n", i
    if name in _SIGNS:
        return _SIGNS[name], i
    gap = " " if name.isalpha() and i < len(s) and (s[i].isalnum() or s[i] == "\\") else ""
    return name + gap, i  # \log, \exp, \max: their names


def _table(inside: str, kind: str) -> str:
    rows = [[math(cell) for cell in row.split("&")] for row in re.split(r"\\\\(?:\[[^\]]*\])?", inside) if row.strip()]
    if kind.endswith("matrix") or kind == "array":
        return "[" + "; ".join("  ".join(cell for cell in row) for row in rows) + "]"
    return "\n".join(" ".join(cell for cell in row if cell) for row in rows)


def _raised(piece: str, sign: str) -> str:
    table = _UP if sign == "^" else _DOWN
    piece = piece.strip().replace("−", "-")
    if piece and all(c in table for c in piece):
        return "".join(table[c] for c in piece)
    return sign + (piece if len(piece) == 1 else f"({piece})")


def _grouped(piece: str) -> str:
    piece = piece.strip()
    return piece if re.fullmatch(r"[\w√.∂]+[⁰¹²³⁴⁵⁶⁷⁸⁹ᵀₐ-ₜ₀-₉]*", piece) or re.fullmatch(r"\([^()]*\)", piece) else f"({piece})"
