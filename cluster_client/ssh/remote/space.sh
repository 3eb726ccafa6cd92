# Free space on the disk of `folder`, or of the nearest folder above it that is there.
main() {
  while [ ! -d "$folder" ] && [ "$folder" != / ] && [ -n "$folder" ]; do
    folder=$(dirname -- "$folder")
  done
  cd -- "$folder" && say "$(free_kilobytes)"
}
