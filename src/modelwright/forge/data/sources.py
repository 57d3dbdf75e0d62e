"""Sources of documents: one way to name them, one way to read them, a document at a time, however large they are.

    primer, primer:2000      the generated corpus (so many documents)      stdlib     this Python's own sources and docstrings
    book.txt                 a text, cut into documents at blank lines      a.jsonl    one object a line, its text in `field`
    a.parquet                a column `field`                              a folder   its text and source files, one document each
    hf:name, hf:name:split   a Hugging Face dataset, streamed
Text files may end in .gz. Nothing is kept in memory but the document in hand.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.forge.data.lines import BOM, decoded, json_rows, opened
from modelwright.forge.errors import DataError

TEXT_DOCUMENT = 4096
"""A text is cut at the first blank line after this many bytes; without one, at a line's end after sixteen times as many."""

SUFFIXES = frozenset(
    [
        ".txt",
        ".md",
        ".rst",
        ".py",
        ".pyi",
        ".js",
        ".ts",
        ".c",
        ".h",
        ".cpp",
        ".hpp",
        ".java",
        ".go",
        ".rs",
        ".rb",
        ".sh",
        ".toml",
        ".yaml",
        ".yml",
        ".json",
        ".html",
        ".css",
        ".sql",
        ".tex",
        ".r",
        ".jl",
    ]
)


@dataclass(frozen=True)
class Source:
    name: str
    read: Callable[[], Iterator[str]]
    """Starts over each time; the order is always the same."""
    bytes: int | None
    """How much there is, where that is known: for a progress bar."""


def open_source(spec: str, field: str = "text", seed: int = 0) -> Source:
    """What a recipe or a command line names."""
    if spec == "primer" or spec.startswith("primer:"):
        from modelwright.forge.data import primer

        _, _, count = spec.partition(":")
        if count and not count.isdigit():
            raise DataError(f"'{spec}' is not a source: after 'primer:' comes a number of documents")
        documents = int(count or primer.DOCUMENTS)
        return Source(spec, lambda: primer.documents(documents, seed), None)
    if spec == "stdlib":
        return Source(spec, _stdlib, None)
    if spec.startswith("hf:"):
        return Source(spec, lambda: _hugging_face(spec[3:], field), None)
    path = Path(spec).expanduser()
    if not path.exists():
        raise DataError(f"there is no corpus at {path}; give a file, a folder, 'primer', 'stdlib' or 'hf:<dataset>'")
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and file.suffix.lower() in SUFFIXES]
        if not files:
            raise DataError(f"the folder {path} has no text or source files")
        return Source(spec, lambda: _folder(files), sum(file.stat().st_size for file in files))
    size = path.stat().st_size
    if size == 0:
        raise DataError(f"the corpus {path} is empty")
    kind = path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix
    total = None if path.suffix == ".gz" else size
    if kind in (".jsonl", ".ndjson"):
        return Source(spec, lambda: _json_lines(path, field), total)
    if kind == ".parquet":
        return Source(spec, lambda: _parquet(path, field), None)
    return Source(spec, lambda: _text(path), total)


def _text(path: Path) -> Iterator[str]:
    lines: list[bytes] = []
    size, first = 0, True
    with opened(path) as file:
        while line := file.readline(1 << 20):
            if first:
                line, first = line.removeprefix(BOM), False
            lines.append(line)
            size += len(line)
            ends = line.endswith(b"\n")
            # A line longer than a megabyte is cut where a character ends.
            if not ends and len(line) == 1 << 20:
                cut = len(line) - next((i for i in range(1, 5) if line[-i] & 0xC0 != 0x80), 1)
                lines[-1], rest = line[:cut], line[cut:]
                yield decoded(b"".join(lines), path)
                lines, size = ([rest], len(rest)) if rest else ([], 0)
            elif size >= TEXT_DOCUMENT and ends and (not line.strip() or size >= 16 * TEXT_DOCUMENT):
                yield decoded(b"".join(lines), path)
                lines, size = [], 0
    if lines:
        yield decoded(b"".join(lines), path)


def _json_lines(path: Path, field: str) -> Iterator[str]:
    for number, value in json_rows(path):
        where = f"{path}, line {number}"
        if not isinstance(value, str) and not (isinstance(value, dict) and field in value):
            raise DataError(f"{where}: expected a JSON object with '{field}'; name another with --field")
        if text := _written(value if isinstance(value, str) else value[field], field, where):
            yield text


def _written(text: Any, field: str, where: str) -> str:
    """A document's text; nothing where there is none."""
    if text is not None and not isinstance(text, str):
        raise DataError(f"{where}: '{field}' is {str(text)[:40]}, which is not a text; name another with --field")
    return text or ""


def _parquet(path: Path, field: str) -> Iterator[str]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise DataError("reading Parquet needs pyarrow: pip install pyarrow") from None
    try:
        file = parquet.ParquetFile(path)
    except Exception as error:
        raise DataError(f"{path} is not a Parquet file ({error})") from None
    if field not in file.schema_arrow.names:
        raise DataError(f"{path} has no column '{field}'; it has {', '.join(file.schema_arrow.names)} (name one with --field)")
    batches = file.iter_batches(batch_size=512, columns=[field])
    while True:
        try:
            batch = next(batches, None)
            texts = [] if batch is None else batch.column(0).to_pylist()
        except Exception as error:  # a damaged page is found only when its turn comes
            raise DataError(f"{path} is damaged ({str(error).splitlines()[0] if str(error) else type(error).__name__})") from None
        if batch is None:
            return
        yield from filter(None, (_written(text, field, str(path)) for text in texts))


def _folder(files: list[Path]) -> Iterator[str]:
    for file in files:
        with opened(file) as handle:
            data = handle.read().removeprefix(BOM)
        if data.strip():
            yield decoded(data, file)


def _hugging_face(name: str, field: str) -> Iterator[str]:
    try:
        import datasets
    except ImportError:
        raise DataError("a Hugging Face dataset needs the datasets package: pip install datasets") from None
    path, _, split = name.partition(":")
    try:
        rows = datasets.load_dataset(path, split=split or "train", streaming=True)
        for row in rows:
            if text := _written(row[field], field, f"the dataset {path}"):
                yield text
    except DataError:
        raise
    except KeyError:
        raise DataError(f"the dataset {path} has no column '{field}'; name one with --field") from None
    except Exception as error:
        raise DataError(f"the dataset {path} could not be read ({type(error).__name__}: {str(error).splitlines()[0][:200]})") from None


def _stdlib() -> Iterator[str]:
    """Sources of the standard library, docstrings and all; its tests and generated tables are left out."""
    root = Path(sysconfig.get_path("stdlib"))
    left_out = {"test", "tests", "site-packages", "dist-packages", "__pycache__", "idlelib", "lib2to3", "encodings", "ensurepip"}
    for file in sorted(root.rglob("*.py")):
        if left_out.isdisjoint(file.relative_to(root).parts):
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            if text.strip():
                yield text
