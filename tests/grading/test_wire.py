"""What crosses between checker and runner arrives as it was, and nothing else crosses."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import random

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelwright.grading.errors import WireError
from modelwright.grading.wire import Codec, advance_like


def codec() -> Codec:
    def refuse(x: object) -> object:
        raise WireError(f"{type(x).__name__} has no form")

    return Codec(refuse, refuse)


def there_and_back(x: object) -> object:
    return codec().unpack(codec().pack(x))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(plain)
def test_plain_values_come_back_with_their_exact_types(x: object) -> None:
    assert repr(there_and_back(x)) == repr(x)


@pytest.mark.parametrize(
    "x",
    [
        2**200, -(2**200), {1, 2}, frozenset({"a"}), slice(1, None, 2), range(3, 9, 2), ..., NotImplemented, int, float,
        fractions.Fraction(1, 3), decimal.Decimal("0.10"), datetime.date(2026, 1, 2), datetime.timedelta(days=2, seconds=3),
        collections.Counter("abca"), collections.deque([1, 2]), collections.OrderedDict(a=1), np.dtype("float32"), np.float32, torch.bfloat16,
        torch.Size([2, 3]),
    ],
    ids=repr,
)  # fmt: skip
def test_other_builtin_values_come_back(x: object) -> None:
    got = there_and_back(x)
    assert got == x
    assert type(got) is type(x)


@settings(max_examples=60)
@given(
    hnp.arrays(
        st.sampled_from(["?", "i1", "<i8", ">i4", "f2", "f4", "f8", "c16", "U3", "M8[s]"]),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
def test_arrays_keep_dtype_shape_and_bytes(x: np.ndarray) -> None:
    got = there_and_back(x)
    assert (got.dtype, got.shape, got.tobytes()) == (x.dtype, x.shape, x.tobytes())
    assert got.flags.writeable


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.int64, torch.bool, torch.complex64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_tensors_keep_dtype_shape_and_values(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    x = (torch.randn(shape) * 3).to(dtype)
    got = there_and_back(x)
    assert (got.dtype, got.shape) == (x.dtype, x.shape)
    assert torch.equal(got, x)


def test_a_transposed_array_arrives_transposed() -> None:
    """So that `.view` on the other side fails as it would here."""
    x = np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1)
    got = there_and_back(x)
    assert got.strides == x.strides
    t = torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1)
    assert there_and_back(t).stride() == t.stride()
    assert torch.equal(there_and_back(t), t)


def test_requires_grad_is_kept() -> None:
    assert there_and_back(torch.ones(2, requires_grad=True)).requires_grad
    assert not there_and_back(torch.ones(2)).requires_grad


def test_an_array_of_objects_and_a_numpy_scalar_come_back() -> None:
    x = np.array([[1, "a"], [None, (2, 3)]], dtype=object)
    assert there_and_back(x).tolist() == x.tolist()
    assert type(there_and_back(np.float32(0.5))) is np.float32


def test_a_named_tuple_comes_as_a_plain_tuple_with_names() -> None:
    point = collections.namedtuple("Point", "x y")(1, [2])
    got = there_and_back(point)
    assert isinstance(got, tuple)
    assert got == (1, [2])
    assert (got.x, got.y, repr(got)) == (1, [2], "Point(x=1, y=[2])")


def test_an_object_that_claims_to_be_an_array_is_not_taken_for_one() -> None:
    class Liar:
        __class__ = np.ndarray
        dtype, shape = np.dtype("f8"), (2,)

        def __array__(self, *args: object, **kwargs: object) -> np.ndarray:
            return np.zeros(2)

    with pytest.raises(WireError):
        codec().pack(Liar())
    with pytest.raises(WireError):
        codec().pack(np.zeros(2).view(type("Sub", (np.ndarray,), {})))


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_wire_error(data: bytes) -> None:
    try:
        codec().unpack(data)
    except WireError:
        pass


@settings(max_examples=300)
@given(code=st.integers(1, 40), payload=plain)
def test_any_extension_is_a_value_or_a_wire_error(code: int, payload: object) -> None:
    try:
        codec().unpack(msgpack.packb(msgpack.ExtType(code, codec().pack(payload))))
    except WireError:
        pass


@pytest.mark.parametrize("shape", [[10**12], [-1, -5], [2, 3]])
def test_an_array_whose_size_is_not_that_of_its_bytes_is_refused(shape: list[int]) -> None:
    forged = msgpack.packb(msgpack.ExtType(7, codec().pack(["<f8", shape, list(range(len(shape))), b"12345678"])))
    with pytest.raises(WireError):
        codec().unpack(forged)


@given(seed=st.integers(0, 10**6), draws=st.integers(0, 200))
def test_a_generator_moves_as_far_as_its_copy_was_drawn_from(seed: int, draws: int) -> None:
    ours, theirs = np.random.default_rng(seed), np.random.default_rng(seed)
    theirs.normal(size=draws)
    advance_like(ours, theirs.bit_generator.state)
    assert ours.random() == theirs.random()


def test_a_generator_cannot_be_set_to_a_state_of_the_learners_choice() -> None:
    ours, before = np.random.default_rng(1), np.random.default_rng(1)
    advance_like(ours, np.random.default_rng(2).bit_generator.state)
    behind = np.random.default_rng(1)
    behind.bit_generator.advance(2**128 - 5)
    advance_like(ours, behind.bit_generator.state)
    advance_like(ours, {"state": "nonsense"})
    assert ours.random() == before.random()


def test_one_generator_passed_twice_goes_on_where_it_was() -> None:
    there = codec()
    packed = codec().pack(random.Random(3))
    first, second = there.unpack(packed), there.unpack(packed)
    assert first is second
