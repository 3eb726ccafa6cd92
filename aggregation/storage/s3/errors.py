"""What goes wrong with a bucket, in words: what happened, to what, with the server's own code, what to do."""

from __future__ import annotations

import re
import socket
from html import unescape

from ...contract.errors import StorageError
from ...contract.s3_access import S3Access
from .address import advice_on_name
from .codes import BUSY, meaning
from .keys import role_service

_STATUS = re.compile(r"status code: (\d{3})")
_CODE, _MESSAGE = re.compile(r"<Code>([^<]+)</Code>"), re.compile(r"<Message>([^<]*)</Message>")
_LONGEST = 300

NO_OBJECT = "an answer without Last-Modified is no object"
OTHER_LENGTH = "an answer of another length than it says"
_NO_S3 = (
    "parsing a signature", "error decoding response body", "xml", "metadata from headers", "non-partial",
    NO_OBJECT.lower(), OTHER_LENGTH,
)  # fmt: skip
_NO_NAME, _OTHER_HOST = "has a name that cannot be found", "has a certificate that is for another host"
_OF_CERTIFICATES = {
    "expired": "expired",
    "notvalidforname": "is for another host",
    "unknownissuer": "is signed by nobody that this computer trusts",
}


class S3Refused(StorageError):
    """The server refused; asking again would not help."""

    retry = False


class S3Unreachable(StorageError):
    """The server did not answer, or is busy; the same may succeed later."""


def code_of(error: BaseException) -> str:
    """The server's own code in an error, such as `NoSuchKey`; empty where it gave none."""
    found = _CODE.search(str(error))
    return found[1] if found else ""


def status_of(error: BaseException) -> int:
    """The HTTP status in an error; 0 where there was no answer."""
    found = _STATUS.search(str(error))
    return int(found[1]) if found else 0


def explained(error: BaseException, doing: str, bucket: str, access: S3Access) -> StorageError:
    """An error of obstore in words. `doing` completes "Roadpulse could not …"."""
    text, code = str(error), _plain(code_of(error))
    server = access.endpoint or f"AWS, region {access.region or 'us-east-1'}"
    begin = f"Roadpulse could not {doing}: bucket {bucket} at {server}"
    detail = text.partition("\n\nDebug source:")[0][:2000]
    if "to an HTTPS server" in text:
        return S3Refused(f"{begin} speaks https alone. Begin the endpoint with https://.", detail)
    answered = _STATUS.search(text)
    if answered:
        status, words = int(answered[1]), _MESSAGE.search(text)
        said = f"{code or f'status {status}'}" + (f", {_plain(unescape(words[1]))}" if words else "")
        # No more of the answer than that: servers give back what they were asked with, signature and all.
        detail = f"{text[: answered.end()]}, {said}"
        found = meaning(code, status)
        if found is None:
            return S3Refused(
                f"{begin} answered {said}. Check the bucket, the endpoint and the region.", detail
            )
        told = f"The server {found.what}. {found.advice(_keys_from(access))}"
        if found.kind == BUSY:
            return S3Unreachable(f"{begin} answered {said}, again and again. {told}", detail)
        return S3Refused(f"{begin} answered {said}. {told}", detail)
    reason, advice = _of_connection(text, server)
    if reason in (_NO_NAME, _OTHER_HOST):
        advice += advice_on_name(access, bucket)
    kind = S3Refused if "certificate" in reason or "elsewhere" in reason else S3Unreachable
    return kind(f"{begin} {reason}. {advice}", f"{detail} {_causes(text)}"[:2000])


def _plain(text: str) -> str:
    """What a server says, on one line, without what is none of a line's."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST].rstrip(".")


def _keys_from(access: S3Access) -> str:
    where = access.keys_file or "the environment"
    return f"{where} on {socket.gethostname()}"


def _of_connection(text: str, server: str) -> tuple[str, str]:
    """Why no answer came, and what to do."""
    lowered = text.lower().replace("retry_timeout", "")  # obstore tells it with everything
    if "credential" in lowered or role_service() in lowered:
        return "could not be signed for: the instance's role gave no keys", "Name keys in the profile."
    if "certificate" in lowered:
        advice = (
            "Correct the server's certificate, or name the file of its authority (ca_file) in the profile."
        )
        found = next((what for word, what in _OF_CERTIFICATES.items() if word in lowered), "is not valid")
        return f"has a certificate that {found}", advice
    if "dns error" in lowered or "failed to lookup" in lowered:
        return _NO_NAME, f"Check the endpoint, {server}, and the network."
    if "connection refused" in lowered or "connectionrefused" in lowered:
        return "refuses the connection", f"Check the endpoint, {server}, and that the server runs."
    if "redirect" in lowered:
        return (
            "sends every question elsewhere",
            f"Check the endpoint, {server}, and 's3.region' in the profile.",
        )
    if "corruptmessage" in lowered or "invalidcontenttype" in lowered:
        return "does not speak https", f"Check the endpoint, {server}; perhaps it begins with http://."
    if "timedout" in lowered or "timed out" in lowered or "timeout" in lowered:
        return "did not answer in time", f"Check the endpoint, {server}, and the network; run again later."
    if any(words in lowered for words in _NO_S3):
        return "gave an answer that is not S3's", f"Check the endpoint, {server}; run again later."
    return "cut the connection", f"Check the endpoint, {server}, and the network; run again later."


def _causes(text: str) -> str:
    """The innermost causes of obstore's long account."""
    return "; ".join(dict.fromkeys(re.findall(r'(?:message|error|kind): "?([^",\n{(]+)', text)))
