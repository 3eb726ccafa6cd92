# What becomes of the run `run` in `folder`; with `force` its processes are ended.
main() {
  enter || { [ "$lacking" = closed ] && say closed || say gone; return; }
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
