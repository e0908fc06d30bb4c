"""Chromium as a peer: a headless browser of its own for each side, driven over DevTools."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web

from bench.side import Side, SideError, end
from bench.spec import Spec

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PAGE = Path(__file__).parent / "page"
START_WITHIN = 20.0  # seconds
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--no-first-run",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--mute-audio",
    "--disable-features=WebRtcHideLocalIpsWithMdns,Translate,MediaRouter,OptimizationHints",
    "--remote-debugging-port=0",
    "--remote-debugging-address=127.0.0.1",
]


def program() -> str:
    """The browser's path; "" when there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), "")


class ChromiumSide(Side):
    """A browser with one page that holds every connection of the side."""

    epoch = True

    def __init__(self, work: Path, name: str, spec: Spec, role: str) -> None:
        super().__init__(work, name)
        self._profile = work / f"{name}-profile"
        self._role = role
        self._calls = 0
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._runner: web.AppRunner | None = None
        self._reading: asyncio.Task[None] | None = None
        self._out: asyncio.Queue[str] = asyncio.Queue(1000)
        self._writing: asyncio.Task[None] | None = None
        self._folder: Path | None = None
        self._clip = ""

    async def open(self) -> None:
        """Serve the page; the browser follows with `prepare`, which names its camera's file."""
        if not program():
            raise SideError("Chromium is not installed (apt install chromium)")
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/sample/{number}/{index}/{width}/{height}", self._keep)
        app.router.add_static("/", PAGE)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    def order(self, do: str, **more: Any) -> None:
        """Call the page's `handle`; `prepare` starts the browser first."""
        if do == "prepare":
            self._writing = asyncio.create_task(self._begin({"do": do, **more}))
            return
        if do == "sample":
            self._folder = Path(more["folder"])
        self._put({"do": do, **more})

    async def close(self) -> None:
        """End the browser and its page's server; idempotent."""
        for task in (self._writing, self._reading):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._writing = self._reading = None
        if self._session is not None:
            await self._session.close()
        if self._process is not None:
            await end(self._process, gently=True)
            self._process = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _put(self, order: dict[str, Any]) -> None:
        self._call("Runtime.evaluate", expression=f"handle({json.dumps(order)})")

    def _call(self, method: str, **params: Any) -> None:
        self._calls += 1
        self._out.put_nowait(json.dumps({"id": self._calls, "method": method, "params": params}))

    async def _begin(self, prepare: dict[str, Any]) -> None:
        """Start the browser, open its page, then write what is ordered."""
        try:
            async with asyncio.timeout(START_WITHIN):
                await self._launch(str(prepare["clip"]))
                socket = await self._attach()
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            self.fail(f"the browser did not start: {error!r}")
            return
        self._reading = asyncio.create_task(self._read(socket))
        self._call("Runtime.enable")
        self._call("Runtime.addBinding", name="toBench")
        self._put(prepare)
        while True:
            await socket.send_str(await self._out.get())

    async def _launch(self, clip: str) -> None:
        camera = [f"--use-file-for-fake-video-capture={clip}"] if self._role == "send" else []
        self._profile.mkdir()
        with (self.work / f"{self.name}.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                program(), *FLAGS, *camera, f"--user-data-dir={self._profile}",
                f"http://127.0.0.1:{self._port}/index.html",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid

    async def _attach(self) -> aiohttp.ClientWebSocketResponse:
        """The DevTools connection of the page, once it has loaded."""
        told = self._profile / "DevToolsActivePort"
        self._session = aiohttp.ClientSession()
        while True:
            await asyncio.sleep(0.05)
            text = told.read_text() if told.exists() else ""
            if "\n" not in text:
                continue
            async with self._session.get(f"http://127.0.0.1:{text.split()[0]}/json") as reply:
                targets = await reply.json(content_type=None)
            for target in targets:
                if target["type"] == "page" and target["title"] == "bench":
                    return await self._session.ws_connect(
                        target["webSocketDebuggerUrl"], max_msg_size=1 << 26
                    )

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            said = json.loads(message.data)
            if said.get("method") == "Runtime.bindingCalled":
                self.take(json.loads(said["params"]["payload"]))
            elif "exceptionDetails" in said.get("result", {}):
                self.fail(json.dumps(said["result"]["exceptionDetails"])[:500])
        self.fail("the browser has gone")

    async def _keep(self, request: web.Request) -> web.Response:
        """A sampled picture's luma."""
        match = request.match_info
        data = np.frombuffer(await request.read(), np.uint8)
        luma = data.reshape(int(match["height"]), int(match["width"]))
        if self._folder is not None:
            name = f"{0}-{match['number']}-{match['index']}.npy"
            await asyncio.to_thread(np.save, self._folder / name, luma)
        return web.Response()
