#!/usr/bin/env bash
# Debian packages that Roadpulse is developed with: QGIS 3.40 from bookworm-backports, PostGIS, Xvfb, and
# Java, Maven and Go for the stand-in cluster's Spark, Livy and S3 server, and clocks that are off for tests.
# Does nothing where they are there already; needs root or sudo otherwise.
set -euo pipefail

packages=(
  postgresql-15 postgresql-15-postgis-3
  xvfb xauth xdotool imagemagick ffmpeg
  python3-venv python3-pip
  openssh-server openssh-client openjdk-17-jre-headless maven
  faketime fonts-open-sans poppler-utils qpdf ca-certificates openssl git make
)
qgis_at_least=3.40

die() { printf 'Set-up stopped: %s\n' "$*" >&2; exit 1; }

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
from_backports=()
qgis_version=$(dpkg-query -W -f '${Version}' python3-qgis 2>/dev/null || true)
dpkg --compare-versions "${qgis_version:-0}" ge "$qgis_at_least" && command -v qgis >/dev/null ||
  from_backports+=(qgis python3-qgis)
# Any Go since 1.21 fetches the newer one that a module asks for; Debian 12 itself has 1.19.
go_version=$(go version 2>/dev/null | sed -nE 's/.* go([0-9.]+).*/\1/p' || true)
dpkg --compare-versions "${go_version:-0}" ge 1.21 || from_backports+=(golang-go)
[ ${#missing[@]} -eq 0 ] && [ ${#from_backports[@]} -eq 0 ] && exit 0

. /etc/os-release
wanted="${missing[*]} ${from_backports[*]}"
[ "${ID:-}:${VERSION_CODENAME:-}" = debian:bookworm ] || die \
  "this machine runs ${PRETTY_NAME:-an unknown system}, and the set-up knows Debian 12 only. Install QGIS $qgis_at_least or later and: $wanted"
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || die "installing packages needs root: run it as root, or install sudo. Missing: $wanted"
  sudo true || die "installing packages needs root, and sudo does not let $(id -un) in here. Call in a terminal, or let root run development/system.sh first. Missing: $wanted"
  as_root=(sudo)
fi
umask 022 # what is written for apt must be readable by everybody
log=$(mktemp)
apt() { # nothing here may ask a question: there may be nobody to answer it
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
    "$@" </dev/null >"$log" 2>&1
}
complaints() { grep -E '^(E|W|Err|dpkg):' "$log" | tail -n 20 >&2 || tail -n 20 "$log" >&2; }
update() {
  apt update || { complaints; die "the list of Debian packages could not be fetched; check the network and the package sources (log: $log)"; }
}
install() { # where from, options and packages
  local from=$1
  shift
  apt install --no-install-recommends "$@" ||
    { complaints; die "Debian packages from $from could not be installed (log: $log)"; }
}

echo "Installing Debian packages (once, some minutes): $wanted"
update
if [ ${#from_backports[@]} -gt 0 ] && ! apt-get indextargets --format '$(RELEASE)' | grep -qx bookworm-backports; then
  # The mirror that this machine already uses for bookworm serves its backports too.
  mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(ORIGIN)' |
    awk '$1 == "bookworm" && $3 == "Debian" && !seen++ {print $2}')
  [ -n "$mirror" ] || { complaints; die "no mirror of Debian 12 answers; check the network and the package sources"; }
  echo "deb ${mirror%/} bookworm-backports main" |
    "${as_root[@]}" tee /etc/apt/sources.list.d/roadpulse-backports.list >/dev/null
  update
fi
for package in "${missing[@]}" "${from_backports[@]}"; do
  apt-cache show "$package" >/dev/null 2>&1 ||
    { complaints; die "the package sources have no package '$package'; check the network and the package sources"; }
done
[ ${#from_backports[@]} -eq 0 ] || install bookworm-backports -t bookworm-backports "${from_backports[@]}"
[ ${#missing[@]} -eq 0 ] || install bookworm "${missing[@]}"
rm -f "$log"
