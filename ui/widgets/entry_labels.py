"""Entries of a profile's file, which errors name, as the editor of profiles calls them."""

from __future__ import annotations

import re

from ...cluster_client.backends import registry
from ...mapping.language import tr

LABELS = {
    "host": ("SSH", "Host"),
    "user": ("SSH", "User"),
    "key_path": ("SSH", "Key file"),
    "authcfg": ("SSH", "Password"),
    "jump_host": ("Jump host and host key", "Jump host"),
    "host_key": ("Jump host and host key", "Host key"),
    "livy_url": ("Livy", "Address"),
    "livy_authcfg": ("Livy", "Password"),
    "spark_master": ("Spark", "Master"),
    "spark_home": ("Spark", "Folder"),
    "python": ("Spark", "Python"),
    "folders.runs": ("Folders", "Runs"),
    "folders.store": ("Folders", "Points"),
    "folders.jobs": ("Folders", "Jobs"),
    "s3_authcfg": ("Trips and folders in S3", "Keys here"),
}
"""Heading and label of the fields, by entry; those that a type of backend declares have them from it."""

# A word in quotes alone may be anything, such as the name of a user.
_NAMED = re.compile(r"\b(entry|as) '([a-z0-9_.]+)'")


def in_form(text: str) -> str:
    """Return a sentence in which the entries of a profile have the names of their fields.

    `Correct the profile's entry 'key_path'.` says `“Key file” under “SSH”` then; what is no entry stays.
    """
    return _NAMED.sub(_label, text)


def _label(match: re.Match[str]) -> str:
    own = {
        entry.name: (section.title, entry.label)
        for kind in registry.TYPES.values()
        for section in kind.own_sections
        for entry in section.entries
    }
    labels = {**own, **LABELS}
    if match[2] not in labels:
        return match[0]
    heading, label = labels[match[2]]
    return f"{match[1]} " + tr("“{label}” under “{heading}”").format(label=tr(label), heading=tr(heading))
