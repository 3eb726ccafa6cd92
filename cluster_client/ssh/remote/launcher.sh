# Runs one aggregation in the folder it is started in, as the leader of a process group of its own. Sent as
# one text with what it needs, so that nothing is run that lies in a folder of others:
#
#   given    python, job_zip, workers, worker_memory (empty: not given), grace, and for a run on Spark
#            spark_submit, spark_conf and head_workers;
#            job.sh; ROADPULSE_RUN in the environment is the run's id, by which its processes are known
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
  folder=$PWD stopping='' stage=''
  stat=$(cat "/proc/$$/stat")
  set -- ${stat##*) }
  write pid "$$" "$(cat /proc/sys/kernel/random/boot_id)-${20}" || exit 74

  trap stop TERM INT HUP
  [ -e cancel ] && finish 143
  export PYTHONUTF8=1 PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1 PYTHONDONTWRITEBYTECODE=1
  export LC_ALL=C.UTF-8 # else Java reads no name beyond ASCII
  # In a folder of plain letters: Spark takes paths for lists of addresses, where , # and % mean something. And
  # nothing is started in the run's folder, where Python would take modules from.
  stage=$(mktemp -d /tmp/roadpulse.XXXXXX) && cd "$stage" || finish 74
  own_job || {
    echo "The job $job_zip is not there or is not the one that was sent; it was not run. Start the run again."
    finish 73
  }
  keep_job >/dev/null 2>&1
  set --
  [ -z "$worker_memory" ] || set -- --worker-memory "$worker_memory"
  if [ -n "$spark_submit" ]; then
    [ "$copy" = "$stage/job.zip" ] || cp -- "$copy" "$stage/job.zip" || finish 74
    printf '%s' "$spark_conf" >"$stage/spark.conf" || finish 74
    # The job starts Java itself, when it is worth it; until then nothing has to be there of Spark.
    export PYSPARK_PYTHON="$python"
    export PYSPARK_SUBMIT_ARGS="--properties-file $stage/spark.conf --py-files $stage/job.zip pyspark-shell"
    case $spark_submit in */bin/spark-submit) export SPARK_HOME="${spark_submit%/bin/spark-submit}" ;; esac
    set -- "$python" "$stage/job.zip" "$folder" --spark --head-workers "$head_workers" "$@"
    if submit=$(command -v "$spark_submit"); then
      [ -e "${submit%/*}/find-spark-home" ] || submit=$(readlink -f "$submit")
      set -- bash -c "$spark_environment" "$submit" "$@"
    fi
  else
    set -- "$python" "$copy" "$folder" --workers "$workers" "$@"
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

# Writes the file $1 of the run's folder, whole or not at all, with the lines that follow; through no link that
# somebody left there.
write() {
  name=$folder/$1
  shift
  rm -f -- "$name.tmp"
  (set -C && printf '%s\n' "$@" >"$name.tmp") && mv -f -- "$name.tmp" "$name"
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
  write rc "$1"
  [ -n "$stage" ] && cd / && rm -rf -- "$stage"
  if [ "$1" != 0 ] || [ -n "$stopping" ]; then
    kill -s KILL -- "-$$"
  fi
  exit "$1"
}

main
