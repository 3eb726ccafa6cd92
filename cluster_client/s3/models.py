"""boto3's descriptions of services: read once for all connections of a process, and kept small.

botocore parses some 3 MB of JSON for every session, and keeps them as 35,000 ordered dictionaries and lists.
Python's garbage collector goes through all that there is again and again, in whichever thread, and nothing
else of the process runs meanwhile, the window's event loop least of all: with three connections that took
100 ms each time. Kept like this, all connections together hold 8,000.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader

if TYPE_CHECKING:
    from botocore.session import Session


class SharedFiles(JSONFileLoader):
    """Loader of botocore's files that reads each once, into plain dictionaries, which keep their order.

    The collector leaves plain dictionaries of texts and numbers alone. Of the list of all services' addresses
    only those stay that are used here; for any other botocore takes the usual form of an address.
    """

    def __init__(self) -> None:
        self._read: dict[str, Any] = {}

    def load_file(self, file_path: str) -> Any:
        """The content of a JSON file named without its ending; None where there is none."""
        if file_path not in self._read:
            found = _content(Path(file_path))
            if found is None:
                return super().load_file(file_path)
            if Path(file_path).name == _ADDRESSES:
                _keep_asked(found)
            self._read[file_path] = found
        return self._read[file_path]


_ADDRESSES = "endpoints"
_ASKED = frozenset({"s3", "sts", "oidc", "portal.sso"})
"""S3, and who gives keys."""

_FILES = SharedFiles()


def reuse_files(session: Session) -> None:
    """Let a session take what others have read."""
    session.get_component("data_loader").file_loader = _FILES


def _content(path: Path) -> Any:
    plain = path.with_name(f"{path.name}.json")
    if plain.is_file():
        return json.loads(plain.read_bytes())
    packed = path.with_name(f"{path.name}.json.gz")
    return json.loads(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


def _keep_asked(addresses: Any) -> None:
    for partition in addresses.get("partitions", ()):
        services = partition.get("services", {})
        partition["services"] = {name: values for name, values in services.items() if name in _ASKED}
