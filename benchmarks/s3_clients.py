"""The CPU that requests to S3 take by each client: signed here, obstore and boto3, in turn in one process.

python -m benchmarks.s3_clients [--rounds N]

CPU seconds of this process alone, the median of the rounds, so that other load of the machine affects all
clients alike and little. The server is versitygw on this computer.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Optional

from development.s3 import REGION, S3Server
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.storage.s3.keys import Keyring
from roadpulse.aggregation.storage.s3.obstore_client import ObstoreClient
from roadpulse.aggregation.storage.s3.signed_client import SignedClient
from roadpulse.aggregation.storage.s3.signed_requests import SignedRequests
from roadpulse.cluster_client.profiles.credentials import S3Keys
from roadpulse.cluster_client.s3 import listing
from roadpulse.cluster_client.s3.client import connect

from .measure import SCRATCH

BUCKET, OBJECTS, GETS, LISTINGS = "clients", 1000, 100, 5
SMALL, LARGE = 6_000, 5_000_000


def main(arguments: Optional[list[str]] = None) -> None:
    """Print the CPU milliseconds of a GET and of a listed page by each client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments or []).rounds
    server = S3Server(SCRATCH / "s3-clients", keep_alive=True)
    server.stop()
    with server:
        server.make_bucket(BUCKET)
        keys = server.keys()
        boto = server.client()
        for n in range(OBJECTS):
            boto.put_object(Bucket=BUCKET, Key=f"small/{n:04}.json", Body=bytes(SMALL))
        boto.put_object(Bucket=BUCKET, Key="large.json", Body=bytes(LARGE))
        access = S3Access(endpoint=server.endpoint, region=REGION, keys_file=str(server.keys_file))
        signed = SignedClient(access, BUCKET, SignedRequests(access, BUCKET, Keyring(access)))
        obstore = ObstoreClient(access, BUCKET)
        s3 = connect(access, S3Keys(keys.access, keys.secret))

        def by_boto(key: str) -> None:
            s3.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

        print("| CPU ms | signed here | obstore | boto3 |\n|---|---|---|---|")
        _compare(
            "GET of 6 KB", rounds, GETS,
            lambda: signed.get("small/0000.json", SMALL),
            lambda: obstore.get("small/0000.json", SMALL),
            lambda: by_boto("small/0000.json"),
        )  # fmt: skip
        _compare(
            "GET of 5 MB", rounds, LISTINGS,
            lambda: signed.get("large.json", LARGE),
            lambda: obstore.get("large.json", LARGE),
            lambda: by_boto("large.json"),
        )  # fmt: skip
        _compare(
            "page of 1,000 objects", rounds, LISTINGS,
            lambda: list(signed.pages("small/")),
            lambda: list(obstore.pages("small/")),
            lambda: list(listing.pages(s3, f"s3://{BUCKET}/small")),
        )  # fmt: skip


def _compare(what: str, rounds: int, times: int, *ways: Callable[[], object]) -> None:
    """Print one line of the table: the medians in ms for one call."""
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, costs in zip(ways, taken):
            way()
            began = time.process_time()
            for _ in range(times):
                way()
            costs.append((time.process_time() - began) / times * 1000)
    print(f"| {what} | " + " | ".join(f"{statistics.median(costs):.2f}" for costs in taken) + " |")


if __name__ == "__main__":
    main()
