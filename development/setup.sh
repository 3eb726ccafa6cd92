#!/usr/bin/env bash
# Everything that the Makefile's commands need: Debian packages, a Python environment, the plugin folder.
# A second call finds it all there and takes no time.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build/plugins
[ -L build/plugins/roadpulse ] || ln -s ../.. build/plugins/roadpulse

wanted=$(cat development/system.sh development/requirements.txt development/setup.sh | sha256sum | cut -c1-16)
[ "$(cat build/.ready 2>/dev/null || true)" = "$wanted" ] && [ -x build/venv/bin/pytest ] && command -v qgis >/dev/null && exit 0

development/system.sh
if [ ! -x build/venv/bin/pip ]; then
  # Debian's own Python, since QGIS's bindings belong to it.
  /usr/bin/python3 -m venv --system-site-packages build/venv ||
    { echo "Set-up stopped: Debian's python3-venv is missing or broken; install it and call again." >&2; exit 1; }
fi
echo "Installing Python packages (once): $(grep -vc '^#' development/requirements.txt) pinned in development/requirements.txt"
if ! build/venv/bin/pip install -q --disable-pip-version-check --retries 3 -r development/requirements.txt; then
  echo "Set-up stopped: the package that pip names above cannot be had. Check the network, or set" >&2
  echo "another version in development/requirements.txt, and call again." >&2
  exit 1
fi
build/venv/bin/python - <<'PYTHON' || { echo "Set-up stopped: QGIS's Python modules do not load in build/venv." >&2; exit 1; }
import duckdb, msgspec, numpy, osgeo.gdal_array, pandas, psycopg, shapely  # noqa
from qgis.core import Qgis
print(f"Ready: QGIS {Qgis.version()}, numpy {numpy.__version__}, duckdb {duckdb.__version__}")
PYTHON
echo "$wanted" > build/.ready
