"""Text to tokens and back: byte-level byte-pair encoding, trained and run by the `tokenizers` library.

It is not a normaliser: every byte comes back as it was. `bpe_reference.py` beside it does the same in plain Python, and the tests hold the
two equal. The rules, all stated here:

- Text is cut into pieces by `PATTERN` before pairs are merged, so that no token joins a word to a digit or to punctuation. Everything
  beyond ASCII counts as a letter: the pattern then means the same in every regex engine and every version of Unicode.
- Digits stand alone: a small model learns sums from single digits more easily than from arbitrary groups.
- The pair merged next is the most frequent; of equals, the one with the smaller ids (left first). It must occur twice.
- Bytes that are not UTF-8 become one token each, and cut the text where they stand.
- Ids 0 to 15 are special and are never produced by encoding text, whatever it says. Then come the 256 bytes, then the merges in order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.forge.errors import ConfigError, DataError

if TYPE_CHECKING:
    import tokenizers

PATTERN = (
    r"'(?:[sdmt]|ll|ve|re)"  # it's, we'll
    r"| ?(?:[A-Za-z]|[^\x00-\x7f])+"  # a word with the space before it
    r"|[0-9]"
    r"| ?[\x00-\x08\x0e-\x1f!-/:-@\[-`{-\x7f]+"  # other ASCII
    r"|[ \t-\r]+(?![^ \t-\r])|[ \t-\r]+"  # white space, but for the one space that belongs to the next word
)

SPECIALS = (
    "<|pad|>", "<|start|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|turn|>", "<|think|>", "<|/think|>",
    "<|call|>", "<|/call|>", "<|result|>", "<|/result|>", "<|reserved13|>", "<|reserved14|>", "<|reserved15|>",
)  # fmt: skip
PAD, START, END, SYSTEM, USER, ASSISTANT, TURN, THINK, END_THINK = range(9)
"""Grok-1 too pads with 0 and ends with 2. TURN closes what one speaker says; END closes a document."""

FIRST_BYTE = len(SPECIALS)
FIRST_MERGE = FIRST_BYTE + 256


def byte_characters() -> list[str]:
    """GPT-2's printable stand-in for each byte: the byte's own character where it prints, else the next from U+0100 on."""
    prints = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in prints]
    return [chr(byte) if byte in prints else chr(256 + rest.index(byte)) for byte in range(256)]


def byte_order() -> list[int]:
    """The bytes in the order of their ids, which is that of their stand-ins."""
    characters = byte_characters()
    return sorted(range(256), key=characters.__getitem__)


def utf8_runs(data: bytes) -> Iterator[tuple[str | None, bytes]]:
    """Cut bytes into (text, its bytes) where they are UTF-8 and (None, one byte) where they are not."""
    # The decoder marks each byte that is not UTF-8 with a lone surrogate, which UTF-8 itself can never hold.
    for run in re.split("([\udc80-\udcff])", data.decode("utf-8", "surrogateescape")):
        if run:
            stray = "\udc80" <= run <= "\udcff" and len(run) == 1
            yield None if stray else run, run.encode("utf-8", "surrogateescape")


class Tokenizer:
    """`encode` takes text or bytes from anyone; special tokens are only ever added by id."""

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        inner.encode_special_tokens = True  # "<|end|>" in a text is text
        self.inner = inner
        characters = byte_characters()
        byte_of = {character: byte for byte, character in enumerate(characters)}
        vocabulary = inner.get_vocab(with_added_tokens=True)
        self.size = max(vocabulary.values()) + 1
        self._bytes: list[bytes] = [b""] * self.size
        for token, i in vocabulary.items():
            if i >= FIRST_BYTE:
                self._bytes[i] = bytes(byte_of[character] for character in token)
        self._id_of_byte = [vocabulary[characters[byte]] for byte in range(256)]
        self._names = {name: i for i, name in enumerate(SPECIALS)}

    # Making one.

    @classmethod
    def train(cls, texts: Iterable[str], size: int, progress: bool = False) -> Tokenizer:
        """Learn merges from texts until there are `size` tokens (or no pair occurs twice)."""
        import tokenizers
        from tokenizers import models, trainers

        if size < FIRST_MERGE:
            raise ConfigError(f"a vocabulary of {size} is too small: {FIRST_BYTE} special tokens and 256 bytes already make {FIRST_MERGE}")
        inner = tokenizers.Tokenizer(models.BPE())
        _dress(inner)
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            special_tokens=list(SPECIALS),
            initial_alphabet=byte_characters(),
            show_progress=progress,
        )
        inner.train_from_iterator(texts, trainer)
        return cls(inner)

    @classmethod
    def from_merges(cls, merges: Sequence[tuple[bytes, bytes]]) -> Tokenizer:
        """From merges in order, such as the reference's or a learner's."""
        import tokenizers
        from tokenizers import models

        characters = byte_characters()

        def spell(token: bytes) -> str:
            return "".join(characters[byte] for byte in token)

        vocabulary = {name: i for i, name in enumerate(SPECIALS)}
        for byte in byte_order():
            vocabulary[characters[byte]] = len(vocabulary)
        pairs = []
        for left, right in merges:
            pairs.append((spell(left), spell(right)))
            vocabulary.setdefault(spell(left + right), len(vocabulary))
        try:
            inner = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
        except Exception as error:
            raise ConfigError(f"these merges do not follow from each other: {error}") from error
        _dress(inner)
        inner.add_special_tokens([tokenizers.AddedToken(name, special=True, normalized=False) for name in SPECIALS])
        return cls(inner)

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """From a tokenizer.json, or a folder that holds one."""
        import tokenizers

        file = path / "tokenizer.json" if path.is_dir() else path
        try:
            inner = tokenizers.Tokenizer.from_str(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"there is no tokenizer at {file}; train one with `modelwright forge tokenizer`") from None
        except Exception as error:
            raise DataError(f"{file} is not a tokenizer that this version can read: {error}") from error
        if [inner.id_to_token(i) for i in range(len(SPECIALS))] != list(SPECIALS):
            raise DataError(f"{file} was not made by the forge: its first {len(SPECIALS)} tokens are not the special tokens")
        try:
            return cls(inner)
        except KeyError as error:
            raise DataError(f"{file} was not made by the forge: it has no token for {error}") from None

    def save(self, folder: Path) -> Path:
        """Write tokenizer.json, which `tokenizers` and `transformers` read."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "tokenizer.json"
        file.write_text(self.to_json(), encoding="utf-8")
        return file

    def to_json(self) -> str:
        return self.inner.to_str(pretty=False)

    # Using one.

    def encode(self, text: str | bytes) -> list[int]:
        """Ids of the text's bytes; never a special token."""
        if isinstance(text, str):
            try:
                return self.inner.encode(text, add_special_tokens=False).ids
            except (UnicodeEncodeError, TypeError):  # half of a surrogate pair
                text = text.encode("utf-8", "surrogatepass")
        ids: list[int] = []
        for run, data in utf8_runs(text):
            ids += [self._id_of_byte[data[0]]] if run is None else self.inner.encode(run, add_special_tokens=False).ids
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Many texts, on all cores."""
        return [encoding.ids for encoding in self.inner.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The exact bytes; special tokens are nothing."""
        return b"".join(self._bytes[i] for i in ids)

    def decode(self, ids: Iterable[int], specials: bool = False) -> str:
        """Text; bytes that are not UTF-8 show as U+FFFD. With `specials`, special tokens show by name."""
        if specials:
            return b"".join(SPECIALS[i].encode() if i < FIRST_BYTE else self._bytes[i] for i in ids).decode(errors="replace")
        return self.decode_bytes(ids).decode(errors="replace")

    def bytes_of(self, token: int) -> bytes:
        return self._bytes[token]

    def special(self, name: str) -> int:
        """The id of a special token by its name, such as "<|end|>"."""
        try:
            return self._names[name]
        except KeyError:
            raise ConfigError(f"there is no special token {name}; there are {', '.join(SPECIALS)}") from None

    @property
    def merges(self) -> list[tuple[bytes, bytes]]:
        """Pairs in the order in which they were learned."""
        characters = byte_characters()
        byte_of = {character: byte for byte, character in enumerate(characters)}
        pairs = json.loads(self.to_json())["model"]["merges"]

        def unspell(token: str) -> bytes:
            return bytes(byte_of[character] for character in token)

        return [(unspell(left), unspell(right)) for left, right in (pair.split(" ") if isinstance(pair, str) else pair for pair in pairs)]


def _dress(inner: tokenizers.Tokenizer) -> None:
    """The same cutting and spelling for training, encoding and decoding."""
    import tokenizers
    from tokenizers import decoders, pre_tokenizers

    cut = pre_tokenizers.Split(tokenizers.Regex(PATTERN), behavior="isolated")
    inner.pre_tokenizer = pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    inner.decoder = decoders.ByteLevel()


def pieces(text: str) -> list[str]:
    """What `PATTERN` cuts a text into; together they are the text."""
    return re.findall(PATTERN, text)
