"""Who the person is, from QGIS's authentication database; handed on for one connection, never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsAuthMethodConfig

from ..cluster_client.errors import ProfileError
from .words import tr

if TYPE_CHECKING:
    from ..cluster_client.profile import Profile
    from ..cluster_client.ssh.credentials import Credentials


def read_credentials(profile: Profile) -> Credentials:
    """What a profile logs in with: its key file, and its entry (`authcfg`) of user and password.

    With a key file the entry's password is the key's passphrase. Neither: the SSH agent, then the usual
    key files. For the main thread, since QGIS may have to ask for its master password. Raises
    `ProfileError`.
    """
    from ..cluster_client.ssh.credentials import Credentials  # noqa: PLC0415  (as the rest of ssh: on demand)

    user, secret = _entry(profile) if profile.authcfg else ("", None)
    if profile.key_path:
        return Credentials(user, key_path=profile.key_path, passphrase=secret)
    return Credentials(user, password=secret)


def _entry(profile: Profile) -> tuple[str, str]:
    manager = QgsApplication.authManager()
    if manager.isDisabled():
        raise ProfileError("authcfg", tr("QGIS's authentication database is switched off in this QGIS."))
    if profile.authcfg not in manager.configIds():
        raise ProfileError(
            "authcfg",
            tr(
                "The profile {name!r} names the entry {entry!r} of QGIS's authentication database, and there "
                "is none here. Choose another entry in the profile."
            ).format(name=profile.name, entry=profile.authcfg),
        )
    found, config = manager.loadAuthenticationConfig(profile.authcfg, QgsAuthMethodConfig(), True)
    if not found:
        raise ProfileError(
            "authcfg",
            tr(
                "The entry {entry!r} of QGIS's authentication database cannot be opened. Is its master "
                "password right? Under qgis_process name a file with it in QGIS_AUTH_PASSWORD_FILE."
            ).format(entry=profile.authcfg),
        )
    if config.method() != "Basic":
        raise ProfileError(
            "authcfg",
            tr(
                "The entry {entry!r} of QGIS's authentication database is of the kind {kind!r}. For SSH it "
                "has to be a user and a password (“Basic authentication”)."
            ).format(entry=profile.authcfg, kind=config.method()),
        )
    return config.config("username"), config.config("password")
