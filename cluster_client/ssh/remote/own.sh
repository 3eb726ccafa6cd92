# Make this user's folder in `parent`, and those of `names` in it: all may read them, and only this user and
# root may change or replace them. As in `aggregation.runners.write_access`, others may write a folder above only if
# it is sticky, for then they cannot replace what is not theirs in it.
main() {
  me=$(id -u)
  folder=$parent/of-$me
  group=0 # the group of root, and that of this user alone, as many systems give each user one
  if [ "$(id -gn)" = "$(id -un)" ] && line=$(getent group "$(id -g)" 2>/dev/null); then
    case ${line##*:} in '' | "$(id -un)") group=$(id -g) ;; esac
  fi
  for name in '' $names; do
    made=$(make "$folder${name:+/$name}" 2>&1) || { say failed "it cannot be made: ${made##*: }"; return; }
  done
  others=$(others "$folder")
  [ -z "$others" ] && say own "${folder##*/}" || say failed "$others"
}

# Make folder $1 and those above it. Those above are shared as the one that they are made in, and sticky.
make() (
  [ -d "$1" ] && exit
  above=$(dirname -- "$1")
  make "$above" && mkdir -- "$1" && chmod 755 -- "$1" || exit
  case $1/ in "$folder"/*) exit ;; esac
  if [ -n "$(find "$above" -prune -perm -002 ! -perm -1000)" ]; then
    chmod 1777 -- "$1"
  elif [ -n "$(find "$above" -prune -perm -2020)" ]; then
    chmod 3775 -- "$1"
  fi
)

# Who besides this user and root may put something else in the place of $1 or, if that is `folder`, of what is
# in it, in words; nothing: none.
others() (
  path=$1
  while :; do
    inside='' sticky='! -perm -1000'
    [ "$path" = "$folder" ] && sticky='' || inside=-prune
    if [ -L "$path" ] && [ "$path" = "$folder" ]; then
      echo "$path is a link" && exit
    elif [ -L "$path" ]; then
      found=$(find "$path" -prune ! -user 0 ! -user "$me" | head -n 1)
      [ -z "$found" ] || { belongs "$found"; exit; }
      to=$(readlink -- "$path")
      case $to in /*) ;; *) to=$(dirname -- "$path")/$to ;; esac
      words=$(others "$to")
      [ -z "$words" ] || { echo "$words"; exit; }
    else
      found=$(find "$path" $inside ! -user 0 ! -user "$me" | head -n 1)
      [ -z "$found" ] || { belongs "$found"; exit; }
      found=$(find "$path" $inside -perm -002 $sticky | head -n 1)
      [ -z "$found" ] || { echo "everybody may write $found"; exit; }
      found=$(find "$path" $inside -perm -020 $sticky ! -group 0 ! -group "$group" | head -n 1)
      [ -z "$found" ] || { ls -ld -- "$found" | { read -r _ _ _ who _; echo "the group $who may write $found"; }; exit; }
    fi
    [ "$path" = / ] && exit
    path=$(dirname -- "$path")
  done
)

belongs() {
  ls -ld -- "$1" | { read -r _ _ who _; echo "$1 belongs to the user $who"; }
}
