#!/bin/sh
# Runs one aggregation in the folder it is started in, as the leader of a process group of its own.
#
#   job.sh   read: python, job_zip, workers, grace, and spark_submit for a run on Spark (spark.conf, run.py)
#   pid      written first: the process group, and the mark of its start
#   rc       written last: the exit code, 128 + n for an end by signal n
#
# Asked to end (TERM), it gives the aggregation `grace` seconds; nothing of the group outlives it.

main() {
  . ./job.sh || exit 78
  stat=$(cat "/proc/$$/stat")
  set -- ${stat##*) }
  printf '%s\n%s-%s\n' "$$" "$(cat /proc/sys/kernel/random/boot_id)" "${20}" >pid.tmp || exit 74
  mv pid.tmp pid || exit 74

  stopping='' stage=''
  trap stop TERM INT HUP
  [ -e cancel ] && finish 143
  export PYTHONUTF8=1 PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1 PYTHONDONTWRITEBYTECODE=1
  export LC_ALL=C.UTF-8 # else Java reads no name beyond ASCII
  if [ -n "$spark_submit" ]; then
    # In a folder of plain letters: Spark takes paths for lists of addresses, where , # and % mean something.
    stage=$(mktemp -d /tmp/roadpulse.XXXXXX) || finish 74
    cp -- "$job_zip" "$stage/job.zip" && cp run.py "$stage/run.py" || finish 74
    set -- "$spark_submit" --properties-file spark.conf --py-files "$stage/job.zip" "$stage/run.py" "$PWD"
  else
    set -- "$python" "$job_zip" "$PWD" --workers "$workers"
  fi
  "$@" </dev/null &
  child=$!
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break # a trap ends `wait` too
  done
  finish "$code"
}

stop() {
  [ -n "$stopping" ] && return
  stopping=yes
  (
    trap '' TERM INT HUP
    sleep "$grace"
    finish 143
  ) &
}

finish() {
  printf '%s\n' "$1" >rc.tmp && mv rc.tmp rc
  [ -n "$stage" ] && rm -rf -- "$stage"
  if [ "$1" != 0 ] || [ -n "$stopping" ]; then
    kill -s KILL -- "-$(sed -n 1p pid)"
  fi
  exit "$1"
}

main
