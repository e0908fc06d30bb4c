"""The table of qualities."""

from __future__ import annotations

import pytest

from intercom.errors import CallingError
from intercom.media.quality import QUALITIES, Quality, quality


def test_names_and_overrides() -> None:
    assert quality("480p") == Quality("480p", 640, 480, 30, 1_000_000)
    assert quality("480p", bitrate=700_000, fps=20) == Quality("480p", 640, 480, 20, 700_000)
    assert quality("240p", fps=30).fps == QUALITIES["240p"].fps


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CallingError, match=r"'4k': choose one of 240p, 360p, 480p, 720p, 1080p"):
        quality("4k")
