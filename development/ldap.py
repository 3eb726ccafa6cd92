"""An LDAP server with a few users, for Livy's authentication: PyPI's ldaptor in a process of its own.

    LdapServer(folder, "127.0.0.16", 3389, users={"analyst": "…"}).start()

The users stand below `ou=people,dc=roadpulse,dc=test`, with their name as `uid`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cluster_daemons import Daemon

ROOT = Path(__file__).resolve().parents[1]
PORT = 3389
_TOP = "dc=roadpulse,dc=test"


@dataclass(frozen=True)
class LdapServer:
    """One server; `users` maps names to passwords."""

    folder: Path
    host: str
    users: Mapping[str, str]
    port: int = PORT

    @property
    def daemon(self) -> Daemon:
        return Daemon(self.folder, "ldap")

    @property
    def url(self) -> str:
        return f"ldap://{self.host}:{self.port}"

    @property
    def people(self) -> str:
        """The entry below which the users stand."""
        return f"ou=people,{_TOP}"

    def start(self) -> None:
        """Start the server, unless it runs, and wait until it listens."""
        if self.daemon.process():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        users = self.folder / "users.json"
        users.touch(mode=0o600)
        users.write_text(json.dumps(dict(self.users)), encoding="utf-8")
        command = [sys.executable, "-m", "development.ldap", self.host, str(self.port), str(users)]
        self.daemon.start(command, {"PYTHONPATH": str(ROOT)})
        end = time.monotonic() + 120
        while not self.answers():
            if time.monotonic() > end or not self.daemon.process():
                raise RuntimeError(f"the LDAP server did not come up:\n{self.daemon.said()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server."""
        self.daemon.stop()

    def answers(self) -> bool:
        """Return True if the server listens."""
        try:
            socket.create_connection((self.host, self.port), timeout=2).close()
        except OSError:
            return False
        return True


def tree(users: Mapping[str, str]) -> Any:
    """Return the directory with these users, as ldaptor keeps it."""
    from ldaptor.inmemory import ReadOnlyInMemoryLDAPEntry

    top = ReadOnlyInMemoryLDAPEntry(_TOP, {"objectClass": ["domain"], "dc": ["roadpulse"]})
    people = top.addChild("ou=people", {"objectClass": ["organizationalUnit"], "ou": ["people"]})
    for name, password in users.items():
        about = {"objectClass": ["inetOrgPerson"], "uid": [name], "cn": [name], "sn": [name]}
        people.addChild(f"uid={name}", {**about, "userPassword": [password]})
    return top


def serve(host: str, port: int, users: Mapping[str, str]) -> None:
    """Answer until the process ends."""
    from ldaptor.interfaces import IConnectedLDAPEntry
    from ldaptor.protocols.ldap.ldapserver import LDAPServer
    from twisted.internet import protocol, reactor
    from twisted.python.components import registerAdapter

    factory: Any = protocol.ServerFactory()
    factory.protocol = LDAPServer
    factory.root = tree(users)
    register: Any = registerAdapter
    register(lambda found: found.root, protocol.ServerFactory, IConnectedLDAPEntry)
    loop: Any = reactor
    loop.listenTCP(port, factory, interface=host)
    loop.run()


if __name__ == "__main__":
    os.umask(0o077)
    serve(sys.argv[1], int(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text(encoding="utf-8")))
