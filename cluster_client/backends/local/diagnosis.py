"""Checks of this computer."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404  # a fixed command, no shell
import sys
from pathlib import Path
from typing import Any

from ....aggregation.contract.errors import RunError
from ...diagnosis import verdicts
from ...diagnosis.checks import Check, Found, failed, skipped
from ...diagnosis.remote_answers import MARK, NoAnswer, answer
from ...diagnosis.remote_probe import count_trips
from ...errors import StartError
from ...profiles.profile import Profile
from .python_path import child_environment, find_python

_NO_WINDOW = 0x08000000 if sys.platform == "win32" else 0
_PACKAGE = __name__.split(".", maxsplit=1)[0]
_PARENT = Path(__file__).absolute().parents[4]
_PROGRAM = f"""import json
from {_PACKAGE}.aggregation.runners import packages
print({MARK!r} + json.dumps(packages.facts()))
"""


class LocalChecks:
    """Checks of this computer for its runs; `runs` and `store` are the folders that they use."""

    def __init__(self, profile: Profile, runs: str, store: str, trips: str = "") -> None:
        self._profile, self._runs, self._store, self._trips = profile, runs, store, trips
        self._facts: dict[str, Any] = {}

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def checks(self) -> list[Check]:
        """Return the checks in order."""
        return [
            Check("python", "Python", self._python, timeout=60),
            Check("packages", "Packages", self._packages, ("python",)),
            Check("space", "Disk space for runs", lambda: _space(self._runs)),
            Check("store_space", "Disk space for points", lambda: _space(self._store)),
            Check("trips", "Trips", self._see_trips),
        ]

    def _python(self) -> Found:
        try:
            python = find_python(self._profile.python)
        except StartError as error:
            raise RunError(error.message, error.detail) from error
        done = subprocess.run(  # noqa: S603  # nosec B603
            [python, "-c", _PROGRAM], env=child_environment(_PARENT), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", timeout=55, check=False,
            creationflags=_NO_WINDOW, cwd=_PARENT,  # Python imports modules from its working directory
        )  # fmt: skip
        try:
            self._facts = answer(done.stderr + done.stdout)
        except NoAnswer as error:
            return failed(f"{python} does not start a run: {error}.", "Name another one in the profile.")
        return verdicts.python(str(self._facts["python"]), python)

    def _packages(self) -> Found:
        return verdicts.packages(self._facts["missing"], "for runs on this computer", fetched=False)

    def _see_trips(self) -> Found:
        if not self._trips:
            return skipped("No trips were named.")
        path = os.path.expanduser(self._trips)  # noqa: PTH111  (may be a pattern)
        return verdicts.trips(count_trips(path), path, "from this computer")


def _space(folder: str) -> Found:
    path = Path(folder).expanduser().absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return verdicts.space(shutil.disk_usage(path).free // 1000, str(folder))
