"""Messages for failed requests of a run: what happened, to what, the server's own code, what to do.

Read from the texts of errors, obstore's and those that `signed_requests` gives the same form.
"""

from __future__ import annotations

import re
import socket
from html import unescape

from ...contract.s3_access import S3Access
from .address import advice_on_name
from .codes import meaning
from .errors import S3Away, S3Cut, S3Error, S3Refused, S3Silent, S3Unreachable
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


def code_of(error: BaseException) -> str:
    """The server's own code in an error, such as `NoSuchKey`; empty where it gave none."""
    match = _CODE.search(str(error))
    return match[1] if match else ""


def status_of(error: BaseException) -> int:
    """The HTTP status in an error; 0 where there was no answer."""
    match = _STATUS.search(str(error))
    return int(match[1]) if match else 0


def explained(error: BaseException, doing: str, bucket: str, access: S3Access) -> S3Error:
    """Return an error of a request with a message. `doing` completes "Roadpulse could not …"."""
    text, code = str(error), one_line(code_of(error))
    server = access.endpoint or f"AWS, region {access.region or 'us-east-1'}"
    begin = f"Roadpulse could not {doing}: bucket {bucket} at {server}"
    detail = text.partition("\n\nDebug source:")[0][:2000]
    if "to an HTTPS server" in text:
        return S3Refused(f"{begin} speaks https alone. Begin the endpoint with https://.", detail)
    answered = _STATUS.search(text)
    if answered:
        status, words = int(answered[1]), _MESSAGE.search(text)
        said = f"{code or f'status {status}'}" + (f", {one_line(unescape(words[1]))}" if words else "")
        # No more of the answer than that: servers give back what they were asked with, signature and all.
        detail = f"{text[: answered.end()]}, {said}"
        found = meaning(code, status)
        if found is None:
            return S3Refused(
                f"{begin} answered {said}. Check the bucket, the endpoint and the region.", detail, code
            )
        advice = f"The server {found.what}. {found.advice(_keys_from(access))}"
        often = ", again and again" if issubclass(found.error, S3Unreachable) else ""
        return found.error(f"{begin} answered {said}{often}. {advice}", detail, code)
    kind, reason, advice = _of_connection(text, server)
    if reason in (_NO_NAME, _OTHER_HOST):
        advice += advice_on_name(access, bucket)
    return kind(f"{begin} {reason}. {advice}", f"{detail} {_causes(text)}"[:2000])


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Return a server's message on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:longest].rstrip(".")


def _keys_from(access: S3Access) -> str:
    where = access.keys_file or "the environment"
    return f"{where} on {socket.gethostname()}"


def _of_connection(text: str, server: str) -> tuple[type[S3Error], str, str]:
    """Return the class of a failed connection's error, the reason, and what to do."""
    lowered = text.lower().replace("retry_timeout", "")  # obstore reports it with every error
    if "credential" in lowered or role_service() in lowered:
        return (
            S3Unreachable,
            "could not be signed for: the instance's role gave no keys",
            "Name keys in the profile.",
        )
    if "certificate" in lowered:
        advice = (
            "Correct the server's certificate, or name the file of its authority (ca_file) in the profile."
        )
        found = next((what for word, what in _OF_CERTIFICATES.items() if word in lowered), "is not valid")
        return S3Refused, f"has a certificate that {found}", advice
    if "dns error" in lowered or "failed to lookup" in lowered:
        return S3Away, _NO_NAME, f"Check the endpoint, {server}, and the network."
    if "connection refused" in lowered or "connectionrefused" in lowered:
        return S3Away, "refuses the connection", f"Check the endpoint, {server}, and that the server runs."
    if "redirect" in lowered:
        return (
            S3Refused,
            "sends every question elsewhere",
            f"Check the endpoint, {server}, and 's3.region' in the profile.",
        )
    if "corruptmessage" in lowered or "invalidcontenttype" in lowered:
        return (
            S3Unreachable,
            "does not speak https",
            f"Check the endpoint, {server}; perhaps it begins with http://.",
        )
    if "timedout" in lowered or "timed out" in lowered or "timeout" in lowered:
        return (
            S3Silent,
            "did not answer in time",
            f"Check the endpoint, {server}, and the network; run again later.",
        )
    if any(words in lowered for words in _NO_S3):
        return (
            S3Unreachable,
            "gave an answer that is not S3's",
            f"Check the endpoint, {server}; run again later.",
        )
    return S3Cut, "cut the connection", f"Check the endpoint, {server}, and the network; run again later."


def _causes(text: str) -> str:
    """The innermost causes of obstore's long account."""
    return "; ".join(dict.fromkeys(re.findall(r'(?:message|error|kind): "?([^",\n{(]+)', text)))
