"""Trips listed and read by requests signed here (AWS Signature Version 4), over Python's own HTTP.

Single objects are deleted so, too: obstore has one request for many at once delete even one, which not every
server allows to those who may delete objects.

Not with obstore, for two reasons. It cannot say every name: one object with an empty part (`a//b`), a part
`.` or `..`, or a control character makes a whole listing fail, and it takes `folder.json/` for a file. And it
copies more: decoding is bound by the processor, and reading a trip this way costs about half of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import random
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import NamedTuple, Optional, Union
from urllib.parse import quote, urlsplit

from ...contract.s3_access import S3Access
from .address import address_of, region_of
from .error_messages import NO_OBJECT
from .errors import KeysMissing
from .keys import Keys, certificates

_CONNECT_SECONDS, _READ_SECONDS = 5, 30
_RETRIES, _RETRY_SECONDS, _LONGEST_PAUSE = 8, 120.0, 10.0
_GOOD = (200, 204)
_BUSY = (408, 429, 500, 502, 503, 504)
LONGEST_ANSWER = 32 << 20
"""Most bytes of an answer whose length is not known before: a page of a listing."""
LONGEST_ERROR = 64 << 10
"""Most bytes that are read of an answer that says what went wrong, however long the object is."""
_EMPTY = hashlib.sha256(b"").hexdigest()

Connection = Union[http.client.HTTPConnection, http.client.HTTPSConnection]


class RequestFailed(Exception):
    """A request that came to nothing; its text has the form of obstore's, for `error_messages.explained`."""


class Answer:
    """A server's answer: headers by their names in lower case, the body, and its length."""

    def __init__(self, headers: Mapping[str, str], body: bytes, length: int) -> None:
        self.headers, self.body, self.length = headers, body, length


class Target(NamedTuple):
    """The target of a request, as it is sent and signed."""

    path: str
    query: str
    method: str = "GET"


class PendingRequest:
    """A request for `target`: sent where it has a `connection`, else still to be made."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.connection: Optional[Connection] = None

    def close(self) -> None:
        """Want no answer any more."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


