"""What one picture costs the processor: to encode, to decode and to show, at each size.

    python -m bench.power_pictures [--clip carphone]

Milliseconds of processor time, by this thread's own clock, so that what else the machine does
hardly counts; the encoders and decoders are those of the calls, one thread each. From these,
and from what the sound takes, follows what fewer pictures a second save.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable

import av

from hw import clips
from intercom.media import QUALITIES
from intercom.media.codec import TIME_BASE, open_codec

COUNT = 150
FPS = 30
RATES = (30, 20, 15, 10, 5)
SCREEN = (800, 480)


def spent(work: Callable[[], object]) -> float:
    """Processor seconds of this thread."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def scene(clip: str, width: int, height: int) -> list[av.VideoFrame]:
    """Five seconds of a clip, in one size."""
    played = clips.Clip(clips.find(clip), width, height)
    return [played.at(count / FPS) for count in range(COUNT)]


def encode(frames: Iterable[av.VideoFrame], bitrate: int) -> list[bytes]:
    """As a call encodes."""
    context, coded = None, []
    for count, frame in enumerate(frames):
        if context is None:
            context = open_codec("H264", frame.width, frame.height, FPS, bitrate)
        frame.pts, frame.time_base = count * 90_000 // FPS, TIME_BASE
        frame.pict_type = av.video.frame.PictureType.NONE
        coded += [bytes(packet) for packet in context.encode(frame)]
    return coded


def decode(coded: Iterable[bytes]) -> list[av.VideoFrame]:
    """As a call decodes."""
    context = av.VideoCodecContext.create("h264", "r")
    context.thread_count = 1
    return [frame for data in coded for frame in context.decode(av.Packet(data))]


def show(frames: Iterable[av.VideoFrame]) -> None:
    """As the screen of a station shows them in a call, without a graphics chip."""
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    import pygame  # noqa: PLC0415 - after the variable

    from intercom.station.paint import Painter  # noqa: PLC0415 - as above
    from intercom.station.scene import InCall, Tile  # noqa: PLC0415 - as above
    from intercom.station.words import Words  # noqa: PLC0415 - as above

    pygame.display.init()
    pygame.font.init()
    surface, painter = pygame.display.set_mode(SCREEN), Painter(Words("en"))
    for frame in frames:
        painter.paint(surface, InCall((Tile("door", "Front door"),)), {"door": frame})


def main() -> None:
    """A line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default="carphone")
    clip = parser.parse_args().clip
    show(scene(clip, 320, 240))  # what is made once is not counted
    head = "".join(f"{rate:>5}/s" for rate in RATES)
    sys.stdout.write(f"{'':6}encode  decode    show  ms; percent of a core at{head}\n")
    for name in ("240p", "360p", "480p", "720p", "1080p"):
        quality = QUALITIES[name]
        frames, coded, pictures = scene(clip, quality.width, quality.height), [], []
        costs = [
            spent(lambda: coded.extend(encode(frames, quality.bitrate))),  # noqa: B023 - called now
            spent(lambda: pictures.extend(decode(coded))),  # noqa: B023 - called now
            spent(lambda: show(pictures)),  # noqa: B023 - called now
        ]
        each = [cost / COUNT * 1000 for cost in costs]
        shares = "".join(f"{sum(each) * rate / 10:>6.0f} " for rate in RATES)
        shown = "  ".join(f"{cost:6.2f}" for cost in each)
        sys.stdout.write(f"{name:6}{shown}{'':23}{shares}\n")


if __name__ == "__main__":
    main()
