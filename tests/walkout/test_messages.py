"""The wire format: packing is exact and narrow, skeletons survive to the millimetre."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from madang.walkout import messages
from madang.walkout.messages import MISSING, Message, Plates

Values = np.ndarray[tuple[int, int], np.dtype[np.int32]]


def wire(values: Values) -> Plates:
    width, packed = messages.pack(values)
    rows, plates = values.shape
    return Plates(device="g", seq=0, t_us=0, gondola="1", rows=rows, plates=plates, values=packed, width=width)


@given(arrays.arrays(np.int32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_packing_gives_every_value_back(values: Values) -> None:
    message = wire(values)
    assert len(message.values) == messages.size_of(message)
    np.testing.assert_array_equal(messages.unpack(message), values)


@pytest.mark.parametrize(("step", "width"), [(127, 1), (-127, 1), (128, 2), (32767, 2), (40000, 4)])
def test_a_quiet_shelf_takes_a_byte_a_sample_and_a_lifted_bottle_two(step: int, width: int) -> None:
    values = np.array([[1_000_000, MISSING], [1_000_000 + step, MISSING]], np.int32)
    assert wire(values).width == width
    np.testing.assert_array_equal(messages.unpack(wire(values)), values)


@given(st.sampled_from(["msgpack", "json"]))
def test_a_message_reads_back_from_either_encoding(encoding: str) -> None:
    codec = getattr(msgspec, encoding)
    message = wire(np.arange(24, dtype=np.int32).reshape(12, 2))
    assert codec.decode(codec.encode(message), type=Message) == message


def test_a_skeleton_keeps_its_millimetres_and_what_is_unseen() -> None:
    joints = np.random.default_rng(1).normal(size=(8, 4)).round(3)
    joints[3] = np.nan
    np.testing.assert_allclose(messages.joints_of(messages.skeleton("t1", joints)), joints, atol=1e-9)
