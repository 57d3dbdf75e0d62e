"""Output that is JSON of a given schema, whatever the model would rather say: which tokens may come next, worked out byte by byte.

A schema becomes a machine over bytes with a stack; its state is the set of stacks that what was written allows. A token is allowed if
all of its bytes can be read; the tokens are walked as a tree, so that a forbidden byte cuts off all that begin with it, and what was worked
out for a state is kept. Every state knows its shortest way to the end, so that a reply that runs out of room is closed in time: it is valid
even when `max_tokens` is nearly spent.

It writes one form of JSON, that of Python's `json.dumps`: one space after a colon and a comma, properties in the schema's order. Optional
properties may be left out; properties that the schema does not name are written only where it names none. A keyword that it cannot
enforce is refused with its name, never ignored. A schema that begins with itself means the least that it can mean: what it says beside
itself. The idea of masks over a machine is Willard and Louf's (arXiv 2307.09702).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

import numpy as np

from modelwright.forge.errors import ForgeError
from modelwright.forge.tokenizer import FIRST_BYTE, Tokenizer


class SchemaError(ForgeError):
    """A schema that is wrong, or that asks for what cannot be enforced here."""


# What a schema means, as a graph of nodes that refer to each other by number.


@dataclass(frozen=True)
class Words:
    """One of some given texts."""

    texts: tuple[bytes, ...]


@dataclass(frozen=True)
class Text:
    shortest: int = 0
    longest: int | None = None


@dataclass(frozen=True)
class Number:
    whole: bool
    low: Fraction | None = None
    high: Fraction | None = None
    above: bool = False
    """Whether `low` itself is excluded."""
    below: bool = False


@dataclass(frozen=True)
class Array:
    first: tuple[int, ...]
    rest: int | None
    shortest: int
    longest: int | None


@dataclass(frozen=True)
class Object:
    names: tuple[tuple[bytes, int, bool], ...]
    """Key as JSON, node of the value, whether it must be there."""
    free: int | None
    """The values' node where no names are given."""


@dataclass(frozen=True)
class Choice:
    nodes: tuple[int, ...]


Node = Words | Text | Number | Array | Object | Choice
# Stacks are pairs (frame, rest of the stack); None is the empty one. A frame is a tuple that begins with its kind.
Frame = tuple[Any, ...]
Stack = tuple[Any, ...] | None
State = frozenset[Any]

