"""A real coturn of the tests' own, on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECRET = "a secret of the tests"
START_WITHIN = 15.0  # seconds


@dataclass(frozen=True)
class TurnServer:
    """A running server; `port` is for udp and tcp, `tls_port` for tls."""

    port: int
    tls_port: int
    certificate: Path
    log: Path

    def entry(self, *urls: str, seconds: float = 600) -> dict[str, object]:
        """An RTCIceServer with credentials that are good for `seconds` from now."""
        username = f"{int(time.time() + seconds)}:tests"
        digest = hmac.new(SECRET.encode(), username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode()
        return {"urls": list(urls), "username": username, "credential": credential}

    @property
    def udp(self) -> str:
        """Its URL over UDP."""
        return f"turn:127.0.0.1:{self.port}"

    @property
    def tcp(self) -> str:
        """Its URL over TCP."""
        return f"turn:127.0.0.1:{self.port}?transport=tcp"

    @property
    def tls(self) -> str:
        """Its URL over TLS."""
        return f"turns:localhost:{self.tls_port}"


def available() -> bool:
    """Whether coturn and openssl are installed."""
    return bool(shutil.which("turnserver") and shutil.which("openssl"))


@contextmanager
def turn_server(folder: Path, udp: bool = True) -> Iterator[TurnServer]:
    """Run coturn until the block ends; its files are in `folder`."""
    certificate, key = folder / "turn.pem", folder / "turn.key"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(
        [*make.split(), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    server = TurnServer(_free(), _free(), certificate, folder / "turn.log")
    options = {
        "listening-ip": "127.0.0.1", "relay-ip": "127.0.0.1", "realm": "tests",
        "listening-port": server.port, "tls-listening-port": server.tls_port,
        "static-auth-secret": SECRET, "cert": certificate, "pkey": key,
        "pidfile": folder / "turn.pid", "userdb": folder / "turn.db",
        "min-port": 40000, "max-port": 44999,
    }  # fmt: skip
    flags = ["n", "use-auth-secret", "fingerprint", "no-cli", "allow-loopback-peers",
             "log-file=stdout", *([] if udp else ["no-udp"])]  # fmt: skip
    arguments = [f"-{f}" if len(f) == 1 else f"--{f}" for f in flags]
    arguments += [f"--{name}={value}" for name, value in options.items()]
    with server.log.open("wb") as log:
        process = subprocess.Popen(["turnserver", *arguments], stdout=log, stderr=log, cwd=folder)
    try:
        _wait(server, process)
        yield server
    finally:
        process.kill()
        process.wait(10)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: TurnServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN
    for port in (server.port, server.tls_port):
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(server.log.read_text()) from None
                time.sleep(0.05)
