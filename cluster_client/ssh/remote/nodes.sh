# A Spark job of a second that looks at every node, ended after `seconds` at the latest.
main() {
  stage=$(mktemp -d /tmp/roadpulse.XXXXXX) || { say failed; return; }
  trap 'rm -rf -- "$stage"' EXIT
  cd "$stage" && own_job && { [ -f job.zip ] || cp -- "$copy" job.zip; } || { say failed; return; }
  printf '%s' "$look" >remote_probe.py && printf '%s' "$job" >nodes_job.py && printf '%s' "$conf" >spark.conf
  export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
  timeout -k 5 "$seconds" "$spark_submit" --properties-file spark.conf --py-files job.zip,remote_probe.py \
    nodes_job.py "$argument" </dev/null 2>&1
  say done $?
}
