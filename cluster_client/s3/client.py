"""The way to buckets from this computer: boto3 with explicit waits, a profile's keys, words for faults.

    s3 = connect(access, keys)
    pages = BotoClient(s3, "trips").pages("2019/")  # of `boto_client`, which sends all requests

boto3 is imported with the first connection, which takes a moment: not on the thread that draws windows. One
connection may be used by several threads.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlsplit

from ...aggregation.contract.s3_access import SCHEME, S3Access
from ...aggregation.storage.local import scratch
from ...aggregation.storage.s3.errors import S3Error
from ...aggregation.storage.s3.keys import keys as keys_of_file
from ..certificates import trust
from ..errors import BackendError
from ..profiles.credentials import S3Keys
from ..profiles.profile import Profile
from .error_messages import Request, in_words, no_s3

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client

DEFAULT_REGION = "us-east-1"
_OF_ROLES = ("iam-role", "container-role", "assume-role-with-web-identity")  # they end, and are renewed there


@dataclass(frozen=True)
class Waits:
    """Seconds to connect and for every answer; `attempts` counts all, with growing pauses between them."""

    connect: float = 3.0
    read: float = 30.0
    attempts: int = 4


USUAL = Waits()
QUICK = Waits(read=5.0, attempts=1)
"""Short waits, for a check that the server answers."""


@dataclass(frozen=True)
class S3Connection:
    """A client of boto3, and what is to be said about where it leads."""

    client: S3Client
    access: S3Access
    proxies: Mapping[str, str] = field(repr=False)  # may hold a password
    keys_from: str

    @contextlib.contextmanager
    def asked(self, doing: str, path: str = "") -> Iterator[None]:
        """Turn botocore's errors into `S3Error`. `doing` as in "Listing", `path` an address s3://…"""
        try:
            yield
        except BaseException as error:
            explained = in_words(error, Request(doing, path, self.access, self.proxies, self.keys_from))
            if explained is error:
                raise
            raise explained from error

    def expect(self, answer: Mapping[str, Any], entry: str) -> None:
        """Raise `NotS3` for an answer without what every S3 server says: some page may look like success."""
        if entry not in answer:
            raise no_s3(self.where, f"{entry} is missing in {sorted(answer)}")

    @property
    def where(self) -> str:
        """The service as a person calls it."""
        return self.access.endpoint or "AWS"

    @property
    def address(self) -> str:
        """The address of the service."""
        return str(self.client.meta.endpoint_url)

    def close(self) -> None:
        """Give up its connections."""
        self.client.close()


def connect_for(
    profile: Profile,
    keys: Optional[S3Keys] = None,
    proxies: Optional[Mapping[str, str]] = None,
    waits: Waits = USUAL,
) -> S3Connection:
    """The way from this computer to the buckets of a profile; see `connect`."""
    return connect(access_here(profile), keys, proxies, waits)


def access_here(profile: Profile) -> S3Access:
    """Return this computer's access to a profile's buckets; the profile describes the computers that run.

    Of a profile with remote runs, a file with keys also counts if this computer has it.
    """
    access = profile.s3
    if profile.runs_here:
        return replace(access, ca_file=access.ca_file or profile.ca_file)
    has_keys = bool(access.keys_file) and Path(access.keys_file).expanduser().is_file()
    return replace(
        access,
        ca_file=profile.ca_file,
        keys_file=access.keys_file if has_keys else "",
        keys_profile=access.keys_profile if has_keys else "",
    )


def access_of_runs(profile: Profile, keys: Optional[S3Keys] = None) -> S3Access:
    """Return the access to a profile's buckets for the computers that run, as `RunSpec.s3` has it.

    A run on this computer gets `keys` by its environment, which then stand before a file.
    """
    access = access_here(profile) if profile.runs_here else profile.s3
    if keys is None:
        return access
    access = replace(access, region=access.region or keys.region)
    return replace(access, keys_file="", keys_profile="") if profile.runs_here else access


def keys_of_runs(access: S3Access, keys: Optional[S3Keys] = None) -> Optional[S3Keys]:
    """The keys to hand to a run on this computer; None: it finds them by itself, or needs none.

    Runs know the environment, files of keys and roles of instances, but not all else that boto3 finds.
    """
    if keys is not None or access.anonymous or access.keys_file:
        return keys
    try:
        found = _session(access, None).get_credentials()
    except (BackendError, S3Error):
        return None  # the run reports what it lacks
    if found is None or found.method in _OF_ROLES:
        return None
    frozen = found.get_frozen_credentials()
    return S3Keys(frozen.access_key or "", frozen.secret_key or "", frozen.token or "")


