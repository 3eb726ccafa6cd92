#!/usr/bin/env bash
# Run the tests, each kind in a process of its own: unit tests must not find a running QGIS.
# ROADPULSE_STRICT=1 turns every skipped test into a failed one.
set -uo pipefail
cd "$(dirname "$0")/.."
export QT_QPA_PLATFORM=offscreen QT_LOGGING_RULES="*.debug=false" LC_ALL=C.UTF-8
export QGIS_CUSTOM_CONFIG_PATH="$PWD/build/qgis-settings"
failed=0

pytest() { # name, then pytest's arguments
  echo "== $1"
  shift
  build/venv/bin/python -m pytest -q "$@"
  code=$?
  [ $code = 0 ] || [ $code = 5 ] || failed=1
}

if [ "$*" = tests ]; then
  nice build/venv/bin/python development/parts.py 2>build/parts.log & # on a fresh clone, minutes
  parts=$!
  pytest "unit: no QGIS" -p no:pytest_qgis tests/unit
  wait $parts || cat build/parts.log
  pytest "integration: PostGIS, processes, packages" -p no:pytest_qgis tests/integration
  pytest "qgis: real QGIS, no window" tests/qgis
  pytest "gui: real QGIS Desktop under Xvfb" -p no:pytest_qgis tests/gui
else
  [[ "$*" != *integration* ]] || build/venv/bin/python development/parts.py
  pytest "$*" "$@"
fi
exit $failed
