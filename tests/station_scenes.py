"""Scenes, sizes and pictures that several tests of the station's screen share."""

from __future__ import annotations

import av
import numpy as np

from intercom.station.layout import Size
from intercom.station.scene import Calling, Ended, Fault, Idle, InCall, RingingIn, Scene

SIZES: list[Size] = [
    (480, 320),
    (800, 480),
    (1024, 600),
    (1280, 720),
    (1920, 1080),
    (480, 800),
]

SCENES: dict[str, Scene] = {
    "idle": Idle("Front door", "09:41", "Reception", "Opening hours: Monday to Friday, 8 to 18"),
    "idle_without_callee": Idle("Reception", "09:41", None, "2 missed calls"),
    "idle_without_hub": Idle("Front door", "09:41", "Reception", "", hub_ok=False),
    "calling": Calling("Front door", "Reception", 3),
    "calling_ringing": Calling("Front door", "Reception", 7, ringing=True),
    "ringing": RingingIn("Front door", True, 23),
    "ringing_sound_only": RingingIn("Front door", False, 23),
    "ringing_auto": RingingIn("Front door", True, 23, auto_answer_in=5),
    "in_call": InCall("Front door", 83),
    "in_call_muted": InCall("Front door", 83, muted=True),
    "in_call_camera_off": InCall("Front door", 83, camera_open=False),
    "in_call_peer_muted": InCall("Front door", 83, peer_muted=True),
    "in_call_reconnecting": InCall("Front door", 83, reconnecting=True),
    "in_call_text": InCall("Front door", 83, text="I am coming, please wait a moment"),
    "in_call_all": InCall("Front door", 3683, True, False, True, True, "Leave it at the door"),
    "ended_hangup": Ended("hangup", "Reception", 151),
    "ended_hangup_me": Ended("hangup", "Reception", 151, ended_by_me=True),
    "ended_busy": Ended("line_busy", "Reception", detail="Please try again in a few minutes"),
    "ended_error": Ended("error", "Reception", 5, detail="No microphone: arecord -l lists none"),
    "fault": Fault("The camera does not answer", "/dev/video0: busy", "Pull its plug, wait 5 s."),
    "fault_bare": Fault("The camera does not answer"),
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


def named(scene: Scene, name: str) -> Scene:
    """The scene with every free text replaced by `name`."""
    match scene:
        case Idle(hub_ok=hub_ok):
            return Idle(name, name, name, name, hub_ok)
        case Calling(seconds=seconds, ringing=ringing):
            return Calling(name, name, seconds, ringing)
        case RingingIn(video=video, auto_answer_in=auto):
            return RingingIn(name, video, 23, auto)
        case InCall():
            return InCall(name, 99999, True, True, scene.reconnecting, True, name)
        case Ended(reason=reason, ended_by_me=by_me):
            return Ended(reason, name, 99999, by_me, name)
        case Fault():
            return Fault(name, name, name)


def frame(width: int = 640, height: int = 480, seed: int = 1) -> av.VideoFrame:
    """A yuv420p picture: a ramp from left to right with soft coloured stripes."""
    ramp = np.linspace(16 + 40 * seed, 235, width)
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    picture[:height] = ramp.astype(np.uint8)
    stripes = 128 + 30 * np.sin(np.arange(width // 2) / 20 * seed)
    picture[height:] = np.tile(stripes.astype(np.uint8), 2)  # a row holds two rows of chroma
    return av.VideoFrame.from_ndarray(picture, format="yuv420p")
