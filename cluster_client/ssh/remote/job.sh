# A copy of the job that only this user may write. What lies at `job_zip` others may be able to replace, so it
# is run from nowhere else, and copied only with the SHA-256 that its name says, which the desktop gave it.

# Print folder $1 if it is this user's and neither a link nor writable by others.
private() {
  [ ! -L "$1" ] && find "$1" -prune -type d -user "$(id -u)" ! -perm -020 ! -perm -002 2>/dev/null
}

# Sets `kept`, the path of the compiled copy in this user's cache, there or not; fails without such a cache.
cached_job() {
  cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
  case $cache in /*) ;; *) return 1 ;; esac
  cache=$cache/roadpulse
  (umask 077 && mkdir -p -- "$cache/jobs" && chmod go-w -- "$cache" "$cache/jobs") 2>/dev/null || return 1
  [ -n "$(private "$cache")" ] && [ -n "$(private "$cache/jobs")" ] || return 1
  kept=$cache/jobs/${job_zip##*/}
}

# Sets `copy`: the compiled copy where there is one, else a copy in `stage`. Fails where neither can be had.
own_job() {
  cached_job || kept=''
  [ -n "$kept" ] && [ -f "$kept" ] && { copy=$kept; return; }
  wanted=${job_zip##*/}
  cp -- "$job_zip" "$stage/job.zip" && [ "$(sha256sum <"$stage/job.zip")" = "${wanted%.zip}  -" ] || return 1
  copy=$stage/job.zip
}

# Compiles the copy and keeps it in the cache, unless it is there: of a zip Python keeps nothing compiled, so
# each of its processes would compile all modules.
keep_job() {
  [ -n "$kept" ] && [ "$copy" != "$kept" ] || return 0
  aside=$(mktemp -d "${kept%/*}/.new-XXXXXX") || return 0
  (
    cd -- "$aside" && "$python" -I -m zipfile -e "$copy" . &&
      "$python" -I -m compileall -q -b --invalidation-mode unchecked-hash . &&
      "$python" -I -m zipfile -c job.zip * && mv -f job.zip "$kept"
  )
  rm -rf -- "$aside"
  [ ! -f "$kept" ] || copy=$kept
}
