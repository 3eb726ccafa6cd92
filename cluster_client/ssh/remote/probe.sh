# What becomes of the run in `folder`; with `force` its processes are ended.
main() {
  cd -- "$folder" 2>/dev/null || { [ -e "$folder" ] && say closed || say gone; return; }
  [ -e job.json ] || { say gone; return; } # deleted, and another folder of that name
  if read_pid; then
    if alive; then
      [ "$force" = yes ] && kill -s KILL -- "-$group" 2>/dev/null
      say alive
    else
      say dead "$(free_kilobytes)"
    fi
  elif [ ! -d started ]; then
    say unstarted
  elif [ -n "$(find started -prune -mmin +1 2>/dev/null)" ]; then
    say dead "$(free_kilobytes)"
  else
    say alive # its launcher is about to write pid
  fi
}
