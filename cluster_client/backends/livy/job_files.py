"""Transfer of the job's files to where Livy's Spark finds them: a folder of Livy's host, or a bucket.

Livy's user runs these files. A folder of Livy's host is therefore private to the user, below that of the
jobs: other users can neither change nor replace its files.

From a bucket Spark's driver downloads them over http by a presigned URL, valid for one object and a limited
time, so that neither Livy nor Spark needs keys or the jars of s3a. The objects contain the plugin's source
code.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ....aggregation.contract.s3_access import is_s3
from ...runs.files import RunFiles
from ...s3.boto_client import BotoClient
from ...s3.client import S3Connection, split
from ...ssh.run_paths import RemoteFolders
from .batch import address, job_files
from .file_access import FileAccess

SIGNED_SECONDS = 3600
"""Validity of a presigned URL in seconds; the driver downloads the files when it starts."""


def put_jobs(file_access: FileAccess, folders: RemoteFolders) -> list[str]:
    """Send the files unless they are there, and return their addresses for Livy, the script first.

    Raises `StartError` if Livy would not find them, and `BackendError` if others could replace them.
    """
    return put_files(file_access, folders, job_files())


def put_files(file_access: FileAccess, folders: RemoteFolders, contents: dict[str, bytes]) -> list[str]:
    """Send other files, by their names in the same folder, as `put_jobs` does."""

    in_bucket = is_s3(folders.jobs)
    if not in_bucket:
        address(folders.jobs)  # raises before anything is sent to a path that Spark cannot use

    def put(files: RunFiles, _: RemoteFolders) -> list[str]:
        folder = files.make_own_folder(folders.jobs, [n.rpartition("/")[0] for n in contents if "/" in n])
        paths = {f"{folder}/{name}": content for name, content in contents.items()}
        for path, content in paths.items():
            files.put_once(path, content)
        return list(paths)

    paths = file_access.with_retries(folders.jobs, put)
    return [signed(file_access.s3(), path) if in_bucket else address(path) for path in paths]


def signed(s3: S3Connection, path: str) -> str:
    """Return a presigned URL of one object.

    Spark recognises a Python script by the end of its address, which is that of the signature: the object's
    name is therefore added as the last parameter, as the name under which to save it.
    """
    bucket, key = split(path)
    name = key.rpartition("/")[2]
    url = BotoClient(s3, bucket).presigned(key, SIGNED_SECONDS, name)
    parts = urlsplit(url)
    query = sorted(parts.query.split("&"), key=lambda part: part.endswith(f"={name}"))
    return parts._replace(query="&".join(query)).geturl()
