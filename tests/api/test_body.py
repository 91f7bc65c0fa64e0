"""Taking in an answer's body: any cut, any compression, never more than the cap."""

import gzip
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.api.body import MAX_BODY, MAX_HEADERS, Body, BodyError, BodyTooLarge

GZIP = {"content-encoding": "gzip"}


def fed(headers: dict[str, str], data: bytes, cuts: list[int]) -> bytes:
    body = Body(headers)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(places):
        body.feed(data[start:end])
    return body.whole()


@given(st.binary(max_size=4000), st.lists(st.integers(0, 5000), max_size=20), st.booleans())
def test_however_it_is_cut_the_same_bytes_come_out(data: bytes, cuts: list[int], packed: bool) -> None:
    assert fed(GZIP if packed else {}, gzip.compress(data) if packed else data, cuts) == data


@given(st.binary(min_size=1, max_size=400), st.integers(1, 60), st.lists(st.integers(0, 500), max_size=5))
def test_a_compressed_answer_that_ends_early_is_no_answer(data: bytes, missing: int, cuts: list[int]) -> None:
    packed = gzip.compress(data)
    # All of the text may be there when only its checksum is missing; nobody knows that it is all, so it does not count.
    with pytest.raises(BodyError):
        fed(GZIP, packed[: max(1, len(packed) - missing)], cuts)


@given(st.binary(min_size=1, max_size=400))
def test_bytes_that_are_no_gzip_are_told(data: bytes) -> None:
    with pytest.raises(BodyError):
        fed(GZIP, b"\x00" + data, [])


@pytest.mark.parametrize("packed", [False, True])
def test_the_cap_holds_to_the_byte(packed: bool) -> None:
    headers, pack = (GZIP, gzip.compress) if packed else ({}, bytes)
    assert len(fed(headers, pack(b"x" * MAX_BODY), [])) == MAX_BODY
    with pytest.raises(BodyTooLarge, match="8 MiB"):
        fed(headers, pack(b"x" * (MAX_BODY + 1)), [])


def test_a_bomb_is_stopped_at_the_cap_however_small_it_is_on_the_wire() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b" " * 2**20) for _ in range(64)) + packer.flush()
    assert len(bomb) < 70_000
    body = Body(GZIP)
    with pytest.raises(BodyTooLarge):
        body.feed(bomb)
    assert body._size == sum(map(len, body._pieces)) == MAX_BODY + 1


def test_more_behind_the_end_and_other_compressions_are_refused() -> None:
    with pytest.raises(BodyError, match="after the end"):
        fed(GZIP, gzip.compress(b"{}") + b"more", [])
    with pytest.raises(BodyError, match="not asked for"):
        Body({"content-encoding": "br"})


def test_headers_have_a_cap_too() -> None:
    with pytest.raises(BodyTooLarge, match="headers"):
        Body({"x-much": "x" * MAX_HEADERS})
