"""A headless Chromium, driven through its debugging pipe: no driver and no library between."""

import base64
import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import Any

_FIRST = 10  # descriptors above those the browser reads and writes


class Browser:
    """One page of a headless browser.

    Args:
        program: Path of Chromium.
        folder: Where its profile may lie.
        address: What to open.
    """

    def __init__(self, program: str, folder: Path, address: str) -> None:
        theirs_in, self._out = (fcntl.fcntl(end, fcntl.F_DUPFD, _FIRST) for end in os.pipe())
        self._in, theirs_out = (fcntl.fcntl(end, fcntl.F_DUPFD, _FIRST) for end in os.pipe())
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--window-size=1100,900",
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", program, *flags,
             "--remote-debugging-pipe", f"--user-data-dir={folder}"],
            pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest = b""
        self._number = 0
        self._session: dict[str, str] = {}
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self._call("Page.enable")
        self._call("Page.navigate", url=address)
        while self._read().get("method") != "Page.loadEventFired":
            pass

    def run(self, script: str) -> Any:  # noqa: ANN401  (any JSON value)
        """Run JavaScript in the page, wait for what it promises, and return it."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        self.run(
            "new Promise(done => { const look = () => { let met = false; "
            f"try {{ met = {condition}; }} catch {{}} met ? done() : setTimeout(look, 20); }}; look(); }})"
        )

    def resize(self, width: int, height: int) -> None:
        """Show the page as on a screen of so many pixels."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True
        )

    def take_picture(self, path: Path) -> None:
        """Write what the page looks like as PNG."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        """End the browser."""
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])

    def _read(self) -> dict[str, Any]:
        """Read the next answer or event."""
        while b"\0" not in self._rest:
            part = os.read(self._in, 1 << 20)
            assert part, "the browser ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))
