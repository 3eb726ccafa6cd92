# Run `program` with `python`; what it prints is the answer.
main() {
  export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
  PYTHONPATH=$job_zip "$python" -c "$program" "$argument" </dev/null 2>&1
  say done $?
}
