"""Libraries and what they hand out."""

from __future__ import annotations

import pytest

from intercom.media import OpusError
from intercom.media.native import Handle, load


def test_a_missing_library_is_told_with_the_remedy() -> None:
    with pytest.raises(OpusError, match="apt install libnothing0"):
        load("libnothing.so.0", "libnothing0", OpusError)


def test_a_state_is_freed_once_and_not_used_afterwards() -> None:
    freed: list[int] = []
    handle = Handle(7, freed.append, OpusError)
    assert handle.state == 7
    handle.close()
    handle.close()
    assert freed == [7]
    with pytest.raises(OpusError, match="closed"):
        _ = handle.state


@pytest.mark.parametrize("nothing", [None, 0])
def test_no_state_is_an_error(nothing: int | None) -> None:
    with pytest.raises(OpusError, match="memory"):
        Handle(nothing, lambda state: None, OpusError)
