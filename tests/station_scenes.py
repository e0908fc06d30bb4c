"""Scenes, sizes and pictures that several tests of the station's screen share."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np

from intercom.station.layout import Rect, Size
from intercom.station.scene import (
    Calling,
    Ended,
    Enroll,
    Fault,
    Idle,
    InCall,
    Message,
    Recording,
    RingingIn,
    Scene,
    Tile,
)

SIZES: list[Size] = [
    (480, 320),
    (800, 480),
    (1024, 600),
    (1280, 720),
    (1920, 1080),
    (480, 800),
]

DOOR = Tile("door", "Front door")
OTHERS = (
    DOOR,
    Tile("anna", "Anna", speaks=True),
    Tile("office", "Office", muted=True),
    Tile("nurse", "Nurse Li Wei", picture=False),
)
ODD = (
    Tile("door", "Front door", True, True, True, False, "Leave it at the door, please, thank you"),
    Tile("anna", "Anna", False, True, True, True, "I am coming"),
    Tile("office", "", False, False, False, False, "Wait"),
    Tile("nurse", "Dr. Anna-Maria Oberhuber-Wolkenstein-Trostburg", False, True),
)
SCENES: dict[str, Scene] = {
    "idle": Idle("Front door", "09:41", "Reception", "Opening hours: Monday to Friday, 8 to 18"),
    "idle_without_callee": Idle("Reception", "09:41", None, "2 missed calls"),
    "idle_without_hub": Idle("Front door", "09:41", "Reception", "", hub_ok=False),
    "idle_quiet": Idle("Kitchen", "09:41", "Door", quiet=True),
    "idle_missed": Idle("Kitchen", "09:41", None, "", missed=(("Front door", "09:12"),)),
    "idle_missed_many": Idle(
        "Kitchen",
        "09:41",
        "Front door",
        "The camera does not answer",
        missed=(("Front door", "09:12"), ("Grandmother", "11-22 18:40"), ("Office", "11-22 07:05")),
    ),
    "idle_message": Idle("Kitchen", "09:41", None, messages=(("Front door", "09:12"),)),
    "idle_messages": Idle(
        "Kitchen",
        "09:41",
        "Front door",
        missed=(("Office", "11-22 07:05"),),
        messages=(("Front door", "09:12"), ("Grandmother", "11-22 18:40")),
    ),
    "leave_wait": Recording("wait"),
    "leave_speak": Recording("speak", 58),
    "leave_sound": Recording("speak", 58, seen=False),
    "leave_send": Recording("send"),
    "leave_sent": Recording("sent"),
    "leave_failed": Recording("failed"),
    "message_load": Message("door", "Front door", "09:12", "load"),
    "message_play": Message("door", "Front door", "09:12", "play", 17, others=2),
    "message_over": Message("door", "Front door", "11-22 18:40", "over"),
    "message_gone": Message("door", "Front door", "09:12", "gone"),
    "message_failed": Message("door", "Front door", "09:12", "failed", others=1),
    "calling": Calling("Front door", "Reception", 3),
    "calling_ringing": Calling("Front door", "Reception", 7, ringing=True),
    "ringing": RingingIn("Front door", True, 23, user_id="door"),
    "ringing_sound_only": RingingIn("Front door", False, 23, user_id="door"),
    "ringing_auto": RingingIn("Front door", True, 23, auto_answer_in=5, user_id="door"),
    "in_call": InCall((DOOR,), 83),
    "in_call_muted": InCall((DOOR,), 83, muted=True),
    "in_call_camera_off": InCall((DOOR,), 83, camera_open=False),
    "in_call_peer_muted": InCall((replace(DOOR, muted=True),), 83),
    "in_call_peer_has_no_camera": InCall((replace(DOOR, picture=False),), 84),
    "in_call_reconnecting": InCall((replace(DOOR, reconnecting=True),), 83),
    "in_call_text": InCall((replace(DOOR, text="I am coming, please wait a moment"),), 83),
    "in_call_all": InCall(
        (Tile("door", "Front door", True, True, True, False, "Leave it at the door"),),
        3683,
        True,
        False,
        ("Anna",),
    ),
    "in_call_alone": InCall((), 12, invitees=("Anna", "Office")),
    "in_call_rings": InCall((DOOR,), 12, invitees=("Anna", "Office")),
    "audio": InCall((replace(DOOR, picture=False),), 83, camera_open=False, video=False),
    "audio_speaks": InCall(
        (replace(DOOR, picture=False, speaks=True),), 83, camera_open=False, video=False
    ),
    "asked": InCall((replace(DOOR, picture=False),), 83, video=False, asked=("Front door", 12)),
    "answers": InCall((DOOR,), 83, choosing=True),
    "grid_2": InCall(OTHERS[:2], 83),
    "grid_3": InCall(OTHERS[:3], 83, muted=True),
    "grid_4": InCall(OTHERS, 83, invitees=("Grandmother",)),
    "grid_all": InCall(ODD, 3683, True, False, ("Anna", "Grandmother")),
    "grid_audio": InCall(
        tuple(replace(tile, picture=False) for tile in OTHERS[:3]), 83, video=False
    ),
    "grid_asked": InCall(OTHERS[:3], 83, asked=("Office", 15)),
    "grid_answers": InCall(OTHERS[:3], 84, choosing=True),
    "ended_hangup": Ended("hangup", "Reception", 151),
    "ended_hangup_me": Ended("hangup", "Reception", 151, ended_by_me=True),
    "ended_busy": Ended("line_busy", "Reception", detail="Please try again in a few minutes"),
    "ended_error": Ended("error", "Reception", 5, detail="No microphone: arecord -l lists none"),
    "fault": Fault("The camera does not answer", "/dev/video0: busy", "Pull its plug, wait 5 s."),
    "fault_bare": Fault("The camera does not answer"),
    "enroll": Enroll("hub.local"),
    "enroll_typed": Enroll("door-hub.example.org:8443", "7S97-WC5M-XKE5-B7R3", "hub", "", True),
    "enroll_told": Enroll(
        "hub.local", "7S97-WC", said="the code has expired: make a new one with `intercom invite`"
    ),
}

ODD_NAMES = [
    "",
    "W" * 64,
    "Dr. Anna-Maria Oberhuber-Wolkenstein-Trostburg, Praxis im 2. Stock",
    "急诊室前台护士站张伟李娜王芳刘洋陈静杨帆赵磊黄敏周涛吴霞徐强孙丽",
    "🚪🔔 Tür 👩‍⚕️",
    "a\nb\tc\x00d\u200b\ud83d",
    "שלום عليكم नमस्ते",
    "{peer} %s </b>",
]


def apart(one: Rect, other: Rect) -> bool:
    """Whether two areas have no pixel in common."""
    return (
        one.right <= other.x
        or other.right <= one.x
        or one.bottom <= other.y
        or other.bottom <= one.y
    )


def named(scene: Scene, name: str) -> Scene:  # noqa: PLR0911 (one a scene)
    """The scene with every free text replaced by `name`."""
    match scene:
        case Idle(hub_ok=hub_ok, missed=missed):
            calls = tuple((name, name) for _ in missed)
            left = tuple((name, name) for _ in scene.messages)
            return Idle(name, name, name, name, hub_ok, scene.quiet, calls, left)
        case Recording():
            return replace(scene, seconds_left=120)
        case Message():
            return replace(scene, name=name, at="11-22 18:40", seconds_left=120)
        case Calling(seconds=seconds, ringing=ringing):
            return Calling(name, name, seconds, ringing)
        case RingingIn(video=video, auto_answer_in=auto):
            return RingingIn(name, video, 23, auto, scene.user_id)
        case InCall(asked=asked):
            tiles = tuple(replace(tile, name=name, text=name, muted=True) for tile in scene.tiles)
            asked = asked and (name, 15)
            invitees = (name, name) if scene.invitees else ()
            return replace(
                scene, tiles=tiles, seconds=99999, muted=True, asked=asked, invitees=invitees
            )
        case Ended(reason=reason, ended_by_me=by_me):
            return Ended(reason, name, 99999, by_me, name)
        case Fault():
            return Fault(name, name, name)
        case Enroll():
            return Enroll(name, name, "hub", name)


def frame(width: int = 640, height: int = 480, seed: int = 1) -> av.VideoFrame:
    """A yuv420p picture: a ramp from left to right with soft coloured stripes."""
    ramp = np.linspace(16 + 40 * seed, 235, width)
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    picture[:height] = ramp.astype(np.uint8)
    stripes = 128 + 30 * np.sin(np.arange(width // 2) / 20 * seed)
    picture[height:] = np.tile(stripes.astype(np.uint8), 2)  # a row holds two rows of chroma
    return av.VideoFrame.from_ndarray(picture, format="yuv420p")