class SignedRequests:
    """Signed requests to one bucket, from several threads; connections are kept."""

    def __init__(self, access: S3Access, bucket: str, keyring: Callable[[], Keys]) -> None:
        self.region, self._keyring = region_of(access), keyring
        reached, in_path = address_of(access, bucket)
        address = urlsplit(reached)
        self.scheme, self.host = address.scheme, address.netloc
        self._base = f"{address.path}/{quote(bucket)}" if in_path else address.path
        self._trust: Optional[ssl.SSLContext] = None
        if self.scheme == "https":
            self._trust = ssl.create_default_context()
            if access.ca_file:
                _trust(self._trust, access.ca_file)
        self.stalled = 0.0
        """Seconds that connecting, and the coming of answers once they had begun, has taken so far."""
        self._idle: list[Connection] = []
        self._signing: tuple[tuple[str, str], bytes] = ("", ""), b""

    def get(self, key: str, query: Optional[Mapping[str, str]] = None, size: Optional[int] = None) -> Answer:
        """One request, tried again while the server is busy or the connection is cut; raises `RequestFailed`.

        What has not the `size` that is expected is not read: it may be far too large.
        """
        target = self._target(key, query)
        return self._persist(lambda: self._once(target, size))

    def delete(self, key: str) -> None:
        """Delete an object; raises `RequestFailed`. S3 does not say whether there was one."""
        target = self._target(key, None)._replace(method="DELETE")
        self._persist(lambda: self._once(target, None))

    def ask(self, key: str, query: Optional[Mapping[str, str]] = None) -> PendingRequest:
        """Send a request and wait for no answer; `answer` reads what comes.

        Every request has a connection of its own, in which the system keeps what has arrived.
        """
        pending = PendingRequest(self._target(key, query))
        # a failure fails again in `answer`, which retries and reports it
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection, _ = self._connection()
            pending.connection = connection
            self._send(connection, pending.target)
            return pending
        pending.close()
        return pending

    def answer(self, pending: PendingRequest, size: Optional[int] = None) -> Answer:
        """Return the answer to a request that is sent already, as `get` does; sends further ones if it
        fails."""

        def once() -> tuple[int, Answer]:
            connection, pending.connection = pending.connection, None
            if connection is not None:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    return self._receive(connection, size)
            return self._once(pending.target, size)

        return self._persist(once)

    def _target(self, key: str, query: Optional[Mapping[str, str]]) -> Target:
        path = f"{self._base}/{quote(key, safe='/')}" if key else self._base or "/"
        words = sorted((query or {}).items())
        return Target(path, "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in words))

    def _send(self, connection: Connection, target: Target) -> None:
        address = f"{target.path}?{target.query}" if target.query else target.path
        connection.request(target.method, address, headers=self._signed(target))

    def _persist(self, once: Callable[[], tuple[int, Answer]]) -> Answer:
        """Try until the server answers, with pauses that grow; raises `RequestFailed`."""
        began, failed = time.monotonic(), ""
        for attempt in range(_RETRIES + 1):
            if attempt:
                pause = min(0.1 * 2 ** (attempt - 1), _LONGEST_PAUSE)
                if time.monotonic() - began + pause > _RETRY_SECONDS:
                    break
                time.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311  # nosec B311  # not for secrets
            try:
                status, answer = once()
            except ssl.SSLCertVerificationError as error:
                raise RequestFailed(_of_certificate(error)) from error
            except (OSError, http.client.HTTPException) as error:
                failed = f"{type(error).__name__}: {error}"
                continue
            if status in _GOOD:
                return answer
            body = answer.body[:4000].decode("utf-8", "replace")
            failed = f"Server returned non-2xx status code: {status}: {body}"
            if status not in _BUSY:
                break
        raise RequestFailed(failed)

    def _once(self, target: Target, size: Optional[int]) -> tuple[int, Answer]:
        """One request; on a connection that was kept and has died meanwhile, once more."""
        while True:
            connection, kept = self._connection()
            try:
                self._send(connection, target)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if kept and not isinstance(error, TimeoutError):
                    continue
                raise
            except BaseException:
                connection.close()
                raise
            return self._read(connection, response, size)

    def _receive(self, connection: Connection, size: Optional[int]) -> tuple[int, Answer]:
        """The answer to a request that was sent."""
        try:
            response = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        return self._read(connection, response, size)

    def _read(
        self, connection: Connection, response: http.client.HTTPResponse, size: Optional[int]
    ) -> tuple[int, Answer]:
        """The rest of an answer; its connection is kept for the next request where it may be."""
        found = {name.lower(): value for name, value in response.getheaders()}
        if size is not None and response.status == 200 and "last-modified" not in found:
            connection.close()
            raise http.client.HTTPException(NO_OBJECT)  # some page in its place
        if size is not None and response.status == 200 and response.length not in (None, size):
            connection.close()
            return 200, Answer(found, b"", response.length or 0)
        good = response.status in _GOOD
        most = LONGEST_ERROR if not good else LONGEST_ANSWER if size is None else size
        began = time.perf_counter()
        try:
            body = response.read(most + 1)
            if len(body) > most:
                connection.close()
                if good and size is None:
                    raise http.client.HTTPException("an answer without an end")
                return response.status, Answer(found, b"" if good else body[:most], len(body))
            if response.length:  # cut off; only unbounded reading shows it
                raise http.client.IncompleteRead(body, response.length)
        except BaseException:
            connection.close()
            raise
        self.stalled += time.perf_counter() - began
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return response.status, Answer(found, body, len(body))

    def _connection(self) -> tuple[Connection, bool]:
        """A connection, and whether it is one that was kept, which may have died meanwhile."""
        try:
            return self._idle.pop(), True
        except IndexError:
            return self._connect(), False

    def _connect(self) -> Connection:
        began = time.perf_counter()
        if self._trust is not None:
            connection: Connection = http.client.HTTPSConnection(
                self.host, timeout=_CONNECT_SECONDS, context=self._trust
            )
        else:
            connection = http.client.HTTPConnection(self.host, timeout=_CONNECT_SECONDS)
        connection.connect()
        if connection.sock is not None:
            connection.sock.settimeout(_READ_SECONDS)
        self.stalled += time.perf_counter() - began
        return connection

    # -- signing ------------------------------------------------------------------------------------

    def _signed(self, target: Target) -> dict[str, str]:
        """The headers of a request without a body, signed as AWS asks (Signature Version 4)."""
        key, secret, token = self._keyring()
        if not key:
            return {}
        moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": self.host, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        if token:
            headers["x-amz-security-token"] = token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = f"{target.method}\n{target.path}\n{target.query}\n{lines}\n{names}\n{_EMPTY}"
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(request.encode("utf-8")).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
        signature = hmac.new(
            self._signing_key(moment[:8], secret), text.encode("ascii"), hashlib.sha256
        ).hexdigest()
        del headers["host"]  # sent anyway
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _signing_key(self, day: str, secret: str) -> bytes:
        known, key = self._signing
        if known != (day, secret):
            key = f"AWS4{secret}".encode()
            for word in (day, self.region, "s3", "aws4_request"):
                key = hmac.new(key, word.encode("ascii"), hashlib.sha256).digest()
            self._signing = (day, secret), key
        return key


def _trust(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(cadata=certificates(ca_file).decode("ascii", "replace"))
    except ssl.SSLError as error:
        raise KeysMissing(
            f"The file of trusted certificates, {ca_file}, holds none (PEM). Check the entry of the profile.",
            repr(error),
        ) from error


def _of_certificate(error: ssl.SSLCertVerificationError) -> str:
    """Return the fault of a certificate, in obstore's words."""
    said = error.verify_message or str(error)
    kind = "Expired" if "expired" in said else "NotValidForName" if "match" in said else "UnknownIssuer"
    return f"invalid peer certificate: {kind} ({said})"
