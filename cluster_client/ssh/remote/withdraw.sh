# Take the claim to start the run in `folder`, so that nobody can any more.
main() {
  cd -- "$folder" 2>/dev/null || { say gone; return; }
  [ -e job.json ] || { say gone; return; }
  mkdir started 2>/dev/null && : >withdrawn && say withdrawn && return
  [ -e withdrawn ] && say withdrawn || say started
}
