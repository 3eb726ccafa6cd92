"""Credentials and proxies from QGIS; handed on to one run, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsAuthMethodConfig

from ..cluster_client.backends import registry
from ..cluster_client.backends.base.backend_type import Credential
from ..cluster_client.errors import ProfileError
from ..mapping.language import tr
from .proxies import livy_proxies, s3_proxies

if TYPE_CHECKING:
    from ..cluster_client.profiles.credentials import ProfileKeys, S3Keys, UserSecret
    from ..cluster_client.profiles.entries import LoginEntry
    from ..cluster_client.profiles.profile import Profile
    from ..cluster_client.profiles.ssh_credentials import Credentials

_BASIC, _AWS = "Basic", "AWSS3"  # QGIS's names of its methods


def read_credentials(profile: Profile) -> ProfileKeys:
    """The keys of a profile, each from its entry of the database, and the proxies.

    For the main thread, since QGIS may have to ask for its master password, and its network settings are
    not to be read elsewhere; a profile that names no entry asks for nothing. Raises `ProfileError`.
    """
    from ..cluster_client.profiles.credentials import ProfileKeys  # noqa: PLC0415  (on demand, as what uses it)

    asked = registry.of(profile).credentials
    livy = profile.livy_authcfg
    return ProfileKeys(
        ssh=_ssh(profile) if Credential.SSH in asked and profile.host else None,
        livy=_login(profile, "livy_authcfg", livy, "Livy") if livy else None,
        s3=_s3(profile) if profile.s3_authcfg else None,
        livy_proxies=livy_proxies(profile) if Credential.LIVY in asked else None,
        s3_proxies=s3_proxies(profile),
        own={
            entry.name: _login(profile, entry.name, authcfg, entry.service)
            for entry, authcfg in _own_logins(profile)
        },
    )


def opens_without_prompt(profile: Profile) -> bool:
    """Return True if the profile's keys can be read without QGIS asking for its master password."""
    shared = profile.authcfg or profile.livy_authcfg or profile.s3_authcfg
    stored = bool(shared or _own_logins(profile))
    return not stored or bool(QgsApplication.authManager().masterPasswordIsSet())


def _own_logins(profile: Profile) -> list[tuple[LoginEntry, str]]:
    """Return the type's own entries that name an entry of the database, with its id."""
    from ..cluster_client.profiles.entries import LoginEntry  # noqa: PLC0415

    found = registry.of(profile).own_entries
    logins = [(entry, str(profile.own[entry.name])) for entry in found if isinstance(entry, LoginEntry)]
    return [(entry, authcfg) for entry, authcfg in logins if authcfg]


def _login(profile: Profile, name: str, authcfg: str, service: str) -> UserSecret:
    """Return the user and password of a service, from the entry of the database."""
    from ..cluster_client.profiles.credentials import UserSecret  # noqa: PLC0415

    found = _entry(profile, name, authcfg, service=service)
    return UserSecret(found["username"], found["password"])


def _ssh(profile: Profile) -> Credentials:
    """Return a profile's SSH credentials: its key file, and its entry (`authcfg`) of user and password.

    With a key file the entry's password is the key's passphrase. Without either, the SSH agent is used, then
    the usual key files.
    """
    from ..cluster_client.profiles.ssh_credentials import Credentials  # noqa: PLC0415

    entry = _entry(profile, "authcfg", profile.authcfg, service="SSH") if profile.authcfg else None
    user, secret = (entry["username"], entry["password"]) if entry else ("", None)
    if profile.key_path:
        return Credentials(user, key_path=profile.key_path, passphrase=secret)
    return Credentials(user, password=secret)


def _s3(profile: Profile) -> S3Keys:
    """Return the access key: its id is the entry's user, the secret its password."""
    from ..cluster_client.profiles.credentials import S3Keys  # noqa: PLC0415

    entry = _entry(profile, "s3_authcfg", profile.s3_authcfg, (_BASIC, _AWS))
    key_id, secret = entry["username"].strip(), entry["password"].strip()
    if not key_id or not secret:
        raise ProfileError(
            "s3_authcfg",
            tr(
                "The entry {entry!r} of QGIS's authentication database holds no access key for S3. Put the "
                "key's id into the user name and its secret into the password."
            ).format(entry=profile.s3_authcfg),
        )
    return S3Keys(key_id, secret, region=entry.get("region", "").strip())


def _entry(
    profile: Profile, name: str, authcfg: str, methods: tuple[str, ...] = (_BASIC,), service: str = ""
) -> Mapping[str, str]:
    """Return an entry of the database under QGIS's names; the profile's entry `name` holds its id."""
    manager = QgsApplication.authManager()
    if manager.isDisabled():
        raise ProfileError(name, tr("QGIS's authentication database is switched off in this QGIS."))
    if authcfg not in manager.configIds():
        raise ProfileError(
            name,
            tr(
                "The profile {name!r} names the entry {entry!r} of QGIS's authentication database, and there "
                "is none here. Choose another entry in the profile."
            ).format(name=profile.name, entry=authcfg),
        )
    found, config = manager.loadAuthenticationConfig(authcfg, QgsAuthMethodConfig(), True)
    if not found:
        raise ProfileError(
            name,
            tr(
                "The entry {entry!r} of QGIS's authentication database cannot be opened. Is its master "
                "password right? Under qgis_process name a file with it in QGIS_AUTH_PASSWORD_FILE."
            ).format(entry=authcfg),
        )
    if config.method() not in methods:
        raise ProfileError(
            name,
            tr(
                "The entry {entry!r} of QGIS's authentication database is of the kind {kind!r}. {wanted}"
            ).format(entry=authcfg, kind=config.method(), wanted=_wanted(methods, service)),
        )
    values = {key: str(value) for key, value in config.configMap().items()}
    return {"username": "", "password": "", **values}


def _wanted(methods: tuple[str, ...], service: str) -> str:
    if _AWS in methods:
        return tr(
            "For S3 it has to be “AWS S3”, or “Basic authentication” with the key's id as user and its "
            "secret as password."
        )
    return tr("For {service} it has to be a user and a password (“Basic authentication”).").format(
        service=service
    )
