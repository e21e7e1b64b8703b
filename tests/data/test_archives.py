"""Archives against Python's own gzip module, and in bounded time; paths that do not lead to a file."""

import gzip
import time

import pytest
from corpus import LARGE, SIZE, reviews, written
from hypothesis import given
from hypothesis import strategies as st

from forgetting.core.errors import DataError
from forgetting.data.archives import GZIP_PIECE, read_source, unpack

EXPANSIONS = 10  # times the processor time in which a harmless archive expands to as many bytes

parts = st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 9), st.sampled_from([0, 1, 8, GZIP_PIECE])))


@given(st.binary(max_size=300), parts)
def test_gzip_members_are_expanded_as_by_the_gzip_module(first, parts):
    data = gzip.compress(b"text" + first)
    data += b"".join(gzip.compress(part, level) + bytes(padding) for part, level, padding in parts)
    assert unpack(data) == gzip.decompress(data)


@pytest.mark.parametrize("size", [GZIP_PIECE - 9, GZIP_PIECE, 3 * GZIP_PIECE + 1])
def test_a_gzip_file_of_several_pieces_is_expanded_and_refused_at_each_cut_near_their_ends(size):
    whole = b"text" + bytes(range(256)) * (size // 256)
    data = gzip.compress(whole, 0)
    assert unpack(data * 2) == whole * 2
    for cut in {*range(2, 30), *range(GZIP_PIECE - 20, min(GZIP_PIECE + 20, len(data))), len(data) - 1}:
        with pytest.raises(DataError, match="gzip file must be whole"):
            unpack(data[:cut])


def seconds(function, *arguments) -> float:
    began = time.process_time()
    function(*arguments)
    return time.process_time() - began


@pytest.fixture(scope="module")
def plainly() -> float:
    """Seconds of processor time in which 99 MB of reviews are expanded."""
    return seconds(unpack, gzip.compress((written(reviews(1_000)).encode() * (SIZE // 45_000))[:SIZE], 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LARGE if name.startswith(("gzip", "zip"))])
def test_an_archive_is_accepted_or_refused_quickly(name, plainly):
    def accept_or_refuse(data):
        try:
            unpack(data)
        except DataError as error:
            assert LARGE[name].refused, str(error)  # noqa: PT017 -- refused or not, as the corpus says

    assert seconds(accept_or_refuse, LARGE[name].make()) < EXPANSIONS * plainly


@pytest.mark.parametrize("path", ["a" * 5_000, "b/" * 3_000])
def test_a_path_that_is_too_long_is_refused_like_one_that_does_not_exist(path):
    with pytest.raises(DataError, match=r"A path must lead to a file .*name too long.* Check the path") as caught:
        read_source(path)
    assert len(str(caught.value)) < 400
