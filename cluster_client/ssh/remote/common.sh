# What the scripts share. They are sent to `/bin/sh -s`, after lines that set `nonce`, `folder` and others,
# and before a line that calls `main`: sh runs nothing of a script that arrives cut off.
# Every answer is a line `<nonce> <word> …`, so that whatever a log-in prints is told from it.

say() {
  printf '%s %s\n' "$nonce" "$*"
}

# Enter `folder` if its job.json names the run `run`. Otherwise fail, with the reason in `lacking`: gone (there is
# no such folder, or no job.json in it), closed (the user may not enter it) or foreign (it is another run's).
enter() {
  lacking=gone
  cd -- "$folder" 2>/dev/null || { [ ! -e "$folder" ] || lacking=closed; return 1; }
  [ -e job.json ] || return 1
  lacking=foreign
  [ -n "$run" ] && [ -f job.json ] && grep -qF -- "\"run\": \"$run\"" job.json 2>/dev/null
}

# Boot and start of process $1 (ticks since boot): together with the id no other process ever has these.
mark() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) } # the program's name in brackets may hold anything
  set -- $stat
  case $1 in Z | X) return 1 ;; esac
  printf '%s-%s' "$(cat /proc/sys/kernel/random/boot_id)" "${20}"
}

# Sets `group` and `began` from the file pid; fails without one.
read_pid() {
  group='' began=''
  [ -s pid ] || return 1
  { read -r group; read -r began; } <pid
  case $group in '' | *[!0-9]* | 0 | 1) return 1 ;; esac
}

# Whether process $1 is this user's and one of the run `run`. The file pid may be anybody's work: a process is
# the run's only if its own environment says so.
of_run() {
  [ -n "$run" ] && [ -n "$(find "/proc/$1" -prune -user "$(id -u)" 2>/dev/null)" ] || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | grep -qxF "ROADPULSE_RUN=$run"
}

# Whether a process of the run lives: its leader, or members that outlived it.
alive() {
  now=$(mark "$group") && { [ "$now" = "$began" ] && of_run "$group"; return; }
  [ "${began%-*}" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
  ps -A -o pgid= -o pid= -o stat= 2>/dev/null | while read -r of pid state; do
    case $of:$state in "$group":[!ZX]*) of_run "$pid" && { echo yes; break; } ;; esac
  done | grep -q yes
}

free_kilobytes() {
  df -Pk . 2>/dev/null | { read -r _; read -r _ _ _ free _; echo "${free:-unknown}"; }
}

# Set the umask so that new files in this folder are private, unless a person shares it with a group or with everybody.
keep_private() {
  if [ -n "$(find . -prune -perm -002 ! -perm -1000 2>/dev/null)" ]; then
    umask 000
  elif [ -n "$(find . -prune -perm -2020 2>/dev/null)" ]; then
    umask 007
  else
    umask 077
  fi
}
