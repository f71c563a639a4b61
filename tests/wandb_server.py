"""As much of W&B's server as a client needs to begin a run, on loopback: so that it can be lost."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    """Answers every request with all that any of them asks for."""

    def do_POST(self) -> None:
        """Answer a query."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = json.loads(body).get("variables", {}) if self.path == "/graphql" else {}
        project = {"id": "p", "name": "tldrkit", "entity": {"id": "e", "name": "me"}}
        bucket = {"id": "r", "name": asked.get("name"), "config": "{}", "project": project}
        answer: Answer = {
            "upsertBucket": {"bucket": bucket, "inserted": True},
            "createRunFiles": {"runID": "r", "uploadHeaders": [], "files": []},
            "viewer": {"id": "u", "entity": "me", "flags": "{}"},
            "model": {"bucket": None},
        }
        content = json.dumps({"data": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def start_server() -> ThreadingHTTPServer:
    """Start a server; `shutdown` and `server_close` are the network that fails."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
