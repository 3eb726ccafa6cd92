"""The job's files where Livy's Spark finds them: in a folder of Livy's host, or at an address in a bucket."""

from __future__ import annotations

from ...aggregation.s3_access import is_s3
from ..errors import StartError
from ..run_files import RunFiles
from ..ssh.place import Place
from .batch import address, job_files
from .rooms import Rooms


def put_jobs(rooms: Rooms, place: Place) -> list[str]:
    """Put the files there, unless they are, and return their addresses for Livy; the script comes first.

    Raises `StartError` where Livy would not find them.
    """
    contents = job_files(place)
    if is_s3(place.jobs):
        raise StartError("Jobs in a bucket are not yet known.")
    addresses = [address(path) for path in contents]

    def put(files: RunFiles, _: Place) -> None:
        files.make_folders(place.jobs)
        for path, content in contents.items():
            files.put_once(path, content)

    rooms.patiently(place.jobs, put)
    return addresses
