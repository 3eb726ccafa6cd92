"""Choosing a folder of a bucket for a profile that is being edited, however little of it is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtWidgets import QWidget

from ...aggregation.contract.s3_access import is_s3
from ...cluster_client.profiles.profile import Profile
from .sections.bucket_folder import BucketFolderField

_ENTRIES = ("s3", "s3_authcfg", "ca_file")


def fault_of_buckets(faults: Mapping[str, str]) -> str:
    """The first faulty entry of those that lead to buckets; empty for none."""
    return next((entry for entry in faults if entry.partition(".")[0] in _ENTRIES), "")


def way_to_buckets(values: Mapping[str, Any]) -> Profile:
    """A profile that leads to the same buckets as the values of one, and nowhere else.

    Raises `ProfileError` where what leads to them is wrong.
    """
    other = {"kind": "local"} if values["kind"] == "local" else {"kind": "ssh", "host": "localhost"}
    return Profile.from_json({**other, "name": "S3", **{entry: values[entry] for entry in _ENTRIES}})


def choose_folder(values: Mapping[str, Any], field: BucketFolderField, window: QWidget) -> None:
    """Let the person look for a folder for that field; raises `ProfileError`."""
    from ..s3_browser.browser import S3Browser  # noqa: PLC0415

    address = field.value() if is_s3(field.value()) else ""
    browser = S3Browser(way_to_buckets(values), address, window, for_trips=False)
    browser.chosen.connect(field.choose)
    browser.open()
