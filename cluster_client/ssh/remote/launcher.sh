#!/bin/sh
# Runs one aggregation in the folder it is started in, as the leader of a process group of its own.
#
#   job.sh   read: python, job_zip, workers, grace, and spark_submit for a run on Spark
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

  stopping=''
  trap stop TERM INT HUP
  [ -e cancel ] && finish 143
  export PYTHONUTF8=1 PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1 PYTHONDONTWRITEBYTECODE=1
  if [ -n "$spark_submit" ]; then
    set -- "$spark_submit" --properties-file "$PWD/spark.conf" --py-files "$job_zip" "$entry" "$PWD"
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
  if [ "$1" != 0 ] || [ -n "$stopping" ]; then
    kill -KILL -- "-$(sed -n 1p pid)"
  fi
  exit "$1"
}

main
