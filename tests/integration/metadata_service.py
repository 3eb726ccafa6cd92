"""Minimal metadata service of a cloud (AWS's IMDSv2) that issues the keys of a role."""

from __future__ import annotations

import json
import secrets
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from development.s3 import Keys

_ROLE = "roadpulse-nodes"
_PATH = "/latest/meta-data/iam/security-credentials/"


class MetadataService:
    """Hands out `keys`, which are good for `lasting` seconds; a context manager. `asked` counts how often."""

    def __init__(self, keys: Keys, lasting: float = 6 * 3600) -> None:
        self.keys, self.lasting, self.asked = keys, lasting, 0
        self.session_token = f"session-{secrets.token_hex(8)}"
        mark = secrets.token_hex(8)
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_PUT(self) -> None:
                wanted = (
                    self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
                )
                self._answer(200 if wanted else 400, mark)

            def do_GET(self) -> None:
                if self.headers["X-aws-ec2-metadata-token"] != mark:
                    self._answer(401, "")
                elif self.path == _PATH:
                    self._answer(200, _ROLE)
                elif self.path == _PATH + _ROLE:
                    self._answer(200, json.dumps(service.answer()))
                else:
                    self._answer(404, "")

            def _answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode("ascii"))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self) -> dict[str, str]:
        """What it says of the role."""
        self.asked += 1
        now = datetime.now(timezone.utc)
        return {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "LastUpdated": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "AccessKeyId": self.keys.access,
            "SecretAccessKey": self.keys.secret,
            "Token": self.session_token,
            "Expiration": (now + timedelta(seconds=self.lasting)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def __enter__(self) -> MetadataService:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
