#!/usr/bin/env bash
# Run the tests, each kind in a process of its own: unit tests must not find a running QGIS.
# Nine lanes go side by side, since tests of servers wait more than they compute: see docs/tests.md. Those with
# a window measure how long it waits, so the others leave them the processors (nice), those with the most work
# and few waits most. A line every minute says how far each lane is. What failed is named in the end, after a
# table of where the time went (each test's is in build/tests-times.tsv).
#   test.sh tests          all but those marked as long
#   test.sh long           those
#   test.sh tests/unit …   all tests there
# ROADPULSE_STRICT=1 turns every skipped test into a failed one.
set -uo pipefail
cd "$(dirname "$0")/.."
export QT_QPA_PLATFORM=offscreen QT_LOGGING_RULES="*.debug=false" LC_ALL=C.UTF-8
export QGIS_CUSTOM_CONFIG_PATH="$PWD/build/qgis-settings"
export ROADPULSE_TIMES="$PWD/build/tests-times.tsv"
# A stand-in cluster takes a quarter of a minute to start, so what needs one is in two lanes.
spark_tests=(tests/integration/test_{spark_*,s3_spark,ssh_spark,cluster}.py)
livy_tests=(tests/integration/test_{livy_*,cluster_services}.py)
engine_tests=(tests/integration/test_{engine_*,clocks,killed_runs,local_backend,worker_memory}.py)
ssh_tests=(tests/integration/test_ssh_{backend,connection,diagnosis}.py)
shopt -s extglob nullglob
s3_tests=(tests/integration/test_s3_!(spark).py tests/integration/test_bucket_*.py)
shopt -u extglob nullglob
failed=()
chosen=() # options of pytest that choose tests

pytest() { # name, then pytest's arguments
  local name=$1 code
  echo "== $name"
  shift
  ROADPULSE_KIND=$name build/venv/bin/python -m pytest -q -p development.pytest_progress "${chosen[@]}" "$@"
  code=$?
  [ $code = 0 ] || [ $code = 5 ]
}

parts() { # on a fresh clone, minutes; a second process waits for the first one's
  [ -z "${ROADPULSE_NOW:-}" ] || echo "parts of the stand-in cluster" >"$ROADPULSE_NOW"
  nice build/venv/bin/python development/parts.py
}

background() { # so much the rest of this lane leaves the processors to others: most to those with a window
  renice -n "$1" -p "$BASHPID" >/dev/null
}

on_spark() {
  background 3
  parts
  pytest "integration: Spark" -p no:pytest_qgis "${spark_tests[@]}"
}

on_livy() {
  background 3
  parts 2>/dev/null # said there
  pytest "integration: Livy" -p no:pytest_qgis "${livy_tests[@]}"
}

on_engine() {
  background 5
  parts 2>/dev/null
  pytest "integration: engine, processes" -p no:pytest_qgis "${engine_tests[@]}"
}

over_ssh() {
  background 3
  parts 2>/dev/null
  pytest "integration: SSH" -p no:pytest_qgis "${ssh_tests[@]}"
}

on_s3() { # which waits far more than it computes
  background 3
  parts 2>/dev/null
  pytest "integration: S3" -p no:pytest_qgis "${s3_tests[@]}"
}

off_cluster() {
  local elsewhere=(
    "${spark_tests[@]}" "${livy_tests[@]}" "${engine_tests[@]}" "${ssh_tests[@]}" "${s3_tests[@]}"
  )
  background 3
  parts 2>/dev/null
  pytest "integration: PostGIS, statistics" -p no:pytest_qgis "${elsewhere[@]/#/--ignore=}" tests/integration
}

in_unit() {
  background 5
  pytest "unit: no QGIS" -p no:pytest_qgis tests/unit
}

in_qgis() {
  parts 2>/dev/null
  pytest "qgis: real QGIS, no window" tests/qgis
}

in_desktop() {
  parts 2>/dev/null
  pytest "gui: real QGIS Desktop under Xvfb" -p no:pytest_qgis tests/gui
}

progress() { # lanes; a line for each that still runs, again and again
  local lane now
  while sleep "${ROADPULSE_TICK:-60}"; do
    for lane in "$@"; do
      { read -r now <"build/tests-$lane.now"; } 2>/dev/null && echo "$(date +%T) $now"
    done
  done
}

side_by_side() { # functions; what each printed comes whole, that of failed ones in the end
  local lanes=() lane late=() ticker=
  set -m # a process group for each lane, so that Ctrl-C reaches it through the trap
  trap '[ -z "$ticker" ] || kill -- "-$ticker"
    for lane in "${lanes[@]}"; do kill -INT -- "-$lane"; done; wait; exit 130' INT TERM
  for lane in "$@"; do
    (
      trap 'exit 130' INT
      export ROADPULSE_NOW="$PWD/build/tests-$lane.now"
      "$lane"
      code=$?
      rm -f "$ROADPULSE_NOW"
      exit $code
    ) >"build/tests-$lane.log" 2>&1 </dev/null &
    lanes+=($!)
  done
  progress "$@" </dev/null &
  ticker=$!
  for lane in "$@"; do
    if wait "${lanes[0]}"; then
      cat "build/tests-$lane.log"
    else
      late+=("$lane")
    fi
    lanes=("${lanes[@]:1}")
  done
  kill -- "-$ticker"
  wait "$ticker" 2>/dev/null
  trap - INT TERM
  set +m
  for lane in "${late[@]}"; do
    cat "build/tests-$lane.log"
    failed+=("$lane")
  done
}

alone() { # as pytest
  pytest "$@" || failed+=("$1")
}

rm -f "$ROADPULSE_TIMES" build/tests-*.now
# Thousands of processes of the tests import these modules, and with PYTHONDONTWRITEBYTECODE none keeps them compiled.
shopt -s extglob nullglob
build/venv/bin/python -m compileall -q -j 2 *.py !(build)/ >/dev/null
shopt -u extglob nullglob
left_out=$(build/venv/bin/python development/machine.py)
[ -z "$left_out" ] || echo "$left_out"
if [ "$*" = tests ] || [ "$*" = long ]; then
  chosen=(-m "$([ "$*" = long ] || echo not) long")
  echo "== all kinds side by side (their output comes in the end; build/tests-*.log has it now)"
  side_by_side on_spark on_livy on_engine over_ssh on_s3 off_cluster in_unit in_qgis in_desktop
  build/venv/bin/python development/test_times.py "$ROADPULSE_TIMES"
else
  [[ "$*" != *integration* ]] || parts
  alone "$*" "$@"
fi
[ -z "$left_out" ] || echo "$left_out"
[ ${#failed[@]} = 0 ] || echo "== failed: ${failed[*]}"
exit $((${#failed[@]} > 0))
