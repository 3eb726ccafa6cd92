# Ask the run `run` in `folder` to stop. One that was not started never will be.
main() {
  enter || { say gone; return; }
  [ -e manifest.json ] && { say finished; return; }
  : >cancel || { say failed; return; }
  mkdir started 2>/dev/null && { say unstarted; return; }
  if read_pid && alive; then
    kill -s TERM -- "-$group" 2>/dev/null
    say asked
  else
    say dead
  fi
}
