"""The encoders of video that are opened, and how: no look-ahead, a rate that can be lowered."""

from __future__ import annotations

from fractions import Fraction

from av.video.codeccontext import VideoCodecContext

from .feed import CLOCK_RATE

TIME_BASE = Fraction(1, CLOCK_RATE)
_NEVER = 1_000_000  # frames between unrequested key frames
# zerolatency's force-cfr must stay: input of a variable rate is held back by one frame
_X264 = {
    "tune": "zerolatency",
    "profile": "baseline",
    "forced-idr": "1",
    "x264-params": "repeat-headers=1:annexb=1:scenecut=0:sliced-threads=0",
}
_VPX = {
    "deadline": "realtime",
    "cpu-used": "8",
    "lag-in-frames": "0",
    "error-resilient": "default",
    "auto-alt-ref": "0",
}


def open_codec(codec: str, width: int, height: int, fps: int, top: int) -> VideoCodecContext:
    """An encoder without look-ahead whose `bit_rate` can be lowered from `top` while it runs."""
    context = VideoCodecContext.create("libx264" if codec == "H264" else "libvpx", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = TIME_BASE, Fraction(fps)
    context.bit_rate, context.gop_size, context.max_b_frames = top, _NEVER, 0
    context.thread_count = 1
    # maxrate and a small bufsize make libx264 follow `bit_rate`; without them it ignores it
    limits = {"maxrate": str(top), "bufsize": str(max(top // 4, 40_000))}
    if codec == "H264":
        preset = "superfast" if width * height <= 1280 * 720 else "ultrafast"
        context.options = {**_X264, **limits, "preset": preset, "level": _level(width, height)}
    else:
        context.options = {**_VPX, **limits}
    return context


def _level(width: int, height: int) -> str:
    return "3.1" if width * height <= 1280 * 720 else "4.0"
