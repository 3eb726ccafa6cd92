"""Checks of an S3 server by unsigned requests: name, port, certificate and clock."""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from typing import Optional
from urllib.parse import urlsplit

from ...aggregation.contract.s3_access import S3Access
from ..certificates import certificate_fault, speaks_no_tls, trust
from ..s3.boto_client import service_headers
from ..s3.client import QUICK, S3Connection, connect
from ..ssh.network import resolve
from . import verdicts
from .checks import Check, Found, failed, ok, skipped, warning

SKEW_SECONDS = 900.0
"""Maximum difference of clocks at which S3 accepts signatures."""
_SOON_DAYS = 14


class S3ServerChecks:
    """Checks of the server that `access` names."""

    def __init__(self, access: S3Access, proxies: Optional[Mapping[str, str]]) -> None:
        self._access, self._proxies = access, proxies

    def close(self) -> None:
        """Close the connection."""
        if "_plain" in vars(self):
            self._plain.close()

    def checks(self) -> list[Check]:
        """Return the checks in order."""
        return [
            Check("s3_address", "Name of the S3 server", self._address, timeout=15),
            Check("s3_port", "Port of the S3 server", self._port, ("s3_address",), 10),
            Check("s3_certificate", "Certificate of the S3 server", self._certificate, ("s3_port",), 15),
            Check("s3_clock", "Clock of the S3 server", self._clock, ("s3_port",), 20),
        ]

    @cached_property
    def _plain(self) -> S3Connection:
        """Return a connection for unsigned requests."""
        return connect(replace(self._access, anonymous=True), None, self._proxies, QUICK)

    @property
    def _server(self) -> tuple[str, int, bool]:
        """Return host, port, and whether it uses https."""
        parts = urlsplit(self._plain.address)
        secure = parts.scheme == "https"
        return parts.hostname or "", parts.port or (443 if secure else 80), secure

    def _address(self) -> Found:
        host, port, _ = self._server
        if self._plain.proxies:
            return ok(f"{host} is reached through the proxy, which looks its name up.")
        resolve(host, port, 10.0)
        return ok(f"{host} is known to the network.")

    def _port(self) -> Found:
        host, port, _ = self._server
        if self._plain.proxies:
            return ok(f"{host}, port {port}, is reached through the proxy.")
        try:
            socket.create_connection((host, port), QUICK.connect).close()
        except ConnectionRefusedError:
            return failed(
                f"{host} answers, but not on port {port}.",
                "Check the endpoint, and whether the service runs.",
            )
        except OSError as error:
            return failed(
                f"{host}, port {port}, does not answer ({error.strerror or 'no answer in time'}).",
                "Check the endpoint, the network, VPN and firewall.",
            )
        return ok(f"Port {port} of {host} answers.")

    def _certificate(self) -> Found:
        host, port, secure = self._server
        if not secure:
            return skipped(
                "The endpoint begins with http://: nothing is encrypted. The secret key is never sent, but "
                "trips can be read on the way."
            )
        if self._plain.proxies:
            return skipped("The certificate is checked with every connection through the proxy.")
        context = trust(self._access.ca_file)
        try:
            line = socket.create_connection((host, port), QUICK.connect)
            with context.wrap_socket(line, server_hostname=host) as secured:
                shown = secured.getpeercert() or {}
        except OSError as error:
            fault = certificate_fault(
                error, f"the S3 service at {self._access.endpoint}", self._access.ca_file
            )
            if fault is not None:
                raise fault from error
            if speaks_no_tls(error):
                return failed(
                    f"What answers at {host}, port {port}, speaks no https.",
                    "Begin the endpoint with http:// if that is meant.",
                )
            return failed(f"The connection to {host} broke: {error}.", "Try again.")
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), timezone.utc)
        days = (ends - datetime.now(timezone.utc)).days
        text = f"The certificate of {host} is trusted, until {ends:%Y-%m-%d}."
        return ok(text) if days >= _SOON_DAYS else warning(text, "Have it renewed in time.")

    def _clock(self) -> Found:
        asked = time.time()
        headers = service_headers(self._plain)
        theirs = email.utils.parsedate_to_datetime(headers["date"]) if headers.get("date") else None
        if theirs is None:
            return skipped("The server does not tell its time.")
        off = theirs.timestamp() + 0.5 - (asked + time.time()) / 2  # its clock has whole seconds
        if abs(off) > SKEW_SECONDS:
            amount = f"{abs(off) / 60:.0f} min {'ahead' if off > 0 else 'behind'}"
            return failed(
                f"The server's clock is {amount}: it refuses every signature.",
                "Set the clock that is wrong, here or there; switch on NTP.",
            )
        return verdicts.clock(off, "The server's clock")
