"""Livy's REST interface: batches by name, every call bounded in time and size, nothing sent twice.

client = LivyClient("https://pi0.example.org:8998", keys.livy, ca_file="ca.pem")
client.submit({"name": "roadpulse-…", "file": "file:///…/run.py"})
client.batch("roadpulse-…")                 # None: Livy does not know that name
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional
from urllib.parse import quote, urlsplit

import requests

from ....aggregation.contract.errors import RunError
from ...certificates import trust
from ...profiles.checks import can_be_read
from ...profiles.credentials import UserSecret
from ...time_limit import within
from .answers import Batch, is_missing, read_batch, read_json, said
from .errors import LivyAway, LivyLoginUnsafe, NotLivy, refusal
from .transport import Via, in_words, new_session

LONGEST_ANSWER = 4 << 20
_BLOCK = 1 << 14


@dataclass(frozen=True)
class Timeouts:
    """Timeouts in seconds: for the connection, between two pieces of an answer, and for a whole call."""

    connect: float = 10.0
    answer: float = 30.0
    whole: float = 60.0


TIMEOUTS = Timeouts()


class LivyClient:
    """Client of one Livy server. Thread-safe; calls raise the errors of `errors`.

    `proxies` are addresses of HTTP proxies for `http` and `https`; the environment's do not count.
    `ca_file` holds certificates to trust besides the usual ones. `via` is a tunnel to Livy's host, in which
    no proxy is used. A log-in is sent over https, through a tunnel, or to this computer itself.
    """

    def __init__(
        self,
        url: str,
        login: Optional[UserSecret] = None,
        *,
        ca_file: str = "",
        proxies: Optional[Mapping[str, str]] = None,
        via: Optional[Via] = None,
        timeouts: Timeouts = TIMEOUTS,
    ) -> None:
        self._url = urlsplit(url)
        self._host = self._url.netloc.rpartition("@")[2]
        self.where = self._host.replace(":", ", port ") if self._host.count(":") == 1 else self._host
        self.login = login
        self._proxies, self._ca_file, self._via, self._timeouts = proxies or {}, ca_file, via, timeouts
        self._lock = threading.Lock()
        self._trust: Optional[ssl.SSLContext] = None
        self._session: Optional[requests.Session] = None

    # -- calls ----------------------------------------------------------------------------------------

    def version(self) -> str:
        """Return Livy's version, such as `0.7.1-incubating`."""
        found = self._object("GET", "/version").get("version")
        if not isinstance(found, str):
            raise self._not_livy(f"no version but {found!r:.100}")
        return found

    def submit(self, body: Mapping[str, Any]) -> Batch:
        """Post a batch once; after `LivySilent` and `LivyCut` Livy may have it nevertheless."""
        wanted = {key: value for key, value in body.items() if value not in (None, "")}  # Livy fails at null
        return self._batch(self._object("POST", "/batches", json.dumps(wanted).encode()), str(body["name"]))

    def batch(self, name: str) -> Optional[Batch]:
        """Return the batch of that name; None if Livy knows none."""
        values = self._object("GET", self._of(name), missing={})
        return self._batch(values, name) if values else None

    def log(self, name: str) -> list[str]:
        """Return the lines of a batch's log that Livy still has, at most 200 of each stream."""
        values = self._object("GET", f"{self._of(name)}/log?from=0&size=-1", missing={})
        lines = values.get("log", [])
        return [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []

    def count(self) -> int:
        """Return the number of batches that Livy knows."""
        total = self._object("GET", "/batches?from=0&size=1").get("total")
        return total if isinstance(total, int) else 0

    def delete(self, name: str) -> bool:
        """End and delete a batch; return False if Livy knows none of that name."""
        return self._call("DELETE", self._of(name), b"", True) is not None

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    # -- requests -------------------------------------------------------------------------------------

    @staticmethod
    def _of(name: str) -> str:
        return f"/batches/{quote(name, safe='')}"

    def _batch(self, values: Mapping[str, Any], name: str) -> Batch:
        batch = read_batch(values)
        if batch is None or batch.name != name:
            called = "nothing of the kind" if batch is None else repr(batch.name)
            raise self._not_livy(f"asked for the batch {name!r} it tells of {called:.200}")
        return batch

    def _object(
        self, method: str, path: str, body: bytes = b"", missing: Optional[dict[str, Any]] = None
    ) -> dict[str, Any]:
        content = self._call(method, path, body, missing is not None)
        if content is None:
            return missing or {}
        values = read_json(content)
        if not isinstance(values, dict):
            raise self._not_livy(f"no JSON object but {said(content)[:200]!r}")
        return values

    def _call(self, method: str, path: str, body: bytes, may_miss: bool) -> Optional[bytes]:
        """Return the answer's content; None if Livy does not know the batch and the caller permits that."""
        status, content, target = self._within(lambda: self._exchange(method, path, body))
        if 200 <= status < 300:
            return content
        if status == 404 and may_miss and is_missing(content):
            return None
        if 300 <= status < 400:
            raise NotLivy(
                f"What answers at {self.where} sends on to {target[:200]!r}. Write the address of Livy "
                "itself into the profile as 'livy_url'.",
                f"HTTP {status}",
            )
        raise refusal(self.where, status, said(content), self.login is not None)

    def _exchange(self, method: str, path: str, body: bytes) -> tuple[int, bytes, str]:
        """Send one request; return status, content and the location of a redirection."""
        self._check_login()
        end = time.monotonic() + self._timeouts.whole
        headers = {"Content-Type": "application/json"} if body else {}
        base = f"{self._url.scheme}://{self._host}"
        if self._via is not None:
            self._via.ready()
        # An idle connection may be dead: requests that must not be repeated use a new one.
        session = self._new_session() if method == "POST" else self._kept_session()
        try:
            with session.request(
                method, base + self._url.path.rstrip("/") + path, data=body or None, headers=headers,
                stream=True, allow_redirects=False,
                timeout=(self._timeouts.connect, self._timeouts.answer),
            ) as answer:  # fmt: skip
                content = bytearray()
                while block := answer.raw.read(_BLOCK, decode_content=False):
                    content += block
                    if len(content) > LONGEST_ANSWER or time.monotonic() > end:
                        raise self._not_livy("an answer without an end")
                return answer.status_code, bytes(content), answer.headers.get("Location", "")
        finally:
            if method == "POST":
                session.close()

    def _kept_session(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> requests.Session:
        """Return a session; raises `BackendError` if `ca_file` cannot be used."""
        if self._trust is None:  # reading the certificates of a computer takes some 20 ms
            self._trust = trust(self._ca_file)
        if self._via is None:
            return new_session(self.login, self._trust, self._proxies)
        return new_session(self.login, self._trust, {}, self._connect)

    def _connect(self) -> socket.socket:
        """Return a connection through the tunnel; raises `LivyAway`."""
        if self._via is None:
            raise LivyAway(f"There is no tunnel to Livy at {self.where}.")
        try:
            return self._via.connect()
        except RunError as error:
            words = f"Livy at {self.where} cannot be reached. {error.message}"
            raise LivyAway(words, error.detail) from error

    def _check_login(self) -> None:
        """Raise `LivyLoginUnsafe` if user and password could be read on the network."""
        way = (self._url.geturl(), self._via is not None, bool(self._proxies))
        if self.login is not None and can_be_read(*way):
            raise LivyLoginUnsafe(
                f"User and password are not sent to Livy at {self.where}: over http whoever is on the way "
                "reads them. Use https (livy.keystore in livy.conf) or the tunnel through SSH, or remove the "
                "log-in from the profile."
            )

    def _within(self, exchange: Callable[[], tuple[int, bytes, str]]) -> tuple[int, bytes, str]:
        """Limit the time of a whole call, as sockets and resolvers only limit single steps."""
        try:
            return within(self._timeouts.whole + 1, exchange)
        except Exception as error:
            if isinstance(error, TimeoutError):
                self.close()
            explained = in_words(error, self.where, self._proxies, self._ca_file)
            if explained is error:
                raise
            raise explained from error

    def _not_livy(self, what: str) -> NotLivy:
        return NotLivy(
            f"What answers at {self.where} does not answer as Livy does: {what}. Check the address."
        )
