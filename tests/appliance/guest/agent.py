"""Runs in the guest: does what the host asks by files in a folder that both see.

`in/N.json` holds {"argv", "input", "timeout"}; the answer is `out/N.json`, {"code", "out", "err"}.
A file appears under its name only when it is whole. A request is taken once, also if it ends the
guest and the agent starts anew. Needs nothing but Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

POLL = 0.05


def perform(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command to its end, or kill it after its time."""
    try:
        done = subprocess.run(
            request["argv"],
            input=request["input"].encode(),
            capture_output=True,
            timeout=request["timeout"],
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        out, err = late.stdout or b"", (late.stderr or b"") + b"(timed out)"
        return {"code": -1, "out": out.decode(errors="replace"), "err": err.decode()}
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return {"code": done.returncode, "out": out, "err": err}


def serve(request: Path, answers: Path) -> None:
    """Answer one request."""
    text = json.dumps(perform(json.loads(request.read_text())))
    unfinished = answers / f"{request.name}.part"
    unfinished.write_text(text)
    unfinished.rename(answers / request.name)


def main(lab: Path) -> None:
    """Serve until the guest ends; each request has a thread, so that one may wait for another."""
    (lab / "taken").mkdir(exist_ok=True)
    while True:
        for request in sorted((lab / "in").glob("*.json")):
            taken = request.rename(lab / "taken" / request.name)
            threading.Thread(target=serve, args=(taken, lab / "out"), daemon=True).start()
        time.sleep(POLL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
