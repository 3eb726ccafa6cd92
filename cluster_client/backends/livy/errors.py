"""Errors of Livy.

cluster_client.errors.BackendError
├── Unreachable                  Livy does not answer at present; the run itself may be well (retry)
│   ├── LivyAway                 nothing was sent: unknown name, no route, no server, or refused by a proxy
│   ├── LivySilent               no answer in time; Livy may have accepted the request
│   ├── LivyCut                  the connection broke before the answer; likewise
│   └── LivyOverloaded           502, 503, 504, 429: answered by a proxy in front of Livy
├── LivyLoginRefused             401, 403
├── LivyLoginUnsafe              nothing was sent: user and password could be read on the network
├── LivyRefused                  400: Livy rejects the batch; `said` is its message
│   ├── DuplicateName            a batch of that name exists
│   └── PathForbidden            a file is outside of livy.file.local-dir-whitelist
├── LivyFault                    500: an internal error of Livy
└── NotLivy                      the answer is not Livy's

A fault of a certificate is a `cluster_client.certificates.CertificateError`.
"""

from __future__ import annotations

import re

from ...errors import BackendError, Unreachable


class LivyAway(Unreachable):
    """The request was not sent."""


class LivySilent(Unreachable):
    """No answer in time; Livy may have accepted the request."""


class LivyCut(Unreachable):
    """The connection broke before the answer; Livy may have accepted the request."""


class LivyOverloaded(Unreachable):
    """A proxy in front of Livy reports that Livy does not answer."""


class LivyLoginRefused(BackendError):
    """Livy has refused the user or the password."""


class LivyLoginUnsafe(BackendError):
    """User and password could be read on the network; nothing was sent."""


class LivyRefused(BackendError):
    """Livy rejects the batch; `said` is its message."""

    def __init__(self, message: str, detail: str = "", said: str = "") -> None:
        super().__init__(message, detail)
        self.said = said


class DuplicateName(LivyRefused):
    """A batch of that name exists."""


class PathForbidden(LivyRefused):
    """Livy may not read a file of the batch."""


class LivyFault(BackendError):
    """An internal error of Livy."""

    retry = True


class NotLivy(BackendError):
    """The answer is not Livy's, or cannot be parsed."""


_WHITELIST = re.compile(r"(Local path .*?)? cannot be added to user sessions", re.DOTALL)


def refusal(where: str, status: int, said: str, login: bool) -> BackendError:
    """Return the error for a status; `said` is the answer's text, `login` whether a password was sent."""
    detail = f"HTTP {status}: {said}"
    words = f" (it says: {said[:300]})" if said else ""
    if status in (401, 403):
        todo = (
            "Check user and password in the entry that the profile names as 'livy_authcfg', and whether that "
            "user may submit batches."
            if login
            else "Store user and password in QGIS's authentication database and name the entry in the "
            "profile as 'livy_authcfg'."
        )
        return LivyLoginRefused(
            f"Livy at {where} refuses the {'log-in' if login else 'call without a log-in'}{words}. {todo}",
            detail,
        )
    if status == 400 and "Duplicate session name" in said:
        return DuplicateName(f"Livy at {where} has a batch of that name already.", detail, said)
    if status == 400 and _WHITELIST.search(said):
        return PathForbidden(
            f"Livy at {where} may not read the job's files{words}. Have its administrator add their folder "
            "to livy.file.local-dir-whitelist in livy.conf, or name a folder that is there as 'folders.jobs' "
            "in the profile.",
            detail,
            said,
        )
    if status == 400 and not said:
        return LivyRefused(
            f"Livy at {where} refuses the call without a word. Something between may take the header "
            "X-Requested-By away: have it pass.",
            detail,
        )
    if status in (400, 405, 409, 413, 422):
        return LivyRefused(f"Livy at {where} refuses the call with {status}{words}.", detail, said)
    if status in (429, 502, 503, 504):
        return LivyOverloaded(
            f"What stands before Livy at {where} answers {status}{words}. Livy may be starting or "
            "overloaded.",
            detail,
        )
    if status >= 500:
        return LivyFault(
            f"Livy at {where} failed with {status}{words}. Look at its log on the cluster.", detail
        )
    return NotLivy(
        f"What answers at {where} does not answer as Livy does: {status}{words}. Check the address.", detail
    )
