"""Sound cards by id."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw.alsa_cards import ids, is_id, nodes, present_name
from hw.base import DeviceError

CARDS = """\
 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi
                      vc4-hdmi
 2 [Device         ]: USB-Audio - USB Audio Device
                      C-Media USB Audio Device at usb-0000:01:00.0-1.3, full speed
11 [Device_1       ]: USB-Audio - USB Audio Device
                      C-Media USB Audio Device at usb-0000:01:00.0-1.4, full speed
"""


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """What the kernel says of three cards, two of them of one make."""
    path = tmp_path / "cards"
    path.write_text(CARDS)
    return path


def test_each_card_is_known_by_its_id(cards: Path) -> None:
    assert ids(cards) == {"vc4hdmi": 0, "Device": 2, "Device_1": 11}


def test_without_alsa_there_is_no_card(tmp_path: Path) -> None:
    assert ids(tmp_path / "cards") == {}


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("CARD=Device", "hw:2,"),
        ("CARD=Device,DEV=0", "hw:2,0)"),
        ("hw:CARD=Device_1,DEV=3", "hw:11,3)"),
        ("plughw:CARD=VC4HDMI,DEV=0", "hw:0,0)"),
        ("USB Audio", "USB Audio"),
        ("hw:2,0", "hw:2,0"),
        ("", ""),
    ],
)
def test_an_id_becomes_what_the_card_is_called_now(cards: Path, wanted: str, name: str) -> None:
    assert present_name("microphone", wanted, cards) == name


def test_a_card_that_is_gone_is_said_with_those_that_are_there(cards: Path) -> None:
    with pytest.raises(DeviceError, match=r"no sound card 'Door'.*'vc4hdmi', 'Device', 'Device_1'"):
        present_name("speaker", "CARD=Door", cards)


@pytest.mark.parametrize(
    ("wanted", "microphone", "speaker"),
    [
        ("CARD=Device", ["pcmC2D0c"], ["pcmC2D1p"]),
        ("CARD=Device,DEV=0", ["pcmC2D0c"], []),
        ("CARD=Device,DEV=1", [], ["pcmC2D1p"]),
        ("CARD=vc4hdmi", [], ["pcmC0D0p"]),
        ("CARD=Door", [], []),
        ("USB Audio", [], []),
    ],
)
def test_a_card_has_files_for_what_it_can_do(
    cards: Path, tmp_path: Path, wanted: str, microphone: list[str], speaker: list[str]
) -> None:
    for name in ("pcmC0D0p", "pcmC2D0c", "pcmC2D1p", "controlC11"):
        (tmp_path / name).touch()
    assert nodes("microphone", wanted, cards, tmp_path) == tuple(
        str(tmp_path / name) for name in microphone
    )
    assert nodes("speaker", wanted, cards, tmp_path) == tuple(
        str(tmp_path / name) for name in speaker
    )
    assert is_id(wanted) is wanted.startswith("CARD")
