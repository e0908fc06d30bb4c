"""Which device a name means, as a table."""

from __future__ import annotations

import pytest

from hw import DeviceError
from hw.choose import choose

THERE = [("1", "HD Camera"), ("2", "HD"), ("3", "Logi\u00c9 C270")]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [("HD", 1), ("hd", 1), ("hd cam", 0), ("2", 1), ("c270", 2), ("LOGI\u00e9", 2), ("C", 0)],
)
def test_an_exact_name_goes_before_a_part_of_one(wanted: str, number: int) -> None:
    assert choose("camera", wanted, THERE, lambda names: names) is THERE[number]


def test_the_error_names_what_there_is_once() -> None:
    twice = [*THERE, ("9", "HD")]
    with pytest.raises(
        DeviceError, match="no speaker 'x': there are 'HD Camera', 'HD', 'Logi"
    ) as e:
        choose("speaker", "x", twice, lambda names: names)
    assert str(e.value).count("'HD'") == 1
    assert e.value.kind == "speaker"
