"""The job's files at a place where Livy's Spark finds them: a folder of Livy's host, or a bucket.

Livy's user runs them as they lie there. A folder of Livy's host is therefore the user's own, below that of
the jobs: other users can neither change nor replace its files.

From a bucket Spark's driver fetches them over http: by an address that is signed for this one object and some
minutes, so that neither Livy nor Spark needs a key, nor the jars of s3a. The object holds the plugin's own
source code.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ....aggregation.contract.s3_access import is_s3
from ...runs.files import RunFiles
from ...s3.client import S3Connection, split
from ...ssh.run_paths import RemoteFolders
from .batch import address, job_files
from .file_access import FileAccess

SIGNED_SECONDS = 3600
"""Validity of a signed address: the driver fetches them when it starts."""


def put_jobs(file_access: FileAccess, folders: RemoteFolders) -> list[str]:
    """Put the files there, unless they are, and return their addresses for Livy; the script comes first.

    Raises `StartError` where Livy would not find them, and `BackendError` where others could replace them.
    """
    return put_files(file_access, folders, job_files())


def put_files(file_access: FileAccess, folders: RemoteFolders, contents: dict[str, bytes]) -> list[str]:
    """Put other files, by their names below the same folder, as `put_jobs` does."""

    in_bucket = is_s3(folders.jobs)
    if not in_bucket:
        address(folders.jobs)  # nothing is sent to where Spark could not find it

    def put(files: RunFiles, _: RemoteFolders) -> list[str]:
        folder = files.make_own_folder(folders.jobs, [n.rpartition("/")[0] for n in contents if "/" in n])
        paths = {f"{folder}/{name}": content for name, content in contents.items()}
        for path, content in paths.items():
            files.put_once(path, content)
        return list(paths)

    paths = file_access.with_retries(folders.jobs, put)
    return [signed(file_access.s3(), path) if in_bucket else address(path) for path in paths]


def signed(s3: S3Connection, path: str) -> str:
    """Return an address at which one object of a bucket can be read for a while.

    Spark recognises a Python script by the end of its address, which is that of the signature: the object's
    name is therefore added as the last parameter, as the name under which to save it.
    """
    bucket, key = split(path)
    name = key.rpartition("/")[2]
    with s3.asked("Signing an address of", path):
        url = s3.client.generate_presigned_url(
            "get_object",
            Params={"Bucket": bucket, "Key": key, "ResponseContentDisposition": name},
            ExpiresIn=SIGNED_SECONDS,
        )
    parts = urlsplit(url)
    query = sorted(parts.query.split("&"), key=lambda part: part.endswith(f"={name}"))
    return parts._replace(query="&".join(query)).geturl()
