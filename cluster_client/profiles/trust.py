"""Consent to programs that profile files name; without it they are not run.

Profiles are shared as files, and their authors choose the program that is started as `python` or from
`spark_home`, on this computer or as the person's user on a cluster. Stored profiles were entered or agreed to
in the windows. For files the person is asked, and the consent is stored for these programs on this host.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from ..errors import ProfileError
from ..shared_files import read_text, write_atomically
from .entries import TextEntry
from .profile import Profile, type_of

CONSENT = "TRUST_PROGRAMS"
"""Parameter of the algorithms by which a person agrees."""

_USUAL = re.compile(r"(?:python(?:3(?:\.[0-9]{1,2})?)?)?")
"""A Python that is found on the PATH."""


class ProgramsUntrusted(ProfileError):
    """A profile file names programs that are not trusted on this computer."""


def named_programs(profile: Profile) -> dict[str, str]:
    """Return the entries of a profile that name programs, other than a Python on the PATH."""
    found = {"python": profile.python, "spark_home": profile.spark_home}
    for entry in type_of(profile).own_entries:
        if isinstance(entry, TextEntry) and entry.program:
            found[entry.name] = str(profile.own[entry.name])
    return {entry: value for entry, value in found.items() if value and not _USUAL.fullmatch(value)}


def where_they_run(profile: Profile) -> str:
    """Return the name of the host on which a profile's programs are run."""
    if profile.runs_here:
        return "this computer"
    return f"{profile.host or profile.service_url} and the computers of its cluster"


class Trust:
    """Programs that were agreed to, as lines of digests in a file that may not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, profile: Profile, file: Path) -> None:
        """Raise `ProgramsUntrusted` if the profile of a file names programs that were not agreed to."""
        programs = named_programs(profile)
        if not programs or _digest(profile) in self._known():
            return
        listed = " and ".join(f"{value!r} as {entry!r}" for entry, value in programs.items())
        raise ProgramsUntrusted(
            next(iter(programs)),
            f"The profile {file} names programs: {listed}. They would run on {where_they_run(profile)}, as "
            f"you, and nothing of it was started. If you know who wrote the file, agree once with {CONSENT} "
            "(it is remembered), or add the profile in Roadpulse's window of profiles.",
        )

    def remember(self, profile: Profile) -> None:
        """Store the consent to the programs of a profile; raises `ProfileError`."""
        known = self._known()
        if not named_programs(profile) or _digest(profile) in known:
            return
        try:
            write_atomically(self._path, "".join(f"{line}\n" for line in sorted({*known, _digest(profile)})))
        except OSError as error:
            raise ProfileError(
                "",
                f"It cannot be remembered in {self._path} that the programs are trusted: {error.strerror}.",
            ) from error

    def _known(self) -> set[str]:
        try:
            return set(read_text(self._path).split())
        except FileNotFoundError:
            return set()
        except (OSError, UnicodeDecodeError) as error:
            raise ProfileError(
                "", f"The list of trusted programs {self._path} cannot be read: {error}."
            ) from error


def _digest(profile: Profile) -> str:
    """Return a digest of the programs, the host and the user."""
    target = [profile.kind, profile.host, profile.port, profile.user, profile.jump_host, profile.service_url]
    return hashlib.sha256(json.dumps([target, named_programs(profile)]).encode()).hexdigest()
