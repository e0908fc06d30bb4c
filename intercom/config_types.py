"""The settings: one frozen struct a section, with its limits and its defaults. PURE.

The defaults are what a Raspberry Pi with real hardware wants. The files in `config/` are the
manual: each key with its default and what it is for. A test holds both equal.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from intercom.protocol import RING_MAX


class Secret(str):
    """Text that masks itself wherever it is printed; `reveal()` gives the real one."""

    __slots__ = ()

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return str.__str__(self)

    def __str__(self) -> str:
        return "***" if self else ""

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


_ID = "letters, digits, - and _, at most 64"

UserId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$", description=_ID)]
NoneOrId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$", description=_ID)]
Callee = Annotated[
    str,
    Meta(
        pattern=r"^((group:)?[A-Za-z0-9_-]{1,64})?$",
        description=f'a user id, or a group\'s like "group:family" ({_ID})',
    ),
]
IdOrAll = Annotated[
    str, Meta(pattern=r"^(\*|[A-Za-z0-9_-]{1,64})$", description='a user id or "*" for everybody')
]
Url = Annotated[
    str,
    Meta(pattern=r"^(wss?://[^/\s?#@]+(/\S*)?)?$", description='like "wss://hub.local:8443"'),
]
Pin = Annotated[
    str,
    Meta(
        pattern=r"^(([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2})?$",
        description="a SHA-256 fingerprint, 64 hexadecimal digits",
    ),
]
HostPort = Annotated[
    str,
    Meta(pattern=r"^(\S+:[0-9]{1,5})?$", description='an address like "127.0.0.1:9464"'),
]
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
TimeOfDay = Annotated[str, Meta(pattern=f"^({_TIME})?$", description='a time of day like "22:30"')]
Hours = Annotated[
    str, Meta(pattern=f"^({_TIME}-{_TIME})?$", description='hours of the day like "08:00-18:00"')
]
Gpio = Annotated[int, Meta(ge=-1, le=27)]
Text = Annotated[str, Meta(max_length=200)]
RingSeconds = Annotated[int, Meta(ge=1, le=RING_MAX)]

HostName = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)?$",
        description="a machine's name: letters, digits and -, at most 63",
    ),
]
TimeZone = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3})?$",
        description='a time zone like "Europe/Berlin"',
    ),
]
UdpPorts = Annotated[
    str, Meta(pattern=r"^([0-9]{1,5}-[0-9]{1,5})?$", description='a range like "50000-50100"')
]

Language = Literal["en", "zh"]  # those that station/words/ has a file for
CallTypeName = Literal["video", "audio"]
AnswerKind = Literal["off", "normal", "announce", "consult"]
GroupMode = Literal["first_answer", "conference"]
PressInCall = Literal["nothing", "hangup", "mute"]
Consent = Literal["ask", "allow", "deny"]
QualityName = Literal["240p", "360p", "480p", "720p", "1080p"]
CameraDriver = Literal["picamera2", "v4l2", "simulated", "none"]
SoundDriver = Literal["pyaudio", "simulated", "none"]
EchoMode = Literal["off", "aec3", "full_duplex"]
PanelDriver = Literal["gpiozero", "simulated", "none"]
ScreenDriver = Literal["kmsdrm", "window", "dummy", "none"]
LogLevel = Literal["debug", "info", "warning", "error"]


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections have in common: immutable, by keyword, strict."""


class StationConfig(_Section, frozen=True, kw_only=True):
    """Who this station is."""

    name: Text = "Intercom"
    user: NoneOrId = ""
    token: Secret = Secret("")
    token_file: str = ""
    key_file: str = "/var/lib/intercom/device.key"
    control: str = ""
    metrics: HostPort = ""
    hostname: HostName = ""
    timezone: TimeZone = ""
    language: Language = "en"


class UserConfig(_Section, frozen=True, kw_only=True):
    """One user of the hub: what others see, and what it may do."""

    name: Text = ""
    may_call: tuple[IdOrAll, ...] = ("*",)
    open_door: bool = False
    multi_device: bool = False


class GroupConfig(_Section, frozen=True, kw_only=True):
    """Users who are rung together: a door bell's family, or a conference."""

    name: Text = ""
    members: tuple[UserId, ...] = ()
    mode: GroupMode = "first_answer"


class IceServer(_Section, frozen=True, kw_only=True):
    """One STUN or TURN server, as in the W3C's RTCIceServer.

    With `secret` (coturn's static-auth-secret) the hub makes username and credential by itself.
    """

    urls: tuple[str, ...]
    username: str = ""
    credential: Secret = Secret("")
    secret: Secret = Secret("")


class HubConfig(_Section, frozen=True, kw_only=True):
    """How to reach the hub, or how to be one."""

    url: Url = ""
    embedded: bool = False
    listen: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8443
    tls_cert: str = ""
    tls_key: str = ""
    tls_pin: Pin = ""
    insecure: bool = False
    state_dir: str = "/var/lib/intercom"
    ring_max: RingSeconds = RING_MAX
    door_seconds: Annotated[float, Meta(ge=0.1, le=30)] = 3.0
    group_max: Annotated[int, Meta(ge=2, le=4)] = 4
    records_days: Annotated[int, Meta(ge=1, le=3650)] = 365
    messages_mb: Annotated[int, Meta(ge=0, le=100_000)] = 200
    origins: tuple[str, ...] = ()
    ice_servers: tuple[IceServer, ...] = ()
    users: dict[UserId, UserConfig] = msgspec.field(default_factory=dict)
    groups: dict[UserId, GroupConfig] = msgspec.field(default_factory=dict)


