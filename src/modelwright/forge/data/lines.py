"""Files of others: opened, unpacked and read as JSON lines in one place, so that a damaged one is refused by name wherever it is read.

A line ends at a line feed and nowhere else: JSON lets a string hold U+2028, U+2029 and U+0085 as they are. A byte order mark is not part of
the text. Half of a surrogate pair, which JSON can write and UTF-8 cannot, is read as U+FFFD.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from modelwright.forge.errors import DataError

BOM = b"\xef\xbb\xbf"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked where its name ends in .gz; what goes wrong while it is read is a DataError with its name."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield file  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is cut short or not gzip ({error}); fetch it again, or unpack it first") from None
    except OSError as error:
        raise DataError(f"{path} could not be read ({error.strerror or error}); give a file that can be") from None


def decoded(data: bytes, path: Path) -> str:
    if b"\0" in data:
        raise DataError(f"{path} is binary (it holds a zero byte); the forge reads text, so convert it to UTF-8 first")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {data[error.start]:#04x}); convert it first") from None


def json_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """(number of the line, value) of JSON lines; lines with nothing in them are left out."""
    with opened(path) as file:
        yield from _rows(file, path, "line")


def json_list_or_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """The same of a file that may also be one list: then (number of the item, value)."""
    with opened(path) as file:
        data = file.read().removeprefix(BOM)
    if data.lstrip().startswith(b"["):
        yield from enumerate(parsed(decoded(data, path), str(path)), 1)
    else:
        yield from _rows(data.split(b"\n"), path, "row")


def _rows(lines: Iterable[bytes], path: Path, called: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(BOM)
        if line.strip():
            yield number, parsed(decoded(line, path), f"{path}, {called} {number}")


def parsed(text: str, where: str) -> Any:
    """JSON; what is none is refused with the place. NaN and Infinity are none."""
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise DataError(f"{where} is nested too deeply to be read") from None
    except ValueError as error:
        raise DataError(f"{where} is not JSON ({error})") from None
    return _whole(value) if "\\ud" in text.lower() else value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def finite(value: Any) -> Any:
    """What JSON can say of a value made of dictionaries, lists and numbers: what is not a number, or has no end, is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
