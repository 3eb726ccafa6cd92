"""Messages for failed requests of the desktop, from the exceptions of boto3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.s3_access import SCHEME, S3Access
from ...aggregation.storage.s3 import errors
from ...aggregation.storage.s3.address import advice_on_name
from ...aggregation.storage.s3.codes import meaning
from ...aggregation.storage.s3.error_messages import one_line
from ..certificates import CertificateOfOther, causes, certificate_fault, speaks_no_tls

_NAMED_REGION = re.compile(r"expecting '([a-z0-9-]+)'")
_SECRET = re.compile(r"//[^/@\s]*@|AWS4-HMAC\S*.*", re.DOTALL)
_LONGEST = 300


@dataclass(frozen=True)
class Request:
    """A request for a message: `doing` as in "Listing", `path` an address s3://…, `keys_from` a text."""

    doing: str
    path: str
    access: S3Access
    proxies: Mapping[str, str]
    keys_from: str

    @property
    def what(self) -> str:
        """Beginning of a sentence about the request."""
        return f"{self.doing} {self.path}".strip()

    @property
    def bucket(self) -> str:
        """The bucket that was asked for; empty where it was the service itself."""
        return self.path[len(SCHEME) :].partition("/")[0]

    @property
    def server(self) -> str:
        """The service as a person calls it."""
        region = f" in {self.access.region}" if self.access.region else ""
        return self.access.endpoint or f"AWS{region}"


def in_words(error: BaseException, request: Request) -> Any:
    """The error that says what one of boto3 means; what has words already, or is a fault here, stays."""
    from botocore import exceptions as of_botocore  # noqa: PLC0415  (loaded by the code that caught the error)
    from botocore.parsers import ResponseParserError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    if isinstance(error, RunError):
        return error
    if isinstance(error, of_botocore.ClientError):
        return _answer(error, request)
    if isinstance(error, RecursionError):  # boto3 asks where the bucket lies, and is sent on for that as well
        return errors.NotS3(
            f"{request.what} came to no end: {request.server} sends every question elsewhere. Check the "
            "endpoint, http:// or https:// too, and 's3.region' in the profile.",
            repr(error),
        )
    if isinstance(error, of_botocore.NoCredentialsError):
        return errors.KeysMissing(
            f"{request.what} needs keys, and there are none. Name an entry with access key and secret "
            "as 's3_authcfg' in the profile, or let it be anonymous.",
            repr(error),
        )
    kinds = (
        of_botocore.PartialCredentialsError, of_botocore.ProfileNotFound, of_botocore.ConfigParseError,
        of_botocore.CredentialRetrievalError, of_botocore.TokenRetrievalError,
        of_botocore.UnauthorizedSSOTokenError, of_botocore.SSOTokenLoadError,
    )  # fmt: skip
    if isinstance(error, kinds):
        return errors.KeysMissing(
            f"The keys of this computer for {request.server} cannot be used: {_line(error)}. Correct them, "
            "or name an entry as 's3_authcfg' in the profile.",
            repr(error),
        )
    if isinstance(error, ResponseParserError):
        return no_s3(request.server, _line(error))
    if isinstance(error, of_botocore.ParamValidationError) and "bucket name" in str(error):
        return errors.BucketMissing(
            f"{request.path!r} names no bucket: their names have 3 to 63 lower-case letters, digits, dots "
            "and hyphens. Write s3://bucket/folder.",
            _line(error),
        )
    if isinstance(error, (of_botocore.ParamValidationError, of_botocore.InvalidRegionError, ValueError)):
        return errors.S3Refused(
            f"{request.what} is not possible: {_line(error)}. Check the bucket's name, the region and "
            "the endpoint in the profile.",
            repr(error),
        )
    if isinstance(error, (of_botocore.BotoCoreError, HTTPError, OSError)):
        return _network(error, of_botocore, request)
    if isinstance(error, Exception) and _is_of_botocore(error):
        return no_s3(request.server, repr(error)[:_LONGEST])
    return error


