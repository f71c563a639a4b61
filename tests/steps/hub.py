"""A stand-in for the Hugging Face hub on loopback: the calls of an upload, and what came with them."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any

TOKEN = "hf_right"
COMMIT = "0" * 40


class StandInHub:
    """Takes repositories and files from whoever has the token."""

    def __init__(self) -> None:
        self.created: list[str] = []
        self.files: dict[str, bytes] = {}
        self._stored: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._build_handler())
        self._address = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {
            "HF_ENDPOINT": self._address,
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
        }

    def __enter__(self) -> "StandInHub":
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: bytes) -> dict[str, Any]:
        """Do what one call asks for."""
        if path.startswith("/put/"):
            self._stored[path.removeprefix("/put/")] = body
            return {}
        if path.endswith("/repos/create"):
            asked = json.loads(body)
            self.created.append(f"{asked['organization']}/{asked['name']}")
            return {"url": f"{self._address}/{self.created[-1]}"}
        if "/preupload/" in path:
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = {name: "lfs" if name.endswith(".safetensors") else "regular" for name in names}
            return {"files": [{"path": n, "uploadMode": m, "shouldIgnore": False} for n, m in modes.items()]}
        if path.endswith("/info/lfs/objects/batch"):
            objects = [
                one | {"actions": {"upload": {"href": f"{self._address}/put/{one['oid']}"}}}
                for one in json.loads(body)["objects"]
            ]
            return {"transfer": "basic", "objects": objects}
        if "/commit/" in path:
            for row in map(json.loads, body.splitlines()):
                self._commit(row["key"], row["value"])
            address = f"{self._address}/{self.created[-1]}/commit/{COMMIT}"
            return {"commitOid": COMMIT, "commitUrl": address, "success": True}
        return {}

    def _commit(self, kind: str, value: dict[str, Any]) -> None:
        if kind == "file":
            self.files[value["path"]] = base64.b64decode(value["content"])
        elif kind == "lfsFile":
            self.files[value["path"]] = self._stored[value["oid"]]

    def _build_handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                allowed = self.path.startswith("/put/") or self.headers["authorization"] == f"Bearer {TOKEN}"
                answer = hub.answer(self.path, body) if allowed else {"error": "Invalid token"}
                data = json.dumps(answer).encode()
                self.send_response(200 if allowed else 401)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST  # noqa: N815  (as above)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (as above)
                """Say nothing."""

        return Handler