class PlanStep(_Section, frozen=True, kw_only=True):
    """One step of a dial plan: whom to ring for how long, or the visitor's message at the end."""

    ring: Callee = ""
    seconds: RingSeconds = 30
    hours: Hours = ""
    message: bool = False


class CallConfig(_Section, frozen=True, kw_only=True):
    """The calls that this station makes, and how its calls go. Times in seconds."""

    callee: Callee = ""
    second_callee: Callee = ""
    plan: Annotated[tuple[PlanStep, ...], Meta(max_length=8)] = ()
    type: CallTypeName = "video"
    timeout: RingSeconds = 30
    early_media: bool = False
    ended_seconds: Annotated[float, Meta(ge=0, le=60)] = 4.0
    max_minutes: Annotated[int, Meta(ge=0, le=1440)] = 30
    switch_to_video: Consent = "ask"
    press_in_call: PressInCall = "nothing"


class AnswerConfig(_Section, frozen=True, kw_only=True):
    """Calls answered by nobody's hand, and calls that shall not ring."""

    kind: AnswerKind = "off"
    allow: tuple[UserId, ...] = ()
    seconds: Annotated[float, Meta(ge=0, le=60)] = 3.0
    muted: bool = False
    quiet_from: TimeOfDay = ""
    quiet_to: TimeOfDay = ""
    do_not_disturb: bool = False
    dnd_from: TimeOfDay = ""
    dnd_to: TimeOfDay = ""
    dnd_allow: tuple[UserId, ...] = ()


class CameraConfig(_Section, frozen=True, kw_only=True):
    """The camera; a bitrate of 0 takes the one of the quality, `hot_from` is degrees Celsius."""

    driver: CameraDriver = "picamera2"
    device: str = ""
    quality: QualityName = "480p"
    fps: Annotated[int, Meta(ge=1, le=60)] = 30
    bitrate: Annotated[int, Meta(ge=0, le=20_000_000)] = 0
    hot_from: Annotated[int, Meta(ge=0, le=85)] = 75
    clip: str = ""
    time_code: bool = False


class SoundConfig(_Section, frozen=True, kw_only=True):
    """Microphone and speaker, by name: the numbers of ALSA cards move."""

    driver: SoundDriver = "pyaudio"
    microphone: str = ""
    speaker: str = ""
    period_ms: Annotated[int, Meta(ge=5, le=60)] = 10
    echo: EchoMode = "full_duplex"
    noise_suppression: bool = True
    gain: bool = True
    speech: str = ""
    record: str = ""


class PanelConfig(_Section, frozen=True, kw_only=True):
    """Buttons and lamp: BCM numbers, -1 where nothing is wired. Times in seconds."""

    driver: PanelDriver = "gpiozero"
    call: Gpio = 17
    accept: Gpio = 27
    hangup: Gpio = 22
    mute: Gpio = 23
    lamp: Gpio = 24
    pull_up: bool = True
    bounce: Annotated[float, Meta(ge=0, le=1)] = 0.05
    hold: Annotated[float, Meta(ge=0.2, le=10)] = 1.0
    lamp_active_high: bool = True


class ScreenConfig(_Section, frozen=True, kw_only=True):
    """The screen, in pixels and seconds; `screenshots` is a folder for pictures of it.

    `optional`: that no display is connected is no fault.
    """

    driver: ScreenDriver = "kmsdrm"
    optional: bool = False
    width: Annotated[int, Meta(ge=160, le=3840)] = 800
    height: Annotated[int, Meta(ge=120, le=2160)] = 480
    fullscreen: bool = True
    off_after: Annotated[int, Meta(ge=0, le=86400)] = 0
    screenshots: str = ""


class NetworkConfig(_Section, frozen=True, kw_only=True):
    """How sound and picture may go; STUN and TURN servers are told by the hub."""

    relay_only: bool = False
    udp_ports: UdpPorts = ""
    ignore_networks: tuple[str, ...] = ()


class UpdateConfig(_Section, frozen=True, kw_only=True):
    """What a station that runs from a card does about updates by itself."""

    system: bool = True


class LogConfig(_Section, frozen=True, kw_only=True):
    """What is written to the log: info = start, stop and calls."""

    level: LogLevel = "info"


class Config(_Section, frozen=True, kw_only=True):
    """Everything a station or a hub is told."""

    station: StationConfig = StationConfig()
    hub: HubConfig = HubConfig()
    call: CallConfig = CallConfig()
    answer: AnswerConfig = AnswerConfig()
    camera: CameraConfig = CameraConfig()
    sound: SoundConfig = SoundConfig()
    panel: PanelConfig = PanelConfig()
    screen: ScreenConfig = ScreenConfig()
    network: NetworkConfig = NetworkConfig()
    update: UpdateConfig = UpdateConfig()
    log: LogConfig = LogConfig()