def _is_of_botocore(error: Exception) -> bool:
    """Return True if botocore itself failed, as it does over answers that no S3 server gives."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    return where is not None and str(where.tb_frame.f_globals.get("__name__", "")).startswith("botocore.")


# -- answers of the server ----------------------------------------------------------------------------


def _answer(error: Any, request: Request) -> errors.S3Error:
    response: Mapping[str, Any] = error.response
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    said: Mapping[str, Any] = response.get("Error", {})
    code, message = one_line(str(said.get("Code") or status), 80), one_line(str(said.get("Message") or ""))
    answer = f"{code}: {message}" if message and message != code else code
    detail = f"HTTP {status}, {answer}"
    server = request.server
    meant = meaning(code, status)
    if meant is None:
        if code.isdigit() or not said.get("Code"):
            return no_s3(server, detail, code)
        return errors.S3Refused(
            f"{request.what} was refused by {server} ({answer}). Check bucket and profile.",
            detail,
            code,
        )
    if meant.error is errors.WrongRegion:
        return _region(response, said, code, answer, request)
    words = (
        f"{request.what} did not succeed: {server} {meant.what} ({code}). {meant.advice(request.keys_from)}"
    )
    if meant.error is errors.BucketMissing:
        bucket = one_line(str(said.get("BucketName") or "")) or request.bucket
        words = f"There is no bucket {bucket!r} at {server} ({code}). {meant.todo}"
    return meant.error(words, detail, code)


def _region(
    response: Mapping[str, Any], said: Mapping[str, Any], code: str, answer: str, request: Request
) -> errors.WrongRegion:
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    named, written = _NAMED_REGION.search(answer), request.access.region
    region = one_line(
        str(said.get("Region") or headers.get("x-amz-bucket-region") or (named[1] if named else "")), 80
    )
    why = f"{written!r} is not the bucket's region" if written else "the bucket lies in another region"
    todo = f"Write {region!r} as" if region else "Check the endpoint, and correct"
    return errors.WrongRegion(
        f"{request.what} was refused by {request.access.endpoint or 'AWS'}: {why} ({code}). {todo} "
        "'s3.region' in the profile.",
        answer,
        code,
        region,
    )


def no_s3(server: str, detail: str, code: str = "") -> errors.NotS3:
    """Return the error of an answer that is not S3's."""
    return errors.NotS3(
        f"What answers at {server} does not answer as S3 does. Check the endpoint's host and port: it is "
        "that of the S3 service, not of its web page.",
        detail,
        code,
    )


# -- no answer ----------------------------------------------------------------------------------------


def _network(error: BaseException, of_botocore: Any, request: Request) -> RunError:
    server, what, detail = request.server, request.what, _SECRET.sub("//", repr(error))
    certificate = certificate_fault(error, f"the S3 service at {server}", request.access.ca_file)
    by_name = advice_on_name(request.access, request.bucket) if request.bucket else ""
    if certificate is not None:
        if isinstance(certificate, CertificateOfOther):
            return CertificateOfOther(certificate.message + by_name, certificate.detail)
        return certificate
    behind = list(causes(error))

    def caused(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in behind)

    if speaks_no_tls(error):
        return errors.NotS3(
            f"What answers at {server} speaks no https. Begin the endpoint with http:// if that is meant, or "
            "have TLS switched on there.",
            detail,
        )
    if caused(of_botocore.ProxyConnectionError):
        proxy = _SECRET.sub("//", next(iter(request.proxies.values()), "of this computer's settings"))
        return errors.S3Away(
            f"{server} cannot be reached: the proxy {proxy} does not lead there. Check the proxy in QGIS's "
            "settings (Options, Network), and exclude the endpoint there if it is near.",
            detail,
        )
    if caused(of_botocore.ConnectTimeoutError):
        return errors.S3Away(
            f"{server} cannot be reached: nobody answered in time. Check the endpoint, the network, VPN and "
            "firewall.",
            detail,
        )
    if caused(of_botocore.EndpointConnectionError):
        return errors.S3Away(f"{server} cannot be reached: {_why_away(behind, by_name)}", detail)
    if caused(of_botocore.ReadTimeoutError, TimeoutError):
        return errors.S3Silent(
            f"{what} did not end: {server} takes the question and does not answer. It may be overloaded; try "
            "again later.",
            detail,
        )
    if caused(of_botocore.ConnectionClosedError) and "BadStatusLine" in detail:
        return no_s3(server, detail)
    kept = "; what is here already is not fetched again" if request.doing == "Reading" else ""
    return errors.S3Cut(f"{what} was cut off: the connection to {server} broke. Try again{kept}.", detail)


def _why_away(behind: list[BaseException], by_name: str) -> str:
    text = " ".join(map(repr, behind)).lower()
    if any(isinstance(cause, ConnectionRefusedError) for cause in behind) or "refused" in text:
        return "the computer answers, but not on that port. Check the endpoint, and whether the service runs."
    if "nameresolution" in text or "name or service" in text or "getaddrinfo" in text:
        return f"its name has no address. Check the endpoint's spelling, and the network or VPN.{by_name}"
    return "no way leads there. Check the endpoint, the network and VPN."


def _line(error: BaseException) -> str:
    return one_line(str(error))
