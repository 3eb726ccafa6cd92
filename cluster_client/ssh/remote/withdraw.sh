# Take the claim to start the run `run` in `folder`, so that it cannot be started any more.
main() {
  enter || { say gone; return; }
  mkdir started 2>/dev/null && : >withdrawn && say withdrawn && return
  [ -e withdrawn ] && say withdrawn || say started
}
