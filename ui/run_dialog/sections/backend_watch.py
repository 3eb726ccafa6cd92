"""State of the place where runs of the chosen profile execute, looked up in the background.

The place is asked once when it is chosen; other look-ups there (the trips) wait for that, so that a host
that refuses is not asked repeatedly.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Optional

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ....aggregation.contract.errors import RunError
from ....cluster_client.errors import Unreachable
from ....cluster_client.profiles.profile import LOCAL, Profile
from ....cluster_client.time_limit import within
from ....mapping.language import tr
from ...background.latest_call import LatestCall

if TYPE_CHECKING:
    from ....cluster_client.backends.base.probe import BackendProbe, BackendState
    from ....cluster_client.profiles.credentials import ProfileKeys
    from ...background.calls import Call

PROBE_SECONDS = 30.0


class BackendWatch(QObject):
    """The state of the place of one profile: `state` once it answered, else `error`; `locked` while QGIS's
    master password is needed. `changed` is emitted when one of these has changed."""

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self.profile: Profile = LOCAL
        self.probe: Optional[BackendProbe] = None
        self.state: Optional[BackendState] = None
        self.error: Optional[Exception] = None
        self.locked = False
        self._probes = LatestCall(self, wait=10)
        self._probes.done.connect(self._found)
        self._probes.failed.connect(self._refused)

    @property
    def busy(self) -> bool:
        """True while the place is being asked."""
        return self._probes.busy

    @property
    def remote(self) -> bool:
        """True if the place is another computer."""
        return not self.profile.runs_here

    def use(self, profile: Profile) -> None:
        """Watch the place of this profile from now on."""
        if profile != self.profile or (self.state is None and self.error is None and not self.busy):
            self.profile = profile
            self.refresh()

    def refresh(self, ask: bool = False) -> None:
        """Ask the place again; with `ask` QGIS may ask the person for its master password."""
        from ....workflow.credentials import opens_without_prompt, read_credentials  # noqa: PLC0415

        self.forget()
        profile, self.state, self.error = self.profile, None, None
        self.locked = not ask and not opens_without_prompt(profile)
        try:
            if not self.locked:
                keys = read_credentials(profile)
                self._probes.submit(lambda call: _probe(profile, keys, call))
        except RunError as error:
            self.error = error
        self.changed.emit()

    def forget(self) -> None:
        """Stop watching, and close the connection."""
        self._probes.forget()
        probe, self.probe = self.probe, None
        if probe is not None:
            _close(probe)

    def _found(self, found: tuple[BackendProbe, BackendState]) -> None:
        self.probe, self.state = found
        self.changed.emit()

    def _refused(self, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            text = tr("{place} did not answer within {n} s. Check the network, and whether it is overloaded.")
            error = Unreachable(text.format(place=self.profile.name, n=round(PROBE_SECONDS)))
        self.error = error
        self.changed.emit()


def _probe(profile: Profile, keys: ProfileKeys, call: Call) -> tuple[BackendProbe, BackendState]:
    """Connect to a place and return its state; for a thread, as the imports alone take a while."""
    from ....workflow.backends import probe_for  # noqa: PLC0415

    probe = probe_for(profile, keys)
    try:
        state = within(PROBE_SECONDS, probe.state, lambda: call.cancelled)
    except BaseException:
        _close(probe)
        raise
    return probe, state


def _close(probe: BackendProbe) -> None:
    # closing a connection blocks when the host does not answer
    threading.Thread(target=probe.close, daemon=True).start()
