#!/bin/sh
# Runs one aggregation in the folder it is started in, as the leader of a process group of its own.
#
#   job.sh   read: python, job_zip, workers, grace, and for a run on Spark (spark.conf) spark_submit and
#            head_workers
#   pid      written first: the process group, and the mark of its start
#   rc       written last: the exit code, 128 + n for an end by signal n
#
# Asked to end (TERM), or when the command fails, it gives the rest `grace` seconds; nothing of the group
# outlives it.

# For bash, as Spark's own `pyspark` begins: $0 is spark-submit, and the rest is started in Spark's environment.
spark_environment='
  [ -d "$SPARK_HOME/jars" ] || unset SPARK_HOME
  [ -n "$SPARK_HOME" ] || . "${0%/*}/find-spark-home"
  . "$SPARK_HOME/bin/load-spark-env.sh"
  exec "$@"'

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
  compile_job >/dev/null 2>&1
  [ -r "$job_zip.compiled" ] && job_zip="$job_zip.compiled"
  if [ -n "$spark_submit" ]; then
    # In a folder of plain letters: Spark takes paths for lists of addresses, where , # and % mean something.
    stage=$(mktemp -d /tmp/roadpulse.XXXXXX) || finish 74
    cp -- "$job_zip" "$stage/job.zip" || finish 74
    # The job starts Java itself, when it is worth it; until then nothing has to be there of Spark.
    export PYSPARK_PYTHON="$python"
    export PYSPARK_SUBMIT_ARGS="--properties-file spark.conf --py-files $stage/job.zip pyspark-shell"
    case $spark_submit in */bin/spark-submit) export SPARK_HOME="${spark_submit%/bin/spark-submit}" ;; esac
    set -- "$python" "$stage/job.zip" "$PWD" --spark --head-workers "$head_workers"
    if submit=$(command -v "$spark_submit"); then
      [ -e "${submit%/*}/find-spark-home" ] || submit=$(readlink -f "$submit")
      set -- bash -c "$spark_environment" "$submit" "$@"
    fi
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
  [ "$code" = 0 ] || last_words
  finish "$code"
}

# Leaves a copy of the job beside it that has its modules compiled too, unless it is there: of a zip Python keeps
# nothing compiled, so each of its processes would compile them all.
compile_job() {
  [ -r "$job_zip.compiled" ] && return
  aside=$(mktemp -d "$job_zip.XXXXXX") || return
  (
    cd -- "$aside" && "$python" -m zipfile -e "$job_zip" . &&
      "$python" -m compileall -q -b --invalidation-mode unchecked-hash . &&
      "$python" -m zipfile -c job.zip * && mv -f job.zip "$job_zip.compiled"
  )
  rm -rf -- "$aside"
}

# Gives what the command left behind, such as the driver's Python when its Java was ended, time to end itself.
last_words() {
  tries=0
  while [ $tries -lt "$((${grace%.*} * 5 + 5))" ] && left_behind; do
    tries=$((tries + 1))
    sleep 0.2 2>/dev/null || sleep 1
  done
}

# Whether a process of the group lives that is not a child of this one.
left_behind() {
  for of in /proc/[0-9]*/stat; do
    stat=''
    read -r stat <"$of" || continue
    case $stat in *' (sleep) '*) continue ;; esac # of `stop`
    set -- ${stat##*) }
    case $1:$3 in Z:* | X:*) ;; *:$$) [ "$2" = $$ ] || [ "$of" = "/proc/$$/stat" ] || return 0 ;; esac
  done 2>/dev/null
  return 1
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
