"""Access to the files of a profile's runs and jobs, over SFTP or in a bucket, chosen by path."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, Optional, TypeVar

from ....aggregation.contract.s3_access import is_s3
from ...errors import ProfileError
from ...profiles.credentials import ProfileKeys
from ...profiles.profile import Profile
from ...profiles.ssh_credentials import Credentials
from ...retry import RETRY_POLICY, RetryingConnection, RetryPolicy
from ...runs.files import IsCancelled, RunFiles
from ...ssh.network import TIMEOUTS, Timeouts
from ...ssh.run_paths import RemoteFolders

if TYPE_CHECKING:
    from ...s3.client import S3Connection
    from ...ssh.connection import Connection
    from ...ssh.known_hosts import KnownHosts
    from ...ssh.session import Session

T = TypeVar("T")
Work = Callable[[RunFiles, RemoteFolders], T]


def _never() -> bool:
    return False


class FileAccess:
    """Connections to a profile's files, opened when needed. Thread-safe.

    Functions get the files and the remote folders; they must be idempotent, as they are repeated after a
    broken connection.
    """

    def __init__(
        self,
        profile: Profile,
        keys: ProfileKeys,
        known_hosts: Optional[KnownHosts],
        *,
        timeouts: Timeouts = TIMEOUTS,
        retry_policy: RetryPolicy = RETRY_POLICY,
    ) -> None:
        self._profile, self._keys, self._known_hosts = profile, keys, known_hosts
        self._timeouts, self._retry_policy = timeouts, retry_policy
        self._lock = threading.Lock()
        self._session: Optional[Session] = None
        self._s3: Optional[S3Connection] = None
        self._bucket = RetryingConnection(self._in_bucket, retry_policy)

    @property
    def session(self) -> Session:
        """Return the SSH connection of the profile; raises `ProfileError` if it names no host."""
        from ...ssh.session import Session  # noqa: PLC0415  (needs a package that buckets do without)

        with self._lock:
            if self._session is None:
                if not self._profile.host or self._known_hosts is None:
                    raise ProfileError(
                        "host",
                        f"The profile {self._profile.name!r} names no computer to log in to over SSH, and a "
                        "folder that is not in a bucket. Name the one, or s3://… as the other.",
                    )
                self._session = Session(
                    self._profile, self._keys.ssh or Credentials(), self._known_hosts, self._timeouts,
                    self._retry_policy,
                )  # fmt: skip
            return self._session

    def once(self, path: str, work: Work[T]) -> T:
        """Call `work` once for the storage of `path`; raises `NoAnswer` at the first failure."""
        if is_s3(path):
            return self._bucket.once(lambda found: work(*found))
        return self.session.once(lambda c, folders: work(_sftp(c), folders))

    def with_retries(
        self, path: str, work: Work[T], cancelled: IsCancelled = _never, total: float = 0.0
    ) -> T:
        """See `RetryingConnection.with_retries`."""
        if is_s3(path):
            return self._bucket.with_retries(lambda found: work(*found), cancelled, total)
        return self.session.with_retries(lambda c, folders: work(_sftp(c), folders), cancelled, total)

    def polled(self, path: str, work: Work[T]) -> T:
        """See `RetryingConnection.polled`."""
        if is_s3(path):
            return self._bucket.polled(lambda found: work(*found))
        return self.session.polled(lambda c, folders: work(_sftp(c), folders))

    def folders(self) -> RemoteFolders:
        """Return the profile's folders, absolute by the user's home if the profile names a host."""
        if self._profile.host:
            return self.session.with_retries(lambda _, folders: folders)
        return RemoteFolders.of(self._profile, "")

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        with self._lock:
            session, s3, self._s3 = self._session, self._s3, None
        if session is not None:
            session.close()
        self._bucket.reset()
        if s3 is not None:
            s3.close()

    def s3(self) -> S3Connection:
        """Return the connection to the profile's buckets."""
        from ...s3.client import connect_for  # noqa: PLC0415  (needs a package that SFTP does without)

        with self._lock:
            if self._s3 is None:
                self._s3 = connect_for(self._profile, self._keys.s3, self._keys.s3_proxies)
            return self._s3

    def _in_bucket(self) -> tuple[RunFiles, RemoteFolders]:
        from ...s3.files import S3Files  # noqa: PLC0415

        # also with a host: following a run in a bucket needs no SSH connection
        return S3Files(self.s3()), RemoteFolders.of(self._profile, "")


def _sftp(connection: Connection) -> RunFiles:
    from ...ssh.transfer import SftpFiles  # noqa: PLC0415  (needs a package that buckets do without)

    return SftpFiles(connection)
