"""A throw-away S3 server: versitygw over a folder.

    with S3Server(Path("build/s3")) as server:            # 0.1 s, once versitygw is built (1–4 minutes)
        server.client().create_bucket(Bucket="trips")
        S3Access(endpoint=server.endpoint, region=REGION, keys_file=str(server.keys_file))

The keys are made at the first start and lie in `keys_file`, in the format of ~/.aws/credentials and readable
by the owner alone. A bucket is a folder in `data`, an object a file in it.
"""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import re
import secrets
import signal
import ssl
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from .certificates import Certificate
from .cluster_daemons import Daemon
from .installed import Unavailable, installed, run
from .ports import free_port

VERSION = "1.7.0"
REGION = "us-east-1"
READING = ("s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject")
WRITING = (*READING, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
_OPERATION = re.compile(r"\] \S+ \S+ \S+ (?:s3[_:])?(\w+) ")


def versitygw() -> Path:
    """Return the server's program; built where it is missing. Raises `Unavailable`."""

    def build(folder: Path) -> None:
        print("Building the S3 server versitygw (once; a few minutes)", file=sys.stderr)
        # The Go of Debian fetches the newer one that versitygw asks for.
        environment = {"HOME": str(Path.home()), **os.environ}  # Go does not look it up
        environment |= {"GOBIN": str(folder), "GOTOOLCHAIN": "auto", "CGO_ENABLED": "0"}
        module = f"github.com/versity/versitygw/cmd/versitygw@v{VERSION}"
        run(["go", "install", module], "The S3 server versitygw", environment)

    return installed(f"versitygw-{VERSION}", build) / "versitygw"


@dataclass(frozen=True)
class Keys:
    """The keys that sign a user's requests."""

    access: str
    secret: str


class S3Server:
    """One server in a folder; a context manager that starts and stops it. Buckets outlive a stop.

    `port` 0 takes a free one. With `certificate` it speaks https. With `domain` it takes the bucket from the
    host's name too (`bucket.domain`). With `access_log` it writes down every request, for `operations`. With
    `keep_alive` connections stay open after an answer, as those of AWS and MinIO do; versitygw closes them
    otherwise.
    """

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: Optional[Certificate] = None,
        *,
        domain: str = "",
        access_log: bool = False,
        keep_alive: bool = False,
    ) -> None:
        self.folder = folder.absolute()
        self.host = host
        self.port = port or free_port(host)
        self.certificate = certificate
        self.domain = domain
        self.keep_alive = keep_alive
        self.access_log = self.folder / "access.log" if access_log else None

    def __enter__(self) -> S3Server:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def daemon(self) -> Daemon:
        return Daemon(self.folder, "versitygw")

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}"

    @property
    def data(self) -> Path:
        """The folder of the buckets."""
        return self.folder / "data"

    @property
    def keys_file(self) -> Path:
        """The keys of all users, a section for each; `default` is the owner of everything."""
        return self.folder / "keys"

    def keys(self, user: str = "default") -> Keys:
        """Return the keys of one user; raises KeyError for one who is not there."""
        section = self._sections()[user]
        return Keys(section["aws_access_key_id"], section["aws_secret_access_key"])

    def start(self) -> None:
        """Start the server, unless it runs, and wait until it answers."""
        if self.daemon.process():
            return
        program = versitygw()
        for folder in (self.data, self._users):
            folder.mkdir(parents=True, exist_ok=True)
        if not self.keys_file.exists():
            self._keep("default")
        options = ["--port", f"{self.host}:{self.port}", "--region", REGION, "--health", "/health", "--quiet"]
        options += ["--iam-dir", str(self._users), "--iam-cache-disable"]
        if self.domain:
            options += ["--virtual-domain", self.domain]
        if self.keep_alive:
            options += ["--keep-alive"]
        if self.access_log:
            options += ["--access-log", str(self.access_log)]
        if self.certificate:
            options += ["--cert", str(self.certificate.pem), "--key", str(self.certificate.key)]
        root = self.keys()
        environment = {"ROOT_ACCESS_KEY_ID": root.access, "ROOT_SECRET_ACCESS_KEY": root.secret}
        self.daemon.start([str(program), *options, "posix", str(self.data)], environment)
        end = time.monotonic() + 120
        while not self.answers():
            if time.monotonic() > end or not self.daemon.process():
                raise RuntimeError(f"the S3 server did not come up:\n{self.daemon.said()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server; the buckets stay."""
        self.daemon.stop()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the server a signal, for tests of faults; `start` restarts it."""
        process = self.daemon.process()
        if process:
            process.send(number)

    def answers(self) -> bool:
        """Return True if the server answers."""
        trust = ssl._create_unverified_context()  # a certificate that no client accepts is wanted at times
        handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)]
        opener = urllib.request.build_opener(*handlers)
        with contextlib.suppress(OSError), opener.open(f"{self.endpoint}/health", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def client(self, user: str = "default") -> Any:
        """Return a boto3 client with a user's keys; it trusts the authority of the certificate."""
        import boto3
        from botocore.config import Config

        keys = self.keys(user)
        trusted = str(self.certificate.ca_file) if self.certificate else None
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, verify=trusted,
            aws_access_key_id=keys.access, aws_secret_access_key=keys.secret,
            config=Config(
                connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2}, proxies={},
                s3={"addressing_style": "path"},
            ),
        )  # fmt: skip

    def make_bucket(self, name: str) -> str:
        """Make a bucket, unless it is there; returns its name."""
        client = self.client()
        with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=name)
        return name

    def add_user(self, name: str) -> Keys:
        """Make a user, who may do nothing until `allow` or `set_policy` says so."""
        keys = self._keep(name)
        self._administer(name, "create-user", "--secret", keys.secret, "--role", "user")
        return keys

    def remove_user(self, name: str) -> None:
        """Have the server know a user no more."""
        self._administer(name, "delete-user")

    def allow(self, bucket: str, user: str, actions: Sequence[str] = READING) -> None:
        """Allow one user (`*`: all, without keys too) these actions in a bucket, and no other user."""
        principal = user if user == "*" else self.keys(user).access
        about = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        statements = [
            {"Effect": "Allow", "Principal": principal, "Action": [action], "Resource": resource}
            for action in actions
            for resource in [about[0] if "Bucket" in action else about[1]]
        ]
        self.set_policy(bucket, {"Version": "2012-10-17", "Statement": statements})

    def set_policy(self, bucket: str, policy: dict[str, Any]) -> None:
        """Set a bucket's policy, in the words of AWS."""
        self.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    def operations(self) -> Counter[str]:
        """Requests so far by operation (`GetObject`, `ListObjectsV2`, …); needs `access_log`."""
        if not self.access_log:
            raise ValueError("this server keeps no access log")
        lines = self.access_log.read_text(encoding="utf-8", errors="replace").splitlines()
        return Counter(match[1] for line in lines if (match := _OPERATION.search(line)))

    def _administer(self, name: str, what: str, *options: str) -> None:
        root = self.keys()
        environment = {
            **os.environ,
            "ADMIN_ACCESS_KEY_ID": root.access,
            "ADMIN_SECRET_ACCESS_KEY": root.secret,
            "ADMIN_ENDPOINT_URL": self.endpoint,
            "ADMIN_ALLOW_INSECURE": "true",
            "ADMIN_REGION": REGION,
        }
        words = [str(versitygw()), "admin", what, "--access", self.keys(name).access, *options]
        run(words, f"The S3 user {name}", environment)

    @property
    def _users(self) -> Path:
        return self.folder / "users"

    def _sections(self) -> configparser.ConfigParser:
        found = configparser.ConfigParser(interpolation=None, default_section="")
        found.read(self.keys_file, encoding="ascii")
        return found

    def _keep(self, name: str) -> Keys:
        sections = self._sections()
        keys = Keys("AK" + secrets.token_hex(9).upper(), secrets.token_hex(20))
        sections[name] = {"aws_access_key_id": keys.access, "aws_secret_access_key": keys.secret}
        self.keys_file.touch(mode=0o600)
        with self.keys_file.open("w", encoding="ascii") as file:
            sections.write(file)
        return keys


__all__ = ["READING", "REGION", "WRITING", "Keys", "S3Server", "Unavailable", "versitygw"]
