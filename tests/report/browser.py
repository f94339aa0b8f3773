"""A headless Chromium over its debugging pipe: the standard library is enough to drive it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LISTED = (  # a promise that is kept once the page has unpacked and drawn its list
    "new Promise(done => { const look = () => document.getElementById('table')"
    ".hasAttribute('aria-rowcount') ? done() : setTimeout(look, 5); look(); })"
)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
)


def installed() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page in one browser; use it in a `with` block."""

    def __init__(self, profile: Path, size: tuple[int, int] = (1280, 900)) -> None:
        """Start the browser with its own empty profile."""
        path = installed()
        assert path is not None
        read_by_chrome, self._to_chrome = os.pipe()
        self._from_chrome, written_by_chrome = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read_by_chrome, written_by_chrome)]

        def lay_pipe() -> None:
            os.dup2(ends[0], 3)  # Chromium reads commands from 3 and answers on 4
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [
                path, *_FLAGS, f"--user-data-dir={profile}",
                f"--window-size={size[0]},{size[1]}", "about:blank",
            ],
            pass_fds=(3, 4),
            preexec_fn=lay_pipe,  # noqa: PLW1509 - only two dup2 calls
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in (read_by_chrome, written_by_chrome, *ends):
            os.close(end)
        self._number = 0
        self._rest = b""
        self.requests: list[str] = []
        self.messages: list[str] = []
        self._session: str | None = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(item for item in targets if item["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=size[0], height=size[1], deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def __enter__(self) -> Self:
        """Return the browser."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the browser that we started."""
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._to_chrome)
        os.close(self._from_chrome)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to_chrome, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._from_chrome, 1 << 20)
            assert part, "the browser went away"
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        if event.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
            self.messages.append(json.dumps(event["params"]))

    def open(self, path: Path) -> None:
        """Load a file and wait until it is ready."""
        self.call("Page.navigate", url=path.absolute().as_uri())
        until = time.monotonic() + 60
        while self.run("document.readyState") != "complete" or not self.run(
            "location.href != 'about:blank'"
        ):
            assert time.monotonic() < until, "the page did not load"
            time.sleep(0.02)

    def run(self, script: str) -> Any:
        """Return the value of an expression; a promise is awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self, path: Path, *, clip: dict[str, int] | None = None) -> None:
        """Save what the page shows as PNG."""
        options = {"clip": {**clip, "scale": 1}, "captureBeyondViewport": True} if clip else {}
        shot = self.call("Page.captureScreenshot", format="png", **options)
        path.write_bytes(base64.b64decode(shot["data"]))
