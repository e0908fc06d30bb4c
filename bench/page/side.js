// One side of a measured call in a browser: orders by handle(), answers by toBench().
// The same orders and answers as bench/worker.py; times are seconds since 1970.
"use strict";

const SAMPLE_EVERY = 5; // pictures
const say = (answer) => toBench(JSON.stringify(answer));
const pcs = [], senders = [], meters = [];
let order = null, track = null, sampling = 0, seen = 0;

function handle(o) {
  const done = { prepare, start, signal, gate, count, sample, report }[o.do];
  if (done) done(o).catch((error) => say({ error: `${o.do}: ${error.message || error}` }));
}

async function prepare(o) {
  order = o;
  for (let peer = 0; peer < o.peers; peer++) {
    const pc = new RTCPeerConnection({ iceServers: [] });
    pcs.push(pc);
    meters.push({ log: [], reading: 0 });
    pc.onicecandidate = (e) =>
      say({ signal: { kind: "candidate", candidate: e.candidate && e.candidate.toJSON() }, peer });
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === "connected") say({ connected: peer, at: clock() / 1000 });
    };
    pc.ontrack = (e) => consume(e.track, meters[peer], peer).catch((x) => say({ error: `${x}` }));
    if (o.role === "send") addSender(pc, o);
  }
  if (o.role === "send") track = await stampedCamera(o);
  say({ ready: true });
}

function addSender(pc, o) {
  const sendEncodings = [{ maxBitrate: o.bitrate, maxFramerate: o.fps }];
  const transceiver = pc.addTransceiver("video", { direction: "sendonly", sendEncodings });
  const known = RTCRtpSender.getCapabilities("video").codecs;
  const codecs = known.filter((c) => c.mimeType === `video/${o.codec}`);
  if (!codecs.length) throw new Error(`this browser has no ${o.codec}`);
  transceiver.setCodecPreferences(codecs);
  senders.push(transceiver.sender);
}

// The clip as the fake camera plays it, with the time burnt in as each picture passes by.
async function stampedCamera(o) {
  const exact = { width: { exact: o.width }, height: { exact: o.height } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: { ...exact, frameRate: o.fps } });
  const processor = new MediaStreamTrackProcessor({ track: stream.getVideoTracks()[0] });
  const generator = new MediaStreamTrackGenerator({ kind: "video" });
  let buffer = null;
  const transform = async (frame, controller) => {
    const size = frame.allocationSize();
    if (!buffer || buffer.length !== size) buffer = new Uint8Array(size);
    const layout = await frame.copyTo(buffer);
    burn(buffer.subarray(layout[0].offset), layout[0].stride, frame.codedWidth, ticks());
    const { format, codedWidth, codedHeight, timestamp } = frame;
    frame.close();
    controller.enqueue(new VideoFrame(buffer, { format, codedWidth, codedHeight, timestamp, layout }));
  };
  processor.readable.pipeThrough(new TransformStream({ transform })).pipeTo(generator.writable);
  return generator;
}

async function start() {
  say({ started: clock() / 1000 });
  for (let peer = 0; peer < pcs.length; peer++) {
    await pcs[peer].setLocalDescription();
    describe(peer);
  }
}

function describe(peer) {
  const { type, sdp } = pcs[peer].localDescription;
  say({ signal: { kind: type, sdp }, peer });
}

async function signal({ peer, body }) {
  const pc = pcs[peer];
  if (body.kind === "candidate") return pc.addIceCandidate(body.candidate || undefined);
  const sdp = body.kind === "answer" ? startFast(body.sdp) : body.sdp;
  await pc.setRemoteDescription({ type: body.kind, sdp });
  if (body.kind === "offer") {
    await pc.setLocalDescription();
    describe(peer);
  }
}

// Without it the browser starts at 300 kbit/s and takes long to reach everybody's bit rate.
function startFast(sdp) {
  const rate = `x-google-start-bitrate=${Math.round(order.bitrate / 1000)}`;
  return sdp.split("\r\n").flatMap((line) => {
    if (line.startsWith("a=fmtp:") && line.includes("packetization-mode")) return [`${line};${rate}`];
    const vp8 = /^a=rtpmap:(\d+) VP8\//.exec(line);
    return vp8 ? [line, `a=fmtp:${vp8[1]} ${rate}`] : [line];
  }).join("\r\n");
}

async function gate() {
  say({ gate: clock() / 1000 });
  for (const sender of senders) {
    await sender.replaceTrack(senders.length > 1 ? track.clone() : track);
    const parameters = sender.getParameters();
    parameters.degradationPreference = "maintain-resolution";
    await sender.setParameters(parameters);
  }
}

// Pictures as they leave the decoder, as every other peer is measured.
function decoded(remote) {
  const reader = new MediaStreamTrackProcessor({ track: remote }).readable.getReader();
  return async () => (await reader.read()).value;
}

// Pictures as a page shows them in a <video>.
function shown(remote) {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, autoplay: true, srcObject: new MediaStream([remote]) });
  video.style.width = "100%";
  document.body.append(video);
  video.play().catch((error) => say({ error: `play: ${error.message}` }));
  return () => new Promise((done) => {
    video.requestVideoFrameCallback(() => done(new VideoFrame(video)));
  });
}

async function consume(remote, meter, peer) {
  const next = order.on_screen ? shown(remote) : decoded(remote);
  let strip = new Uint8Array(0);
  for (let frame; (frame = await next());) {
    const now = ticks(), at = clock();
    const { codedWidth: width, codedHeight: height } = frame;
    const [w, h] = cellSize(width);
    const rect = { x: 0, y: 0, width: 32 * w, height: 4 * h };
    const size = frame.allocationSize({ rect });
    if (strip.length !== size) strip = new Uint8Array(size);
    const [{ offset, stride }] = await frame.copyTo(strip, { rect });
    const luma = strip.subarray(offset);
    const sent = read(luma, stride, width, 0);
    meter.log.push([at / 1000, sent === null ? null : elapsedMs(now, sent), width, height]);
    meter.reading += clock() - at;
    if (sampling > 0 && peer === 0) await keep(frame, read(luma, stride, width, 1));
    frame.close();
  }
}

async function keep(frame, index) {
  seen++;
  if (seen % SAMPLE_EVERY || index === null) return;
  sampling--;
  const whole = new Uint8Array(frame.allocationSize());
  const [{ offset, stride }] = await frame.copyTo(whole);
  const { codedWidth: width, codedHeight: height } = frame;
  const luma = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const begin = offset + y * stride;
    luma.set(whole.subarray(begin, begin + width), y * width);
  }
  await fetch(`/sample/${seen}/${index}/${width}/${height}`, { method: "POST", body: luma });
}

async function count() {
  let bytes = 0;
  for (const pc of pcs) {
    (await pc.getStats()).forEach((s) => {
      if (s.type === "transport") bytes += s.bytesReceived;
    });
  }
  say({ bytes });
}

async function sample(o) {
  sampling = o.count;
}

async function report() {
  const detail = [];
  (await pcs[0].getStats()).forEach((s) => {
    if (s.type === "codec") detail.push(s.mimeType);
    if (s.type === "inbound-rtp") detail.push(s.decoderImplementation, `dropped ${s.framesDropped}`);
  });
  const report = meters.map(({ log, reading }) => ({ log, reading_ms: reading / Math.max(1, log.length) }));
  say({ report, detail: detail.join(", ") });
}
