"""What is measured, and what came out of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from intercom.media.quality import QUALITIES, Quality


@dataclass(frozen=True, slots=True)
class Spec:
    """One call to measure."""

    peer: str  # "ours", "stock", "chromium", "gstreamer"
    quality: str = "720p"
    codec: str = "H264"
    loss: float = 0.0  # 0-1, each way
    rtt_ms: int = 0
    receivers: int = 1
    seconds: float = 8.0
    warm_up: float = 3.0
    samples: int = 10  # pictures compared with the clip
    seed: int = 1
    on_screen: bool = False  # the picture is shown, and read when it has been

    @property
    def picture(self) -> Quality:
        """Size, rate and bit rate that every peer is given."""
        return QUALITIES[self.quality]

    @property
    def relayed(self) -> bool:
        """Whether a network stands between the sides."""
        return self.loss > 0 or self.rtt_ms > 0

    @property
    def title(self) -> str:
        """For the eye."""
        parts = [self.peer, self.codec, self.quality]
        if self.on_screen:
            parts.append("on screen")
        if self.relayed:
            parts.append(f"{self.loss * 100:g} % loss, {self.rtt_ms} ms")
        if self.receivers > 1:
            parts.append(f"{self.receivers} receivers")
        return " ".join(parts)


@dataclass(slots=True)
class Outcome:
    """What one call showed; None where it showed nothing. CPU in percent of one core."""

    peer: str
    codec: str
    quality: str
    loss: float
    rtt_ms: int
    receivers: int
    on_screen: bool = False
    error: str = ""
    p50_ms: float | None = None
    p95_ms: float | None = None
    fps: float | None = None
    damaged: float | None = None  # share (0-1) of pictures whose time code cannot be read
    longest_gap_ms: float | None = None
    freezes: int | None = None  # gaps of more than 300 ms
    width: int | None = None
    height: int | None = None
    sender_cpu: float | None = None
    receiver_cpu: float | None = None
    sender_rss: float | None = None  # MB
    receiver_rss: float | None = None
    sender_pss: float | None = None
    receiver_pss: float | None = None
    setup_ms: float | None = None  # from the offer's beginning until both sides are connected
    first_frame_ms: float | None = None  # from the opening of the gate
    kbps: float | None = None
    ssim: float | None = None
    ssim_low: float | None = None  # of the worst sample
    reading_ms: float | None = None  # what reading a time code costs the receiver
    packet_loss: float | None = None  # 0-1, as it happened
    load: float | None = None  # of the whole machine before the call, 1-minute average
    detail: str = ""
    ages_ms: list[float] = field(default_factory=list)  # percentiles 0 to 100

    @classmethod
    def of(cls, spec: Spec) -> Outcome:
        """An empty one."""
        return cls(
            spec.peer, spec.codec, spec.quality, spec.loss, spec.rtt_ms, spec.receivers,
            spec.on_screen,
        )  # fmt: skip

    @property
    def both_cpu(self) -> float | None:
        """Sender and receiver together."""
        if self.sender_cpu is None or self.receiver_cpu is None:
            return None
        return self.sender_cpu + self.receiver_cpu
