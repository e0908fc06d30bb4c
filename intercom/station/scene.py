"""What the screen shows, as values, and what a touch of it means. Pure.

The station makes a new scene whenever something a person should see has changed; scenes compare
by value, so that a painter knows when it can paint from its caches.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from intercom.protocol import Reason
from intercom.station import layout, layout_enroll, tiles
from intercom.station.layout import Rect, Size

REASONS = frozenset(reason.value for reason in Reason)
"""Why a call can end: the `reason` of CALL_END."""

ANSWERS = ("1", "2", "3")
"""The ready-made answers, as they are called in the words file."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody calls. `callee` is whom the button calls (None: this station only answers); `missed`:
    who called in vain, and `messages`: who left one, the last one first, as (name, when)."""

    name: str
    clock: str
    callee: str | None = None
    notice: str = ""
    hub_ok: bool = True
    quiet: bool = False
    missed: tuple[tuple[str, str], ...] = ()
    messages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Calling:
    """We call; `ringing` once it rings over there; `seconds` since the button was pressed."""

    name: str
    callee: str
    seconds: int = 0
    ringing: bool = False


@dataclass(frozen=True, slots=True)
class RingingIn:
    """Somebody calls us; `video`: a picture is expected; times in seconds, None: never."""

    caller: str
    video: bool = True
    seconds_left: int = 0
    auto_answer_in: int | None = None
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """Another member of the call; `picture`: there is one, or will be; `speaks`: is marked;
    `text` is a ready-made answer or other message of it to show, or empty."""

    user_id: str
    name: str
    picture: bool = True
    muted: bool = False
    reconnecting: bool = False
    speaks: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class InCall:
    """People talk, to one or more others; `invitees` are still rung. `asked`: who wants video, and
    the seconds left to say yes or no; `choosing`: the ready-made answers are open."""

    tiles: tuple[Tile, ...]
    seconds: int = 0
    muted: bool = False
    camera_open: bool = True
    invitees: tuple[str, ...] = ()
    video: bool = True
    asked: tuple[str, int] | None = None
    choosing: bool = False

    @property
    def shown(self) -> tuple[Tile, ...]:
        """The others that there is room for."""
        return self.tiles[: tiles.MOST]

    @property
    def grid(self) -> bool:
        """Whether there is more than one other."""
        return len(self.tiles) > 1


@dataclass(frozen=True, slots=True)
class Ended:
    """A call is over: why, after how many seconds of talk, and whose doing.

    `ended_by_me` with `no_response` means that it rang here: a missed call. Raises ValueError for
    a reason that is not one of REASONS.
    """

    reason: str
    peer: str = ""
    seconds: int = 0
    ended_by_me: bool = False
    detail: str = ""

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason!r} is no reason for an end: {sorted(REASONS)}")


@dataclass(frozen=True, slots=True)
class Recording:
    """A visitor leaves a message. `step`: wait (for the tone), speak (`seconds_left`), send, sent
    or failed; `seen`: a picture is taken as well."""

    step: str
    seconds_left: int = 0
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """What a visitor has left: whose and when; `others` are to be played yet. `step`: load, play
    (`seconds_left`), over, gone or failed; its picture is that of `message_id`."""

    message_id: str
    name: str
    at: str
    step: str
    seconds_left: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is broken: what, the particulars, and what a person can do about it."""

    title: str
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Enroll:
    """This station belongs to no hub: where it is, and the code, are typed here. `field`: where
    keys go to, "hub" or "code"; `said`: how it stands; `complete`: there is enough to try it."""

    hub: str = ""
    code: str = ""
    field: str = "code"
    said: str = ""
    complete: bool = False


Scene = Idle | Calling | RingingIn | InCall | Ended | Recording | Message | Fault | Enroll


def buttons(scene: Scene, size: Size) -> dict[str, Rect]:  # noqa: PLR0911 (one a scene)
    """The areas of `scene` that can be touched on a screen of `size`, by the intent they mean."""
    match scene:
        case Idle(callee=callee):
            rest = layout.idle(size, callee is not None, bool(scene.missed or scene.messages))
            areas = {"call": rest.call, "play" if scene.messages else "dismiss": rest.missed}
            return {intent: area for intent, area in areas.items() if area is not None}
        case Calling():
            return {"hangup": layout.one_button(size).button}
        case Recording(step=step):
            return {} if step == "send" else {"hangup": layout.one_button(size).button}
        case Message():
            return dict(
                zip(("delete", "play", "dismiss"), layout.in_call(size).buttons, strict=True)
            )
        case RingingIn():
            return _yes_or_no(size)
        case InCall():
            return _of_call(scene, size)
        case Ended():
            return {"dismiss": layout.one_button(size).button}
        case Fault():
            return {}
        case Enroll():
            return _of_enroll(size)


def hit(scene: Scene, size: Size, x: int, y: int) -> str | None:
    """The intent that a touch at pixel (x, y) means, or None beside every button."""
    for intent, area in buttons(scene, size).items():
        if area.contains(x, y):
            return intent
    return None


def places(scene: Scene, size: Size) -> dict[str, Rect]:
    """Whose pictures `scene` shows, as far as there are any, and where."""
    whole = Rect(0, 0, *size)
    match scene:
        case RingingIn(user_id=user_id) | Message(message_id=user_id):
            return {user_id: whole}
        case InCall():
            grid = scene.grid
            areas = (
                tiles.grid(size, len(scene.shown)).tiles if grid else (whole,) * len(scene.tiles)
            )
            pairs = zip(scene.shown, areas, strict=True)
            return {tile.user_id: area for tile, area in pairs if tile.picture}
        case _:
            return {}


def gist(scene: Scene | None) -> Hashable:
    """What of `scene` is another screen to a person, with other things to touch: not the time."""
    match scene:
        case Idle():
            return Idle, scene.quiet, scene.missed, scene.messages
        case Calling(callee=callee):
            return Calling, callee
        case Recording(step=step):  # the camera opens during the first one
            return Recording, step
        case Message(message_id=message_id, step=step):
            return Message, message_id, step
        case InCall():
            who = tuple((tile.user_id, tile.reconnecting) for tile in scene.tiles)
            asked = scene.asked and scene.asked[0]
            return InCall, who, scene.invitees, scene.video, asked, scene.choosing
        case _:
            return str(type(scene))


def _yes_or_no(size: Size) -> dict[str, Rect]:
    row = layout.ringing(size)
    return {"accept": row.left, "hangup": row.right}


def _of_enroll(size: Size) -> dict[str, Rect]:
    places = layout_enroll.enroll(size)
    keys = {f"key.{key}": area for key, area in places.keys.items()}
    return keys | {"field.hub": places.hub, "field.code": places.code, "enroll": places.go}


def _of_call(scene: InCall, size: Size) -> dict[str, Rect]:
    if scene.asked is not None:
        return _yes_or_no(size)
    if scene.choosing:
        meant = [*(f"say.{key}" for key in ANSWERS), "back"]
        return dict(zip(meant, layout.choices(size, len(ANSWERS)), strict=True))
    count = len(scene.shown)
    row = tiles.grid(size, count).buttons if scene.grid else layout.in_call(size).buttons
    return dict(zip(("mute", "answers", "hangup"), row, strict=True))
