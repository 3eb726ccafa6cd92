"""Programs that a profile names: those of a file run only once the person has agreed.

A profile is shared as a file, and its author decides which program is started as `python` or from
`spark_home`, on this computer or as the person's user on a cluster. A stored profile was typed in or agreed
to in the windows. A file is asked about, and what was agreed to is remembered: for these programs in this
place.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from ..errors import ProfileError
from ..shared_files import read_text, write_atomically
from .profile import Profile

CONSENT = "TRUST_PROGRAMS"
"""The parameter of the algorithms with which a person agrees."""

_USUAL = re.compile(r"(?:python(?:3(?:\.[0-9]{1,2})?)?)?")
"""A Python that is found where the person's own commands are."""


class ProgramsUntrusted(ProfileError):
    """A profile file names programs that are not trusted on this computer."""


def named_programs(profile: Profile) -> dict[str, str]:
    """Entries of a profile that name programs to be run, other than a usual Python of the path."""
    found = {"python": profile.python, "spark_home": profile.spark_home}
    return {entry: value for entry, value in found.items() if value and not _USUAL.fullmatch(value)}


def where_they_run(profile: Profile) -> str:
    """Return the name of the place where a profile's programs are run."""
    if profile.runs_here:
        return "this computer"
    return f"{profile.host or profile.service_url} and the computers of its cluster"


class Trust:
    """Programs that were agreed to, as lines of digests in a file that need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, profile: Profile, file: Path) -> None:
        """Raise `ProgramsUntrusted` where a profile of a file names programs that were not agreed to."""
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
        """Agree to the programs of a profile; raises `ProfileError`."""
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
    """A digest of the programs and of where they run, as whom."""
    place = [profile.kind, profile.host, profile.port, profile.user, profile.jump_host, profile.service_url]
    return hashlib.sha256(json.dumps([place, named_programs(profile)]).encode()).hexdigest()
