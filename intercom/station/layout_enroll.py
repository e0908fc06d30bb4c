"""Where things lie on the screen on which a station is enrolled: two fields and a keyboard."""

from __future__ import annotations

from typing import NamedTuple

from intercom.station.entry import BACK, KEYS
from intercom.station.layout import Rect, Size, portrait, px

_TALL = 64


class EnrollLayout(NamedTuple):
    """The fields, the button that does it, what is said of it, and the keys by name."""

    hub: Rect
    code: Rect
    go: Rect
    said: Rect
    keys: dict[str, Rect]


def enroll(size: Size) -> EnrollLayout:
    """Lay it out; on an upright screen the fields lie one above the other."""
    edge, gap, tall = px(size, 12), px(size, 6), px(size, _TALL)
    wide = size[0] - 2 * edge
    if portrait(size):
        hub, code, go = (
            Rect(edge, edge + number * (tall + gap), wide, tall) for number in range(3)
        )
    else:
        parts = wide * 40 // 100, wide * 42 // 100
        hub = Rect(edge, edge, parts[0] - gap, tall)
        code = Rect(edge + parts[0], edge, parts[1] - gap, tall)
        go = Rect(edge + sum(parts), edge, wide - sum(parts), tall)
    rows = min(px(size, 70), (size[1] - go.bottom - edge) // (len(KEYS) + 1))
    keys = _keys(Rect(edge, size[1] - edge - len(KEYS) * rows + gap, wide, rows), gap)
    top = min(key.y for key in keys.values())
    return EnrollLayout(
        hub, code, go, Rect(edge, go.bottom + gap, wide, top - go.bottom - 2 * gap), keys
    )


def _keys(row: Rect, gap: int) -> dict[str, Rect]:
    """The keys below `row`'s top; `row` is as wide as all of them, and as high as one with gap."""
    keys: dict[str, Rect] = {}
    columns = max(map(len, KEYS))
    for line, symbols in enumerate((*KEYS[:-1], (*KEYS[-1], BACK))):
        for column, key in enumerate(symbols):
            left = row.x + row.w * column // columns
            right = row.x + row.w * (column + 1) // columns
            keys[key] = Rect(left, row.y + line * row.h, right - left - gap, row.h - gap)
    return keys
