# Run `program` with `python`, which sees the job; what it prints is the answer.
main() {
  trap '[ -z "$stage" ] || rm -rf -- "$stage"' EXIT
  copy='' stage=''
  # Python takes modules from where it is started before those of its library: not from the user's home.
  cd / || return
  if made=$(mktemp -d /tmp/roadpulse.XXXXXX); then
    stage=$made
    cd "$stage" || return
    own_job 2>/dev/null || copy='' # a program may do without
  fi
  export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
  PYTHONPATH=$copy "$python" -c "$program" "$argument" </dev/null 2>&1
  say done $?
}
