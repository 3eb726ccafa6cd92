# Delete the run in `folder`.
main() {
  cd -- "$folder" 2>/dev/null || { say gone; return; }
  [ -e spec.json ] || { say failed it holds no run; return; }
  run=$(sed -n 's/^ *"run": "\([0-9a-zA-Z-]*\)".*/\1/p' job.json 2>/dev/null)
  read_pid && alive && { say failed its processes live; return; }
  cd .. && why=$(rm -rf -- "$folder" 2>&1) && say removed || say failed "$why"
}