def connect(
    access: S3Access,
    keys: Optional[S3Keys] = None,
    proxies: Optional[Mapping[str, str]] = None,
    waits: Waits = USUAL,
) -> S3Connection:
    """Return a connection; no request is sent yet.

    Without `keys` those of `access.keys_file` count, then those that boto3 finds on this computer
    (environment, `~/.aws`, section `access.keys_profile`, the instance's role). `proxies` are addresses for
    `http` and `https` (None: the environment's); servers of this computer are reached without. Raises
    `BackendError` or `S3Error`.
    """
    given = None if access.anonymous else keys or _of_file(access)
    session = _session(access, given)
    from botocore import UNSIGNED  # noqa: PLC0415  (`_session` has raised if it is missing)
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    proxies = _proxies(access.endpoint, proxies)
    more: dict[str, Any] = {"signature_version": UNSIGNED if access.anonymous else "s3v4"}
    more["ignore_configured_endpoint_urls"] = True  # of the environment, which runs do not look at either
    config = Config(
        connect_timeout=waits.connect,
        read_timeout=waits.read,
        retries={"total_max_attempts": waits.attempts, "mode": "standard"},
        proxies=dict(proxies),
        s3={"addressing_style": "path" if access.path_style else "virtual"},
        # Servers of some years ago know nothing of the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **more,
    )
    keys_from = _keys_from(access, keys)
    try:
        region = access.region or (given.region if given else "") or session.region_name or DEFAULT_REGION
        client = session.client(
            "s3", region_name=region, endpoint_url=access.endpoint or None, config=config,
            verify=_bundle(access.ca_file) if access.ca_file else None,
        )  # fmt: skip
    except (BotoCoreError, ValueError) as error:
        raise in_words(error, Request("Connecting", "", access, proxies, keys_from)) from error
    return S3Connection(client, access, proxies, keys_from)


def _session(access: S3Access, keys: Optional[S3Keys]) -> Session:
    try:
        import boto3  # noqa: PLC0415  (takes a moment, and only S3 needs it)
        import botocore.session  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError as error:
        raise BackendError(
            "Buckets cannot be reached: this QGIS has no Python package boto3. Install it (pip install "
            "boto3, or the plugin qpip), and restart QGIS.",
            repr(error),
        ) from error
    from .models import reuse_files  # noqa: PLC0415  (it needs the package)

    core = botocore.session.Session()
    reuse_files(core)
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    try:
        return boto3.session.Session(
            botocore_session=core,
            aws_access_key_id=keys.key_id if keys else None,
            aws_secret_access_key=keys.secret if keys else None,
            aws_session_token=(keys.token or None) if keys else None,
            profile_name=None if keys else access.keys_profile or None,
        )
    except BotoCoreError as error:
        raise in_words(error, Request("Connecting", "", access, {}, _keys_from(access, keys))) from error


def _moment(text: Any) -> datetime:
    """Read a time as botocore does, ten times as fast for those of listings, where it took half of all."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        from botocore.utils import parse_timestamp  # noqa: PLC0415

        moment: datetime = parse_timestamp(text)
        return moment


def split(url: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of `s3://bucket/key`; either may be empty."""
    bucket, _, key = url[len(SCHEME) :].partition("/")
    return bucket, key


def _keys_from(access: S3Access, keys: Optional[S3Keys]) -> str:
    if keys is not None:
        return "the entry that the profile names as 's3_authcfg'"
    return access.keys_file or "this computer's environment or ~/.aws/credentials"


def _of_file(access: S3Access) -> Optional[S3Keys]:
    if not access.keys_file:
        return None
    found = keys_of_file(access)
    return S3Keys(*found) if found else None


def _proxies(endpoint: str, given: Optional[Mapping[str, str]]) -> Mapping[str, str]:
    """The proxies that lead to an endpoint: those given, else the environment's but for its exceptions."""
    host = urlsplit(endpoint).hostname or "amazonaws.com"
    if _is_here(endpoint):
        return {}
    if given is not None:
        if any(not address.startswith(("http://", "https://")) for address in given.values()):
            raise BackendError(
                f"{host} is to be reached through a SOCKS proxy, and buckets can only be reached through one "
                "of HTTP. Exclude the address in QGIS's settings (Options, Network), or name an HTTP proxy "
                "there."
            )
        return given
    found = {} if urllib.request.proxy_bypass(host) else urllib.request.getproxies()
    return {scheme: address for scheme, address in found.items() if scheme in ("http", "https")}


def _is_here(endpoint: str) -> bool:
    """Return True if an address is this computer's own, to which no proxy leads."""
    host = urlsplit(endpoint).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _bundle(ca_file: str) -> str:
    """A file with the certificates that this computer trusts and those of `ca_file`: botocore takes one.

    It is one of this process's temporary files: where QGIS ends without a word the next process removes it.
    """
    certificates = trust(ca_file).get_ca_certs(binary_form=True)
    path = scratch.folder() / f"{sha256(b''.join(certificates)).hexdigest()}.pem"
    if not path.exists():
        with scratch.file("trusted") as aside:
            aside.write_text("".join(map(ssl.DER_cert_to_PEM_cert, certificates)), encoding="ascii")
            os.replace(aside, path)  # noqa: PTH105
    return str(path)
