"""S3: the service with the buckets, and the keys here and on the nodes."""

from __future__ import annotations

from ....cluster_client.backends.base.backend_type import BackendType, FormSection
from ....mapping.language import tr
from .fields import AuthField, CheckField, ChoiceField, PathField, TextField
from .section import ProfileSection


def _has_no_certificates_here(kind: BackendType) -> bool:
    """Return True if the section has one row of certificates only, those there."""
    return "ca_file" not in kind.form.get(FormSection.S3, ())


class S3Section(ProfileSection):
    """Fields of trips and results in buckets."""

    def __init__(self) -> None:
        super().__init__(FormSection.S3, tr("Trips and folders in S3"), folded=True)
        self.add(
            tr("Service"),
            TextField(
                "s3.endpoint", tr("AWS"),
                tr("The address of MinIO or the like, such as http://pi0.example.org:9000. Empty: AWS."),
            ),
        )  # fmt: skip
        self.add(
            tr("Region"),
            TextField("s3.region", tr("as in the environment, else us-east-1")),
        )
        self.add(
            tr("Addresses"),
            ChoiceField(
                "s3.addressing",
                (
                    (tr("as is usual with the service"), ""),
                    (tr("service/bucket/…"), "path"),
                    (tr("bucket.service/…"), "virtual"),
                ),
                tr("Where the bucket's name goes. MinIO wants it in the path, AWS before the host."),
            ),
        )
        self.anonymous = CheckField("s3.anonymous", tr("Without keys: the bucket is open to everybody"))
        self.add("", self.anonymous)
        self.keys_here = AuthField(
            "s3_authcfg", ("Basic", "AWSS3"),
            tr("“AWS S3”, or “Basic” with the key's id as user and its secret as password."),
        )  # fmt: skip
        self.keys_file = TextField(
            "s3.keys_file", tr("the environment there, or the computer's role"),
            tr("A file on every node in the format of ~/.aws/credentials, readable by its owner alone."),
            here=False,
        )  # fmt: skip
        self.keys_file_here = PathField(
            "s3.keys_file", tr("the environment, or this computer's role"),
            tr("A file in the format of ~/.aws/credentials, readable by its owner alone."),
            here=True,
        )  # fmt: skip
        self.keys_profile = TextField(
            "s3.keys_profile", "default", tr("The section of that file, in [brackets] there.")
        )
        self.keys_file.stretch = self.keys_file_here.stretch = 3
        self.add(tr("Keys here"), self.keys_here, other=tr("Keys"))
        self.add(
            tr("Keys there"), self.keys_file, self.keys_file_here, tr("section"), self.keys_profile,
            other=tr("or keys in"),
        )  # fmt: skip
        self.add(
            tr("Certificates"),
            PathField(
                "ca_file", tr("those that this computer trusts"),
                tr("A file (PEM) here, with the certificate of whoever signed the service's own."),
            ),
        )  # fmt: skip
        self.add(
            tr("… there"),
            TextField(
                "s3.ca_file", tr("those that the nodes trust"),
                tr("A file (PEM) on every node, with the certificate of whoever signed the service's own."),
            ),
            other=tr("Certificates"), others=_has_no_certificates_here,
        )  # fmt: skip

    def refresh(self) -> None:
        """Enable the keys only if requests are signed."""
        for field in (self.keys_here, self.keys_file, self.keys_file_here, self.keys_profile):
            field.control.setEnabled(not self.anonymous.value())
