"""A side of a call by GStreamer's webrtcbin; `python -m bench.worker_gstreamer`, system Python.

The same orders and answers as bench/worker.py, and as little delay as the elements can be set to:
x264 without look-ahead, no clock at the end, and a jitter buffer of no more than a lossy network
needs for one retransmission (webrtcbin's default is 200 ms).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

import gi
import numpy as np

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402 - after the versions

from bench import code  # noqa: E402
from bench.clip import ClipFile  # noqa: E402
from bench.meter import Meter  # noqa: E402
from bench.worker import connected, say  # noqa: E402

SEND = (
    "appsrc name=camera is-live=true format=time do-timestamp=true block=false"
    " caps=video/x-raw,format=I420,width={width},height={height},framerate={fps}/1"
    " ! queue max-size-buffers=1 leaky=downstream"
    " ! x264enc tune=zerolatency speed-preset=superfast bitrate={kbps} key-int-max=100000"
    " vbv-buf-capacity=250 ! video/x-h264,profile=constrained-baseline"
    " ! rtph264pay aggregate-mode=zero-latency config-interval=-1 mtu=1200"
    " ! application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000"
    " ! tee name=all"
)
RECEIVE = (
    "rtph264depay request-keyframe=true wait-for-keyframe=true"
    " ! avdec_h264 max-threads=1 output-corrupt=false ! video/x-raw,format=I420"
    " ! appsink name=screen sync=false emit-signals=true max-buffers=2 drop=true"
)
ROUND_TRIPS = 2  # that the jitter buffer waits: in one of them a packet is sent again


class Side:
    """A pipeline with one webrtcbin a peer; belongs to the main loop's thread."""

    def __init__(self, loop: Any) -> None:
        self.meters: list[Meter] = []
        self._loop = loop
        self._pipeline: Any = None
        self._bins: list[Any] = []
        self._clip: ClipFile | None = None
        self._open = threading.Event()
        self._stop = threading.Event()

    def obey(self, order: dict[str, Any]) -> bool:
        """Carry out one order; False, so that GLib calls once."""
        match order["do"]:
            case "prepare":
                self._prepare(order)
            case "start":
                say(started=time.monotonic())
                for number, peer in enumerate(self._bins):
                    self._describe(peer, number, "offer")
            case "signal":
                self._signal(order["peer"], order["body"])
            case "gate":
                say(gate=time.monotonic())
                self._open.set()
            case "count":
                self._count()
            case "sample":
                self.meters[0].sample(order["folder"], order["count"])
            case "report":
                say(report=[meter.report() for meter in self.meters])
            case "close":
                self._stop.set()
                self._pipeline.set_state(Gst.State.NULL)
                self._loop.quit()
        return False

    def _prepare(self, order: dict[str, Any]) -> None:
        sends = order["role"] == "send"
        kbps = order["bitrate"] // 1000
        text = SEND.format(**order, kbps=kbps)
        self._pipeline = Gst.parse_launch(text) if sends else Gst.Pipeline.new()
        for number in range(order["peers"]):
            self.meters.append(Meter(str(number)))
            self._bins.append(self._peer(number, order["rtt_ms"], sends))
        self._pipeline.set_state(Gst.State.PLAYING)
        if sends:
            self._clip = ClipFile(order["clip"])
            threading.Thread(target=self._film, daemon=True).start()
        say(ready=True)

    def _peer(self, number: int, rtt_ms: int, sends: bool) -> Any:
        peer = Gst.ElementFactory.make("webrtcbin")
        if peer is None:
            say(error="webrtcbin cannot be made: gstreamer1.0-plugins-bad, gstreamer1.0-nice")
            return None
        peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        peer.set_property("latency", rtt_ms * ROUND_TRIPS)
        peer.connect("on-ice-candidate", self._candidate, number)
        peer.connect("notify::connection-state", self._changed, number)
        peer.connect("on-new-transceiver", lambda _, t: t.set_property("do-nack", True))
        self._pipeline.add(peer)
        if sends:
            queue = Gst.ElementFactory.make("queue")
            self._pipeline.add(queue)
            self._pipeline.get_by_name("all").link(queue)
            queue.link(peer)
        else:
            peer.connect("pad-added", self._incoming, number)
        return peer

    def _film(self) -> None:
        """The camera: the clip at its rate, a time code in each picture."""
        clip, count = self._clip, 0
        assert clip is not None
        self._open.wait()
        source = self._pipeline.get_by_name("camera")
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            data = bytearray(clip.size)
            clip.read_into(count, [memoryview(data)])
            luma = np.frombuffer(data, np.uint8)[: clip.width * clip.height]
            code.burn(luma.reshape(clip.height, clip.width), code.now_ticks())
            source.emit("push-buffer", Gst.Buffer.new_wrapped(bytes(data)))
            count, due = count + 1, due + 1 / clip.fps

    def _incoming(self, peer: Any, pad: Any, number: int) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        branch = Gst.parse_bin_from_description(RECEIVE, True)
        screen = branch.get_by_name("screen")
        screen.connect("new-sample", self._shown, self.meters[number])
        self._pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    def _shown(self, screen: Any, meter: Meter) -> Any:
        sample = screen.emit("pull-sample")
        shape = sample.get_caps().get_structure(0)
        width, height = shape.get_value("width"), shape.get_value("height")
        stride = (width + 3) // 4 * 4
        buffer = sample.get_buffer()
        found, mapped = buffer.map(Gst.MapFlags.READ)
        if found:
            rows = np.frombuffer(mapped.data, np.uint8)[: stride * height]
            meter.see(rows.reshape(height, stride)[:, :width])
            del rows
            buffer.unmap(mapped)
        return Gst.FlowReturn.OK

    def _describe(self, peer: Any, number: int, kind: str) -> None:
        def made(promise: Any, *rest: Any) -> None:
            reply = promise.get_reply()  # kept: the description is part of it
            description = reply.get_value(kind)
            peer.emit("set-local-description", description, Gst.Promise.new())
            say(signal={"kind": kind, "sdp": description.sdp.as_text()}, peer=number)

        promise = Gst.Promise.new_with_change_func(made, None)
        peer.emit(f"create-{kind}", None, promise)

    def _signal(self, number: int, body: dict[str, Any]) -> None:
        peer = self._bins[number]
        if body["kind"] == "candidate":
            inner = body["candidate"]
            if inner:
                peer.emit("add-ice-candidate", inner["sdpMLineIndex"], inner["candidate"])
            return
        _, message = GstSdp.SDPMessage.new_from_text(body["sdp"])
        is_offer = body["kind"] == "offer"
        kind = GstWebRTC.WebRTCSDPType.OFFER if is_offer else GstWebRTC.WebRTCSDPType.ANSWER
        description = GstWebRTC.WebRTCSessionDescription.new(kind, message)

        def taken(promise: Any, *rest: Any) -> None:
            if is_offer:
                self._describe(peer, number, "answer")

        promise = Gst.Promise.new_with_change_func(taken, None)
        peer.emit("set-remote-description", description, promise)

    def _count(self) -> None:
        """Tell how many bytes of RTP all peers have sent so far."""

        def told(promise: Any, peers: list[Any], total: int) -> None:
            stats = promise.get_reply()
            for index in range(stats.n_fields()):
                each = stats.get_value(stats.nth_field_name(index))
                if isinstance(each, Gst.Structure) and each.has_field("packets-received"):
                    total += each.get_value("bytes-received")
            ask(peers, total)

        def ask(peers: list[Any], total: int) -> None:
            if not peers:
                say(bytes=total)
                return
            promise = Gst.Promise.new_with_change_func(told, peers[1:], total)
            peers[0].emit("get-stats", None, promise)

        ask(self._bins, 0)

    def _candidate(self, peer: Any, index: int, candidate: str, number: int) -> None:
        body = {"candidate": candidate, "sdpMLineIndex": index}
        say(signal={"kind": "candidate", "candidate": body}, peer=number)

    def _changed(self, peer: Any, spec: Any, number: int) -> None:
        state = peer.get_property("connection-state")
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            connected(number)


def main() -> None:
    """Obey until told to close or until stdin ends."""
    Gst.init(None)
    loop = GLib.MainLoop()
    side = Side(loop)

    def listen() -> None:
        for line in sys.stdin:
            GLib.idle_add(side.obey, json.loads(line))
        GLib.idle_add(loop.quit)

    threading.Thread(target=listen, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
