"""What a peer's connection counts, for the metrics and the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpTransceiver

from . import aiortc_seams as seams
from .assembler import AssemblerStats
from .feed import Feed
from .playout import PlayoutStats
from .receive_video import VideoReceiver
from .tracks import PacketTrack


def line(pc: RTCPeerConnection, transceivers: Mapping[str, RTCRtpTransceiver]) -> dict[str, Any]:
    """What came and went, of both kinds; `jitter_ms` is the picture's, `rtt` in seconds."""
    counts = {kind: seams.arrivals(t.receiver) for kind, t in transceivers.items()}
    received, sent = seams.octets(pc)
    video = transceivers.get("video")
    return {
        "packets_in": sum(count[0] for count in counts.values()),
        "packets_lost": sum(count[1] for count in counts.values()),
        "jitter_ms": counts["video"][2] if video is not None else None,
        "rtt": seams.round_trip(video.sender) if video is not None else None,
        "bytes_in": received,
        "bytes_out": sent,
    }


def sending(feed: Feed | None, video: PacketTrack, audio: PacketTrack) -> dict[str, int]:
    """The rate that is aimed at in bits a second, and what the peer never got."""
    coded = feed.dropped if feed is not None else 0
    return {
        "bitrate": feed.rate.value if feed is not None else 0,
        "dropped": video.dropped + audio.dropped + coded,
    }


def receiving(video: VideoReceiver, audio: PlayoutStats) -> dict[str, int]:
    """Of the decoder, and with `video_` and `audio_` those of assembler and playout."""
    return {
        "frames_decoded": video.decoder.decoded,
        "decode_errors": video.decoder.errors,
        "decoder_overflows": video.decoder.overflows,
        **_named("video", video.assembler.stats),
        **_named("audio", audio),
    }


def _named(kind: str, stats: AssemblerStats | PlayoutStats) -> dict[str, int]:
    return {f"{kind}_{name}": getattr(stats, name) for name in stats.__slots__}
