"""A headless Chromium, driven over WebDriver's plain HTTP: no package is needed for the few calls that tests make."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--host-resolver-rules=MAP * ~NOTFOUND",  # no other machine
)  # fmt: skip
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the driver is here, whatever proxies there are


class Browser:
    """One window. `run` evaluates JavaScript (the body of a function), `press` types keys, `shot` takes a picture."""

    def __init__(self, session: str):
        self.session = session

    def call(self, path: str, content: Any = None) -> Any:
        return _call(self.session + path, content)

    def open(self, page: Path, width: int = 1280, height: int = 900, dark: bool = False, calm: bool = False) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if calm else "no-preference",
        }
        found = [{"name": name, "value": value} for name, value in features.items()]
        self.devtools("Emulation.setEmulatedMedia", {"features": found})
        self.call("/url", {"url": page.resolve().as_uri()})

    def devtools(self, command: str, parameters: Any) -> Any:
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script: str, *arguments: Any) -> Any:
        return self.call("/execute/sync", {"script": script, "args": list(arguments)})

    def run_later(self, script: str, *arguments: Any) -> Any:
        """Evaluate JavaScript that ends when it calls its last argument, with what it passes."""
        return self.call("/execute/async", {"script": script, "args": list(arguments)})

    def press(self, *keys: str) -> None:
        """Type keys, such as "a", TAB or SPACE, where the focus is."""
        typed = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": typed}]})

    def errors(self) -> list[str]:
        """What the console has said since it was last asked."""
        return [entry["message"] for entry in self.call("/se/log", {"type": "browser"})]

    def shot(self, path: Path, whole: bool = True) -> None:
        """Save a PNG of the whole page, or of what the window shows."""
        taken = self.devtools("Page.captureScreenshot", {"captureBeyondViewport": whole})
        path.write_bytes(base64.b64decode(taken["data"]))


TAB, SPACE, ENTER, LEFT, RIGHT, END = "\ue004", " ", "\ue007", "\ue012", "\ue014", "\ue010"


def missing() -> str | None:
    """Why there is no browser to test with, if there is none."""
    needed = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(needed)} not installed (Debian: chromium, chromium-driver)" if needed else None


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own, which is gone afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        subprocess.Popen([shutil.which("chromedriver") or "", f"--port={port}"], **quiet) as driver,
    ):
        try:
            _wait(address)
            options = {"args": [*FLAGS, f"--user-data-dir={profile}"], "binary": shutil.which("chromium")}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            made = _call(f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})
            session = f"{address}/session/{made['sessionId']}"
            try:
                yield Browser(session)
            finally:
                _call(session, method="DELETE")
        finally:
            driver.terminate()


def _wait(address: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            if _call(f"{address}/status")["ready"]:
                return
        time.sleep(0.05)
    raise RuntimeError("chromedriver did not start")


def _call(url: str, content: Any = None, method: str | None = None) -> Any:
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with _direct.open(request, timeout=300) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise RuntimeError(json.load(error)["value"]["message"].splitlines()[0]) from None