_SILENT = {
    "title",
    "description",
    "default",
    "examples",
    "$schema",
    "$id",
    "$comment",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$defs",
    "definitions",
    "strict",
}
_OF_TYPE = {
    "string": {"minLength", "maxLength"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "array": {"items", "prefixItems", "minItems", "maxItems"},
    "object": {"properties", "required", "additionalProperties"},
    "boolean": set(),
    "null": set(),
}  # fmt: skip
_DIGITS = 15
"""Most digits before and after the point: what a double holds."""


LARGEST = 1_000_000
"""Most characters of a schema's smallest answer."""
WIDEST = 1000
"""Most readings of what was written that are followed at once, besides some for each thing that the schema names."""


def dump(value: Any) -> bytes:
    """A value as JSON. Half of a surrogate pair, which UTF-8 has not, stays an escape."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False).encode()
    except ValueError:
        raise SchemaError(f"the schema has the value {shown(value)}, which JSON cannot write; numbers must be finite") from None


def shown(value: Any) -> str:
    """A piece of a schema for a sentence."""
    return json.dumps(value)[:60]


@dataclass(frozen=True)
class Resource:
    """A schema within a schema that is a document of its own: what it refers to is looked for in it."""

    document: Mapping[str, Any]
    where: str
    """What it is called in messages."""


class Schema:
    """A JSON schema, compiled. `Schema({})` is any JSON, `Schema({"type": "object"})` any object."""

    def __init__(self, schema: Mapping[str, Any] | bool) -> None:
        self.document: Any = schema
        """What references are looked for in: while compiling, the resource that they stand in."""
        self.nodes: list[Node] = []
        self._of_ref: dict[tuple[int, str], int] = {}
        self._any: int | None = None
        self.root = self._compile(schema, "the schema")
        self._flatten()
        self._shortest = self._shortest_of_all()
        self._memo: dict[tuple[Any, int], State] = {}

        def names(node: Node) -> int:
            return len(node.texts) if isinstance(node, Words) else len(node.names) if isinstance(node, Object) else 1

        self._widest = WIDEST + 4 * sum(map(names, self.nodes))
        self.start: State = frozenset([(("value", self.root), None)])

    # Compiling.

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _anything(self) -> int:
        if self._any is None:
            self._any = self._add(Choice(()))
            values = (Words((b"true", b"false", b"null")), Text(), Number(False), Array((), self._any, 0, None), Object((), self._any))
            self.nodes[self._any] = Choice(tuple(self._add(value) for value in values))
        return self._any

    def _compile(self, schema: Any, where: str) -> int:
        if isinstance(schema, Resource):
            outer, self.document = self.document, schema.document
            try:
                return self._compile(schema.document, schema.where)
            finally:
                self.document = outer
        if schema is True or schema == {}:
            return self._anything()
        if not isinstance(schema, Mapping):
            raise SchemaError(f"{where} is {shown(schema)}; an object that describes a value is wanted")
        if "$id" in schema and schema is not self.document:
            raise SchemaError(f"{where} has an '$id' of its own, so it is not known what its references mean; take the '$id' out")
        keys = set(schema) - _SILENT
        if "$ref" in schema:
            self._refuse(keys - {"$ref"}, f"{where}, beside '$ref',")
            return self._ref(schema["$ref"], where)
        kinds = _kinds(schema, where)
        if "enum" in keys or "const" in keys:
            self._refuse(keys - {"enum", "const", "type"}, where)
            values = schema["enum"] if "enum" in keys else [schema["const"]]
            if not isinstance(values, list) or not values:
                raise SchemaError(f"{where}: enum must be a list of at least one value")
            if "const" in keys:
                values = [value for value in values if dump(value) == dump(schema["const"])]
                if not values:
                    raise SchemaError(f"{where}: const is {shown(schema['const'])}, which is not among the values of enum")
            kept = tuple(dump(value) for value in values if kinds is None or _is_of(value, kinds))
            if not kept:
                raise SchemaError(f"{where}: no value of enum is of the type {shown(schema['type'])}")
            return self._add(Words(kept))
        if "anyOf" in keys:
            self._refuse(keys - {"anyOf", "type"}, where)
            parts = schema["anyOf"]
            if not isinstance(parts, list) or not parts:
                raise SchemaError(f"{where}: anyOf must be a list of at least one schema")
            if kinds is not None:
                parts = [_narrowed(part, kinds, f"{where}.anyOf[{i}]") for i, part in enumerate(parts)]
            return self._add(Choice(tuple(self._compile(part, f"{where}.anyOf[{i}]") for i, part in enumerate(parts))))
        if "allOf" in keys and isinstance(schema["allOf"], list) and len(schema["allOf"]) == 1 and keys == {"allOf"}:
            return self._compile(schema["allOf"][0], where)
        if kinds is None:  # what it says tells the type
            kinds = [kind for kind in ("object", "array", "string", "number") if keys & _OF_TYPE[kind]]
            if not kinds:
                self._refuse(keys, where)
                return self._anything()
        self._refuse(keys - {"type"} - set().union(*(_OF_TYPE[kind] for kind in kinds)), where)
        nodes = tuple(self._of_type(kind, schema, where) for kind in kinds)
        return nodes[0] if len(nodes) == 1 else self._add(Choice(nodes))

    def _refuse(self, keys: set[str], where: str) -> None:
        if keys:
            raise SchemaError(f"{where} uses '{min(keys)}', which cannot be enforced while generating; take it out of the schema")

    def _ref(self, ref: Any, where: str) -> int:
        if not isinstance(ref, str):
            raise SchemaError(f"{where}: $ref is {shown(ref)}; a place in the schema is wanted, such as '#/$defs/name'")
        key = (id(self.document), ref)
        if key not in self._of_ref:
            if ref != "#" and not ref.startswith("#/"):
                raise SchemaError(f"{where} refers to {ref[:80]}; only places in the schema itself can be referred to, as '#/$defs/name'")
            found: Any = self.document
            try:
                for step in unquote(ref[1:]).split("/")[1:]:
                    step = step.replace("~1", "/").replace("~0", "~")
                    found = found[int(step)] if isinstance(found, list) and step.isdecimal() else found[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise SchemaError(f"{where} refers to {ref[:80]}, which is not in the schema") from None
            place = self._of_ref[key] = self._add(Choice(()))
            self.nodes[place] = Choice((self._compile(found, ref),))
        return self._of_ref[key]

    def _flatten(self) -> None:
        """Choices among choices become one: reading then never goes from a node back to itself without a byte read."""
        flat: dict[int, Choice] = {}
        for i, node in enumerate(self.nodes):
            if isinstance(node, Choice):
                ends: dict[int, None] = {}
                seen, waiting = {i}, list(reversed(node.nodes))
                while waiting:
                    j = waiting.pop()
                    inner = self.nodes[j]
                    if not isinstance(inner, Choice):
                        ends[j] = None
                    elif j not in seen:
                        seen.add(j)
                        waiting.extend(reversed(inner.nodes))
                flat[i] = Choice(tuple(ends))
        for i, node in flat.items():
            self.nodes[i] = node

    def _of_type(self, kind: str, schema: Mapping[str, Any], where: str) -> int:
        if kind == "string":
            low, high = _count(schema, "minLength", where) or 0, _count(schema, "maxLength", where)
            _ordered(low, high, where, "Length")
            return self._add(Text(low, high))
        if kind in ("number", "integer"):
            return self._add(self._number(kind == "integer", schema, where))
        if kind == "array":
            low, high = _count(schema, "minItems", where) or 0, _count(schema, "maxItems", where)
            parts = schema.get("prefixItems", [])
            if not isinstance(parts, list):
                raise SchemaError(f"{where}: prefixItems is {shown(parts)}; a list of schemas is wanted")
            first = tuple(self._compile(part, f"{where}.prefixItems[{i}]") for i, part in enumerate(parts))
            rest = None if schema.get("items") is False else self._compile(schema.get("items", True), f"{where}.items")
            if rest is None:
                high = len(first) if high is None else min(high, len(first))
            _ordered(low, high, where, "Items")
            return self._add(Array(first, rest, low, high))
        if kind == "object":
            return self._object(schema, where)
        return self._add(Words((b"null",) if kind == "null" else (b"true", b"false")))

    def _number(self, whole: bool, schema: Mapping[str, Any], where: str) -> Number:
        bounds: dict[str, Fraction | None] = {}
        for name in _OF_TYPE["number"]:
            value = schema.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise SchemaError(f"{where}: {name} is {shown(value)}; a number is wanted")
            if isinstance(value, float) and not math.isfinite(value):
                raise SchemaError(f"{where}: {name} is {shown(value)}, which is beyond every number; give a finite one, or leave it out")
            bounds[name] = None if value is None else Fraction(value) if isinstance(value, int) else Fraction(repr(value))
        low, above = bounds["minimum"], False
        if (more := bounds["exclusiveMinimum"]) is not None and (low is None or more >= low):
            low, above = more, True
        high, below = bounds["maximum"], False
        if (less := bounds["exclusiveMaximum"]) is not None and (high is None or less <= high):
            high, below = less, True
        return Number(whole, low, high, above, below)

    def _object(self, schema: Mapping[str, Any], where: str) -> int:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        if not isinstance(properties, Mapping) or not (isinstance(required, list) and all(isinstance(name, str) for name in required)):
            raise SchemaError(f"{where}: properties must be an object and required a list of names")
        more = schema.get("additionalProperties", True)
        place = self._add(Choice(()))
        names = [(dump(name), self._compile(part, f"{where}.{name}"), name in required) for name, part in properties.items()]
        for name in dict.fromkeys(required):
            if name not in properties:
                if more is False:
                    raise SchemaError(f"{where} requires '{name}' but neither describes it nor allows other properties")
                names.append((dump(name), self._compile(more, f"{where}.{name}"), True))
        free = None if names or more is False else self._compile(more, f"{where}.additionalProperties")
        self.nodes[place] = Object(tuple(names), free)
        return place

    def _shortest_of_all(self) -> list[bytes]:
        """Of each node a shortest text, by going round until nothing gets shorter; a node without one can never be ended."""
        best: list[bytes | None] = [None] * len(self.nodes)
        changed = True
        while changed:
            changed = False
            for i, node in enumerate(self.nodes):
                new = self._short(node, best)
                old = best[i]
                if new is not None and (old is None or len(new) < len(old)):
                    best[i], changed = new, True
        if best[self.root] is None:
            raise SchemaError("no finite JSON can follow this schema; something in it requires itself, or a range holds no number")
        # A part that can never be ended must never be begun; the choices that lead there are taken out of the graph.
        for i, node in enumerate(self.nodes):
            if isinstance(node, Choice):
                self.nodes[i] = Choice(tuple(j for j in node.nodes if best[j] is not None))
            elif isinstance(node, Object) and best[i] is not None:
                free = node.free if node.free is not None and best[node.free] is not None else None
                self.nodes[i] = Object(tuple(name for name in node.names if best[name[1]] is not None), free)
            elif isinstance(node, Array):
                first = next((k for k, j in enumerate(node.first) if best[j] is None), len(node.first))
                if first < len(node.first) or (node.rest is not None and best[node.rest] is None):
                    most = first if node.longest is None else min(first, node.longest)
                    self.nodes[i] = Array(node.first[:first], None, node.shortest, most)
        return [text if text is not None else b"" for text in best]

    def _short(self, node: Node, best: list[bytes | None]) -> bytes | None:
        if isinstance(node, Words):
            return min(node.texts, key=len)
        if isinstance(node, Text):
            _small(node.shortest)
            return b'"' + b"a" * node.shortest + b'"'
        if isinstance(node, Number):
            return _finish_number(node, "")
        if isinstance(node, Choice):
            known = [text for j in node.nodes if (text := best[j]) is not None]
            return min(known, key=len) if known else None
        parts: list[bytes | None]
        if isinstance(node, Array):
            _small(node.shortest)
            parts = [best[self._item(node, i)] for i in range(node.shortest)]
        else:
            parts = [None if best[j] is None else key + b": " + best[j] for key, j, must in node.names if must]  # type: ignore[operator]
        if None in parts:
            return None
        _small(sum(len(part) for part in parts if part is not None))
        inside = b", ".join(part for part in parts if part is not None)
        return b"[" + inside + b"]" if isinstance(node, Array) else b"{" + inside + b"}"

    @staticmethod
    def _item(node: Array, i: int) -> int:
        if i < len(node.first):
            return node.first[i]
        assert node.rest is not None
        return node.rest

    # Running: what a stack becomes when a byte is read.

    def read(self, state: State, byte: int) -> State:
        """The state after one byte; empty where the byte may not come."""
        key = (state, byte)
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) > 200_000:
                self._memo.clear()
            found = frozenset(after for stack in state for after in self._step(stack, byte))
            if len(found) > self._widest:
                raise SchemaError("the schema can be read in too many ways at once; make its alternatives differ in how they begin")
            self._memo[key] = found
        return found

    def ended(self, state: State) -> bool:
        """Whether what was read is a whole value."""
        return any(self._may_end(stack) for stack in state)

    def _may_end(self, stack: Stack) -> bool:
        while stack is not None:
            frame, stack = stack
            if frame[0] != "number" or not _is_number(self.nodes[frame[1]], frame[2]):
                return False
        return True

    def _step(self, stack: Stack, byte: int) -> Iterator[Stack]:
        if stack is None:
            return
        frame, rest = stack
        kind = frame[0]
        if kind == "words":
            _, data, at = frame
            if data[at] == byte:
                yield rest if at + 1 == len(data) else (("words", data, at + 1), rest)
        elif kind == "text":
            yield from _step_text(frame, rest, byte)
        elif kind == "number":
            _, i, text = frame
            node = self.nodes[i]
            longer = text + chr(byte)
            if byte in b"-0123456789." and _may_become(node, longer):
                yield (("number", i, longer), rest)
            if _is_number(node, text):
                yield from self._step(rest, byte)
        else:
            for before in self._open(frame, rest):
                yield from self._step(before, byte)

    def _open(self, frame: Frame, rest: Stack) -> Iterator[Stack]:
        """A frame that reads no byte itself, as the stacks that it stands for."""
        kind, i = frame[0], frame[1]
        node = self.nodes[i]
        if kind == "value":
            if isinstance(node, Choice):
                for j in node.nodes:
                    yield (("value", j), rest)
            elif isinstance(node, Words):
                for data in node.texts:
                    yield (("words", data, 0), rest)
            elif isinstance(node, Text):
                yield (("words", b'"', 0), (("text", 0, node.shortest, node.longest, ""), rest))
            elif isinstance(node, Number):
                yield (("number", i, ""), rest)
            elif isinstance(node, Array):
                yield (("words", b"[", 0), (("items", i, 0), rest))
            else:
                yield (("words", b"{", 0), (("members", i, 0, False), rest))
        elif kind == "items":
            assert isinstance(node, Array)
            count = frame[2]
            if count >= node.shortest:
                yield (("words", b"]", 0), rest)
            if node.longest is None or count < node.longest:
                counted = count + 1 if node.longest is not None else min(count + 1, max(node.shortest, len(node.first), 1))
                value: Stack = (("value", self._item(node, count)), (("items", i, counted), rest))
                yield (("words", b", ", 0), value) if count else value
        else:
            assert isinstance(node, Object)
            _, _, at, any_ = frame
            comma = b", " if any_ else b""
            for j in range(at, len(node.names)):
                key, value_node, must = node.names[j]
                yield (("words", comma + key + b": ", 0), (("value", value_node), (("members", i, j + 1, True), rest)))
                if must:
                    return
            if node.free is not None:
                more: Stack = (("words", b": ", 0), (("value", node.free), (("members", i, 0, True), rest)))
                yield (("words", comma + b'"', 0), (("text", 0, 0, None, ""), more))
            yield (("words", b"}", 0), rest)

    def closing(self, state: State) -> bytes:
        """A shortest text that makes a whole value of what was read."""
        return min((self._close(stack) for stack in state), key=len)

    def _close(self, stack: Stack) -> bytes:
        out = []
        while stack is not None:
            frame, stack = stack
            out.append(self._close_frame(frame))
        return b"".join(out)

    def _close_frame(self, frame: Frame) -> bytes:
        kind = frame[0]
        if kind == "words":
            spelled: bytes = frame[1]
            return spelled[frame[2] :]
        if kind == "text":
            _, count, low, _, inside = frame
            filling: bytes = b"a" * max(0, low - count - bool(inside))
            return _close_character(inside) + filling + b'"'
        node = self.nodes[frame[1]]
        if kind == "number":
            finished = _finish_number(node, frame[2])
            assert finished is not None
            return finished[len(frame[2]) :]
        if kind == "value":
            return self._shortest[frame[1]]
        if isinstance(node, Array):
            items = [self._shortest[self._item(node, i)] for i in range(frame[2], node.shortest)]
            return b"".join((b", " if frame[2] + i else b"") + item for i, item in enumerate(items)) + b"]"
        assert isinstance(node, Object)
        members = [key + b": " + self._shortest[j] for key, j, must in node.names[frame[2] :] if must]
        return b"".join((b", " if frame[3] or i else b"") + member for i, member in enumerate(members)) + b"}"


def _kinds(schema: Mapping[str, Any], where: str) -> list[str] | None:
    """The types that a schema names; None where it names none."""
    if "type" not in schema:
        return None
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if unknown := [kind for kind in kinds if not isinstance(kind, str) or kind not in _OF_TYPE]:
        name = unknown[0] if isinstance(unknown[0], str) else shown(unknown[0])
        raise SchemaError(f"{where}: there is no type '{name}'; there are {', '.join(_OF_TYPE)}")
    return list(dict.fromkeys(kinds))


def _narrowed(part: Any, kinds: list[str], where: str) -> Any:
    """A schema that must also be of one of these types."""
    if part is True:
        return {"type": kinds}
    if not isinstance(part, Mapping) or "$ref" in part or "allOf" in part:
        raise SchemaError(f"{where} stands beside a 'type', which cannot be enforced with it; take the 'type' out of the schema")
    own = _kinds(part, where)
    both = kinds if own is None else [kind for kind in own if kind in kinds or (kind == "integer" and "number" in kinds)]
    if own is not None and "number" in own and "integer" in kinds and "integer" not in both:
        both.append("integer")
    return {**part, "type": both}


def _is_of(value: Any, kinds: Iterable[str]) -> bool:
    names = {
        bool: ("boolean",),
        type(None): ("null",),
        str: ("string",),
        int: ("integer", "number"),
        float: ("number",),
        list: ("array",),
        dict: ("object",),
    }
    whole = isinstance(value, float) and value.is_integer()  # to JSON 1.0 is a whole number
    return bool({*names.get(type(value), ()), *(("integer",) if whole else ())} & set(kinds))


def _count(schema: Mapping[str, Any], name: str, where: str) -> int | None:
    value = schema.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise SchemaError(f"{where}: {name} is {shown(value)}; a count is wanted")
    return value


def _small(size: int) -> None:
    if size > LARGEST:
        raise SchemaError(f"the schema's smallest answer has more than {LARGEST:,} characters; ask for fewer or shorter parts")


def _ordered(low: int, high: int | None, where: str, what: str) -> None:
    if high is not None and low > high:
        raise SchemaError(f"{where}: min{what} is {low} but at most {high} are possible")


# Numbers are kept as written so far. No exponents: a range is then a matter of digits.


def _is_number(node: Any, text: str) -> bool:
    if not text or not text[-1].isdigit():
        return False
    value = Fraction(text)
    low = node.low is None or value > node.low or (value == node.low and not node.above)
    return low and (node.high is None or value < node.high or (value == node.high and not node.below))


def _may_become(node: Any, text: str) -> bool:
    """Whether a number in the range begins with this."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, point, fraction = digits.partition(".")
    if "-" in digits or "." in fraction or len(whole) > _DIGITS or len(fraction) > _DIGITS or (whole[:1] == "0" and len(whole) > 1):
        return False
    if point and (node.whole or not whole):
        return False
    if node.low is None and node.high is None:
        return True
    if _is_number(node, text):
        return True
    if not whole:
        spans = [(Fraction(0), Fraction(10) ** _DIGITS)]
    elif point:
        start = Fraction(f"{whole}.{fraction or 0}")
        spans = [(start, start + Fraction(1, 10 ** len(fraction)))] if len(fraction) < _DIGITS else []
    else:
        n = int(whole)
        more = 0 if n == 0 else _DIGITS - len(whole)
        spans = [(Fraction(n * 10**k), Fraction((n + 1) * 10**k)) for k in range(0 if not node.whole else 1, more + 1)]
    for start, stop in spans:  # numbers of a span: start <= |x| < stop
        low, high = (start, stop) if sign > 0 else (-stop, -start)
        if node.whole:  # the whole numbers of it, both ends included
            low, high = (low, high - 1) if sign > 0 else (low + 1, high)
        floor = low if node.low is None else max(low, node.low)
        ceiling = high if node.high is None else min(high, node.high)
        if node.whole:
            first, last = -((-floor) // 1), ceiling // 1
            first += node.above and first == node.low
            last -= node.below and last == node.high
            if first <= last:
                return True
        elif floor < ceiling or (floor == ceiling and start <= abs(floor) < stop and _is_number(node, _decimal(floor))):
            return True
    return False


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(abs(value), 1)
    digits = f"{whole}.{int(rest * 10**_DIGITS):0{_DIGITS}d}".rstrip("0").rstrip(".")
    return ("-" if value < 0 else "") + digits


def _finish_number(node: Any, text: str) -> bytes | None:
    """The shortest number in the range that begins so; by breadth, which is quick since every step may still end well."""
    layer = [text]
    for _ in range(2 * _DIGITS + 3):
        for known in layer:
            if _is_number(node, known):
                return known.encode()
        layer = [longer for known in layer for sign in "0123456789-." if _may_become(node, longer := known + sign)][:200]
    return None


# Strings: UTF-8 and escapes. `inside` says what a character that has begun still needs.

_TAILS = {  # first byte -> what must follow, as (low, high) of each byte
    **dict.fromkeys(range(0xC2, 0xE0), "a"), 0xE0: "ba", **dict.fromkeys([*range(0xE1, 0xED), 0xEE, 0xEF], "aa"), 0xED: "ca",
    0xF0: "daa", **dict.fromkeys(range(0xF1, 0xF4), "aaa"), 0xF4: "eaa",
}  # fmt: skip
_RANGES = {"a": (0x80, 0xBF), "b": (0xA0, 0xBF), "c": (0x80, 0x9F), "d": (0x90, 0xBF), "e": (0x80, 0x8F)}
_HEX = b"0123456789abcdefABCDEF"


def _step_text(frame: Frame, rest: Stack, byte: int) -> Iterator[Stack]:
    _, count, low, high, inside = frame
    if not inside:
        if byte == 0x22:
            if count >= low:
                yield rest
            return
        if byte < 0x20 or (high is not None and count >= high):
            return
        if byte == 0x5C:
            inside = "\\"
        elif byte >= 0x80:
            if byte not in _TAILS:
                return
            inside = _TAILS[byte]
    elif inside == "\\":
        if byte == 0x75:
            inside = "hhhh"
        elif byte in b'"\\/bfnrt':
            inside = ""
        else:
            return
    elif inside[0] in "hs":
        if byte not in _HEX:
            return
        if inside[0] == "s" and byte not in b"01234567":
            return
        # \ud8.. to \udf.. are halves of pairs: after a first digit d the second is at most 7.
        inside = "shh" if inside == "hhhh" and byte in b"dD" else inside[1:]
    else:
        first, last = _RANGES[inside[0]]
        if not first <= byte <= last:
            return
        inside = inside[1:]
    if not inside:
        count = count + 1 if high is not None else min(count + 1, low)
    yield (("text", count, low, high, inside), rest)


def _close_character(inside: str) -> bytes:
    if inside == "\\":
        return b"n"
    return b"".join(b"0" if kind in "hs" else bytes([_RANGES[kind][0]]) for kind in inside)


# Tokens.


class Vocabulary:
    """A tokenizer's tokens as two trees of bytes: those that are plain text inside a string, and the rest. Built once for a tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.size = tokenizer.size
        self.spelling = [tokenizer.bytes_of(i) for i in range(self.size)]
        self.id_of = {data: i for i, data in enumerate(self.spelling) if i >= FIRST_BYTE}
        self.plain: list[int] = []
        lengths = []
        rest = []
        for i in range(FIRST_BYTE, self.size):
            length = _plain_length(self.spelling[i])
            if length is None:
                rest.append(i)
            else:
                self.plain.append(i)
                lengths.append(length)
        self.plain_ids = np.array(self.plain, dtype=np.int64)
        self.plain_lengths = np.array(lengths, dtype=np.int64)
        self.rest = _tree(self.spelling, rest)
        self.all = _tree(self.spelling, range(FIRST_BYTE, self.size))
        self.masks: dict[tuple[int, Any], np.ndarray] = {}


def _plain_length(data: bytes) -> int | None:
    """Characters of a token that is whole characters, none of which means anything inside a JSON string."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if any(c < " " or c in '"\\' for c in text) else len(text)


def _tree(spelling: list[bytes], ids: Any) -> dict[Any, Any]:
    """byte -> branch; under -1 the token that ends here."""
    root: dict[Any, Any] = {}
    for i in ids:
        branch = root
        for byte in spelling[i]:
            branch = branch.setdefault(byte, {})
        branch[-1] = i
    return root


class Guide:
    """One reply's way through a schema."""

    def __init__(self, schema: Schema, vocabulary: Vocabulary) -> None:
        self.schema, self.vocabulary = schema, vocabulary
        self.state = schema.start

    @property
    def may_end(self) -> bool:
        return self.schema.ended(self.state)

    @property
    def must_end(self) -> bool:
        """Nothing more can come."""
        return self.may_end and not self.allowed().any()

    def allowed(self) -> np.ndarray:
        """Which tokens may come next: bool, (tokenizer's size)."""
        v, key = self.vocabulary, (id(self.schema), self.state)
        mask = v.masks.get(key)
        if mask is None:
            if len(v.masks) > 4096:
                v.masks.clear()
            mask = np.zeros(v.size, dtype=bool)
            # Inside a string nearly every token may come: those need no walk, only a count of characters.
            inside = [s for s in self.state if s is not None and s[0][0] == "text" and not s[0][4]]
            if inside and len(inside) == len(self.state):
                room = [s[0][3] - s[0][1] if s[0][3] is not None else None for s in inside]
                fits = np.ones(len(v.plain), dtype=bool) if None in room else v.plain_lengths <= max(n for n in room if n is not None)
                mask[v.plain_ids[fits]] = True
                self._walk(v.rest, self.state, mask)
            else:
                self._walk(v.all, self.state, mask)
            v.masks[key] = mask  # only a whole one: the walk may be refused
        return mask

    def _walk(self, tree: dict[Any, Any], state: State, mask: np.ndarray) -> None:
        for byte, branch in tree.items():
            if byte == -1:
                mask[branch] = True
            elif after := self.schema.read(state, byte):
                self._walk(branch, after, mask)

    def peek(self, token: int) -> State:
        state = self.state
        for byte in self.vocabulary.spelling[token]:
            state = self.schema.read(state, byte)
        return state

    def choose(self, token: int, room: int) -> int | None:
        """This token, if the value can still be ended with `room` tokens after it; else the next one of the shortest way to the end.

        None: the value is whole, and what the token begins could not be ended.
        """
        if token >= FIRST_BYTE and (after := self.peek(token)) and len(self.schema.closing(after)) <= room:
            return token
        closing = self.schema.closing(self.state)
        for n in range(len(closing), 0, -1):
            if (found := self.vocabulary.id_of.get(closing[:n])) is not None:
                return found
        return None

    def advance(self, token: int) -> None:
        self.state = self.peek(token)

    @property
    def smallest(self) -> int:
        """Tokens that are surely enough to end from here: one a byte."""
        return len(self.schema.closing(self.state))
