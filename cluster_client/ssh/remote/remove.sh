# Delete the run of the id `run` in `folder`: its files by name (`own_files`, `tables`), job.json last, then the
# folder if it is empty. Whatever else lies there stays.
main() {
  enter || { say gone; return; }
  read_pid && alive && { say failed its processes live; return; }
  why=''
  for part in results work; do
    [ -d "$part" ] && [ ! -L "$part" ] || continue
    for table in $tables; do
      drop "$part/" "$table.csv"
      drop "$part/" "$table-[0-9][0-9][0-9][0-9][0-9].csv"
    done
    [ "$part" = work ] || drop "$part/" datapackage.json
    drop "$part/" 'links-[0-9][0-9][0-9][0-9][0-9].npz'
    drop "$part/" trips.npz
    rmdir -- "$part" 2>/dev/null
  done
  for name in $own_files; do drop '' "$name"; done
  [ -d started ] && rmdir started 2>/dev/null
  [ -z "$why" ] || { say failed "$why"; return; }
  drop '' job.json
  [ -z "$why" ] || { say failed "$why"; return; }
  cd .. && rmdir -- "$folder" 2>/dev/null
  say removed
}

# Deletes a file of the name $2 (a pattern) in the folder $1, and what an interrupted writer left in its place.
drop() {
  h='[0-9a-f]'
  for file in $1$2 $1$2.part $1$2.$h$h$h$h$h$h$h$h.part $1.$2.$h$h$h$h$h$h$h$h.tmp; do
    [ -e "$file" ] || [ -L "$file" ] || continue
    [ -d "$file" ] && [ ! -L "$file" ] && continue
    said=$(rm -f -- "$file" 2>&1) || why=$said
  done
}
