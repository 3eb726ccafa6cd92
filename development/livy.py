"""A Livy server in a folder: 0.7.1 from Maven Central, 0.9.0 where `../shared/livy-0.9` is there.

    livy = Livy(folder, "0.7.1", "127.0.0.15", spark_home=…, python=…, master="spark://…", whitelist=[jobs])
    livy.start()                                       # 4 s, once its jars are there (half a minute or two)
    livy.session().get(f"{livy.url}/version")
    livy.kill(signal.SIGKILL); livy.start()            # its drivers live on; the ids begin with 0 again
    livy.received("POST")                              # what its request log says
    livy.stop()                                        # ends it and all drivers that it ever started

Its drivers stay in its session, which is how `stop` finds those that outlived it.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import requests
from requests.auth import HTTPBasicAuth

from .certificates import STORE_PASSWORD, Certificate
from .cluster_daemons import Daemon
from .installed import Unavailable, installed, locked, run
from .ldap import LdapServer

ROOT = Path(__file__).resolve().parents[1]
PORT = 8998
_JARS_OF_090 = ROOT.parent / "shared" / "livy-0.9"
_LOG4J = """\
log4j.rootCategory=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n
log4j.logger.org.eclipse.jetty=WARN
"""
_OPENED = (
    "java.lang", "java.lang.invoke", "java.nio", "java.util.concurrent.atomic", "sun.nio.ch", "java.net",
    "java.io", "sun.util.calendar",
)  # fmt: skip
_EXPORTED = ("sun.net.dns", "sun.net.util", "sun.security.x509", "sun.security.util")
VERSIONS = ("0.7.1", "0.9.0")


def versions() -> tuple[str, ...]:
    """Return the versions of Livy that can be had on this computer."""
    return VERSIONS if _JARS_OF_090.is_dir() else VERSIONS[:1]


def livy_jars(version: str) -> Path:
    """Return the folder with the jars of a version; fetched where it is missing. Raises `Unavailable`."""
    if version not in VERSIONS:
        raise ValueError(f"there is no Livy {version!r} here; choose one of {', '.join(VERSIONS)}")
    if version not in versions():
        raise Unavailable(f"Livy {version} is not on Maven Central, and {_JARS_OF_090} is not there")
    pom = _JARS_OF_090 / "pom.xml" if version == "0.9.0" else ROOT / "development" / "livy-0.7.1.pom.xml"

    def fetch(folder: Path) -> None:
        print(f"Fetching Livy {version} with Maven (once; a minute)", file=sys.stderr)
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        with locked("maven"):  # two at once do not share Maven's repository well
            run(["mvn", "-B", "-ntp", "-q", "-f", str(pom), *copy], f"Livy {version}")
        if version == "0.9.0":
            for jar in _JARS_OF_090.glob("livy-*.jar"):
                shutil.copy(jar, folder)

    return installed(f"livy-{version}", fetch)


@dataclass(frozen=True)
class Livy:
    """One server; `settings` are further lines of livy.conf, and win over what stands here.

    Livy takes jobs from the folders of `whitelist` alone. With `certificate` it speaks https, with `ldap`
    it asks for one of that server's users. `environment` is what it and its drivers see besides. `before`
    are words before its command, such as those of setpriv, which make it another user. `jars` is the folder
    of its jars where that user may not read those of this clone.
    """

    folder: Path
    version: str
    host: str
    spark_home: Path
    python: Path
    master: str
    whitelist: Sequence[Path]
    port: int = PORT
    certificate: Optional[Certificate] = None
    ldap: Optional[LdapServer] = None
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    jars: Optional[Path] = None

    @property
    def daemon(self) -> Daemon:
        return Daemon(self.folder, "livy")

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}"

    def start(self) -> None:
        """Start the server, unless it runs, and wait until it reports its version."""
        if self.daemon.process():
            return
        jars = self.jars or livy_jars(self.version)
        conf = self.folder / "conf"
        for needed in (conf, self.folder / "logs"):
            needed.mkdir(parents=True, exist_ok=True)
        (conf / "log4j.properties").write_text(_LOG4J, encoding="ascii")
        lines = [f"{name} = {value}\n" for name, value in self.configuration().items()]
        (conf / "livy.conf").write_text("".join(lines), encoding="utf-8")
        opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
        exported = [f"--add-exports=java.base/{name}=ALL-UNNAMED" for name in _EXPORTED]
        small = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        classes = ["-cp", f"{jars}/*:{conf}", "org.apache.livy.server.LivyServer"]
        environment = {
            "SPARK_HOME": str(self.spark_home),
            "PYSPARK_PYTHON": str(self.python),
            "PYTHONPATH": "",
            "LIVY_CONF_DIR": str(conf),
            "LIVY_LOG_DIR": str(self.folder / "logs"),
            "SPARK_LOCAL_IP": self.host,
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            **self.environment,
        }
        self.daemon.start([*self.before, "java", *small, *opened, *exported, *classes], environment)
        end = time.monotonic() + 240
        while not self.answers():
            if time.monotonic() > end or not self.daemon.process():
                raise RuntimeError(f"Livy {self.version} did not come up:\n{self.daemon.said()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server and every driver that it started; the logs stay."""
        self.daemon.stop()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send Livy alone a signal and wait until it is gone; `start` brings it back.

        SIGTERM lets it end its batches, after SIGKILL their drivers live on.
        """
        process = self.daemon.process()
        if process:
            process.send(number)
            end = time.monotonic() + 120
            while process.alive:
                if time.monotonic() > end:
                    raise RuntimeError(f"Livy still runs after signal {number}")
                time.sleep(0.02)

    def answers(self) -> bool:
        """Return True if the server answers, also with a refusal."""
        with self.session() as session, contextlib.suppress(requests.RequestException):
            session.verify = False  # a certificate that no client accepts is wanted at times
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return session.get(f"{self.url}/version", timeout=20).status_code in (200, 401, 403)
        return False

    def session(self) -> requests.Session:
        """A session of requests that Livy takes: its header, its authority and the first user of LDAP."""
        session = requests.Session()
        session.trust_env = False
        session.headers["X-Requested-By"] = "development"
        if self.certificate:
            session.verify = str(self.certificate.ca_file)
        if self.ldap:
            name, password = next(iter(self.ldap.users.items()))
            session.auth = HTTPBasicAuth(name.encode(), password.encode())  # Livy expects UTF-8
        return session

    def received(self, method: str = "POST") -> list[str]:
        """Return the lines of Livy's request log with one method: what really arrived, over all starts."""
        logs = sorted((self.folder / "logs").glob("*.request.log"))
        lines = [
            line for log in logs for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        ]
        return [line for line in lines if f'"{method} ' in line]

    def configuration(self) -> dict[str, str]:
        """Return the entries of livy.conf."""
        found = {
            "livy.server.host": self.host,
            "livy.server.port": str(self.port),
            "livy.spark.master": self.master,
            "livy.file.local-dir-whitelist": ",".join(str(folder) for folder in self.whitelist),
            "livy.ui.enabled": "false",
            "livy.server.csrf-protection.enabled": "true",
        }
        if self.certificate:
            found["livy.keystore"] = str(self.certificate.keystore)
            found["livy.keystore.password"] = found["livy.key-password"] = STORE_PASSWORD
        if self.ldap:
            found["livy.server.auth.type"] = "ldap"
            found["livy.server.auth.ldap.url"] = self.ldap.url
            found["livy.server.auth.ldap.base-dn"] = self.ldap.people
            found["livy.server.auth.ldap.enable-start-tls"] = "false"
        return {**found, **self.settings}
