"""Programs with their own resolution of host names.

A program runs in a name space of its own mounts, in which /etc/hosts is another file. Nothing else of the
computer changes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from development.machine import own_mounts
from roadpulse.tests.engine import PLUGINS
from tests.abilities import need

_ROOT = Path(__file__).resolve().parents[2]
# The second file has names looked up in the first one alone, without services of the computer.
_MOUNT = 'mount --bind "$1" /etc/hosts; mount --bind "$2" /etc/nsswitch.conf; shift 2; exec "$@"'
_CALL = (
    "import importlib, json, sys; module, name, values = json.load(sys.stdin); "
    "print(json.dumps(getattr(importlib.import_module(module), name)(*values)))"
)


class NamedHosts:
    """Addresses by names; `within` are the words to put before a command that is to find them."""

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        hosts, order = folder / "hosts", folder / "nsswitch.conf"
        hosts.write_text("".join(f"{address} {name}\n" for name, address in addresses.items()))
        order.write_text("hosts: files\n")
        need("mounts")
        self.within = [*own_mounts(), "sh", "-ec", _MOUNT, "sh", str(hosts), str(order)]

    def call(self, function: Callable[..., Any], *values: Any) -> Any:
        """What a function of a module returns in a process that finds the names; all as in JSON."""
        done = subprocess.run(
            [*self.within, sys.executable, "-c", _CALL],
            input=json.dumps([function.__module__, function.__name__, values]),
            env={**os.environ, "PYTHONPATH": str(PLUGINS)}, cwd=_ROOT,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
