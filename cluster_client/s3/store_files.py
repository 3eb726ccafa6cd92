"""Tables of trip files of a point store in a bucket, fetched to this computer.

A store lists in one small table for each ingest which files it holds (see `aggregation.store.point_store`).
These are fetched into a folder in the layout of a store, so that readers of stores can read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, Optional

from ...aggregation.contract.spec import DecodeRules
from ...aggregation.storage.s3.listing import ObjectInfo
from .client import S3Connection
from .files import S3Files
from .listing import objects

_TABLE = re.compile(r"/(ingest=[^/\\]+)/files\.parquet$")  # nothing that leads out of a folder
_MOST_TABLES, _MOST_BYTES = 1000, 64 << 20
_AT_ONCE = 8


@contextmanager
def tables_at_hand(
    s3: S3Connection, store: str, rules: DecodeRules, check: Callable[[], None]
) -> Iterator[Optional[str]]:
    """Yield a folder with the tables of a store, gone afterwards; None where that would take too long.

    `check` may raise to stop. Raises `S3Error`.
    """
    below = f"{rules.digest()}/files"
    found: list[tuple[str, ObjectInfo]] = []
    for each in objects(s3, f"{store.rstrip('/')}/{below}"):
        check()
        table = _TABLE.search(each.key)
        if table:
            found.append((table[1], each))
        if len(found) > _MOST_TABLES:
            break
    if len(found) > _MOST_TABLES or sum(each.size for _, each in found) > _MOST_BYTES:
        yield None
        return
    files = S3Files(s3)
    with TemporaryDirectory(prefix="roadpulse-") as folder:

        def fetch(ingest: str, table: ObjectInfo) -> None:
            check()
            path = Path(folder, below, ingest, "files.parquet")
            path.parent.mkdir(parents=True)
            with path.open("wb") as file:
                file.writelines(files.blocks(table.url, 0, table.size))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(fetch, *each) for each in found]:
                done.result()
        yield folder
