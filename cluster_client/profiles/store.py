"""The profiles of this computer: a folder of profile files, and `local`, which always exists."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import ProfileError
from .profile import LOCAL, LOCAL_NAME, Profile
from .trust import Trust


@dataclass(frozen=True)
class ProfileList:
    """Profiles sorted by name, `local` first, and the files that could not be read."""

    profiles: tuple[Profile, ...]
    faults: tuple[ProfileError, ...]


class ProfileStore:
    """Profiles stored as one JSON file each in `folder`, which may not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def profiles(self) -> ProfileList:
        """Return all profiles, and the files that cannot be read."""
        found: dict[str, Profile] = {LOCAL_NAME: LOCAL}
        files: dict[str, Path] = {}
        faults: list[ProfileError] = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                profile = Profile.read(path)
            except ProfileError as error:
                faults.append(error)
                continue
            if profile.name in files:
                faults.append(
                    ProfileError(
                        "name",
                        f"The profile {path} is called {profile.name!r}, as {files[profile.name]} is; "
                        "the first one is used. Rename or remove one of them.",
                    )
                )
                continue
            found[profile.name] = profile
            files[profile.name] = path
        ordered = sorted(found.values(), key=lambda p: (p.name != LOCAL_NAME, p.name.casefold(), p.name))
        return ProfileList(tuple(ordered), tuple(faults))

    @property
    def trust(self) -> Trust:
        """Programs of profile files that the person has agreed to."""
        return Trust(self.folder / "trusted-programs.txt")

    def find(self, name: str, agreed: bool = False) -> Profile:
        """Return the profile of that name, or the one in the file of that path; raises `ProfileError`.

        A file that names programs raises unless the person has `agreed` to them, now or before.
        """
        known = self.profiles()
        for profile in known.profiles:
            if profile.name == name:
                return profile
        if name.endswith(".json") or Path(name).is_file():
            path = Path(name).expanduser()
            profile = Profile.read(path)
            if agreed:
                self.trust.remember(profile)
            self.trust.check(profile, path)
            return profile
        names = ", ".join(repr(profile.name) for profile in known.profiles)
        broken = "".join(f"\n{fault.message}" for fault in known.faults)
        raise ProfileError("", f"There is no profile {name!r}. Known are {names}.{broken}")

    def save(self, profile: Profile) -> None:
        """Add a profile, or replace the one of that name; raises `ProfileError`."""
        profile.write(self._path(profile.name))

    def delete(self, name: str) -> None:
        """Delete a stored profile; `local` is reset to its defaults. Raises `ProfileError`."""
        path = self._path(name)
        try:
            path.unlink()
        except FileNotFoundError as error:
            if name != LOCAL_NAME:
                raise ProfileError("", f"There is no stored profile {name!r} to delete.") from error
        except OSError as error:
            raise ProfileError("", f"The profile {path} cannot be deleted: {error.strerror}.") from error

    def _path(self, name: str) -> Path:
        for path in sorted(self.folder.glob("*.json")):
            try:
                if Profile.read(path).name == name:
                    return path
            except ProfileError:
                continue
        return self.folder / f"{file_name(name)}.json"


def file_name(name: str) -> str:
    """Return a readable file name for any name, portable and unique for different names."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest
