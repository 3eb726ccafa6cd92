# The time there.
main() {
  say "$(date +%s.%N)"
}
