"""Livy: its address and log-in."""

from __future__ import annotations

from ....cluster_client.backends.base.backend_type import FormSection
from ....mapping.language import tr
from .faults import open_login
from .fields import AuthField, CheckField, PathField, TextField
from .section import ProfileSection


class LivySection(ProfileSection):
    """Fields of Livy's server."""

    def __init__(self) -> None:
        super().__init__(FormSection.LIVY, tr("Livy"))
        self.url = TextField("livy_url", "https://pi0.example.org:8998")
        self.tunnel = CheckField(
            "livy_tunnel", tr("Reach it through the SSH connection below"),
            tr("For a Livy that answers on the cluster only. The address is then as the SSH host sees it."),
        )  # fmt: skip
        self.add(tr("Address"), self.url)
        self.add("", self.tunnel)
        self.login = AuthField(
            "livy_authcfg", ("Basic",),
            tr("User and password of Livy, kept encrypted by QGIS. Empty where Livy asks for none."),
        )  # fmt: skip
        self.add(tr("Password"), self.login)
        self.url.doubt = self._open
        self.add(
            tr("Certificates"),
            PathField(
                "ca_file", tr("those that this computer trusts"),
                tr("A file (PEM) with the certificate of whoever signed Livy's or S3's own."),
            ),
        )  # fmt: skip

    def _open(self, url: str) -> str:
        """Return the warning that others could read the log-in, also for an untouched field."""
        return open_login(url, self.tunnel.value()) if url and self.login.value() else ""

    def refresh(self) -> None:
        """Describe the address, which depends on the tunnel."""
        through = "http://localhost:8998" if self.tunnel.value() else "https://pi0.example.org:8998"
        self.url.edit.setPlaceholderText(through)
