# Start the run `run` in `folder`, unless somebody did: making the folder `started` is the claim, and only one can.
# `program` is the launcher with what it needs.
main() {
  enter || {
    case $lacking in
      gone) say failed the run folder is gone, or its job.json is ;;
      closed) say failed the user may not enter the run folder ;;
      foreign) say failed its job.json does not name this run: the folder is another run\'s ;;
    esac
    return
  }
  for needed in setsid:util-linux sha256sum:coreutils; do
    command -v "${needed%:*}" >/dev/null && continue
    say failed the program "${needed%:*}" of "${needed#*:}" is not there
    return
  done
  keep_private
  if ! mkdir started 2>/dev/null; then
    [ -d started ] || { say failed the run folder cannot be written, "$(free_kilobytes)" kB free; return; }
    [ -e withdrawn ] && { say failed the run was withdrawn before; return; }
    read_pid
    say already "$group" "$began"
    return
  fi
  # A log that is there already may be a link to a file that nothing is to be written to.
  (set -C && : >log.txt) 2>/dev/null || {
    say failed log.txt cannot be made in the run folder, "$(free_kilobytes)" kB free
    return
  }
  ROADPULSE_RUN=$run setsid /bin/sh -c "$program" roadpulse-run "$run" </dev/null >>log.txt 2>&1 &
  child=$!
  tries=0
  until [ -s pid ] || [ $tries -ge 100 ]; do
    kill -0 $child 2>/dev/null || break
    sleep 0.1 2>/dev/null || sleep 1
    tries=$((tries + 1))
  done
  if read_pid; then
    say started "$group" "$began"
  else
    say failed "$(tail -n 1 log.txt 2>/dev/null)" "$(free_kilobytes)" kB free in the run folder
  fi
}
