# What the programs here that need root share: Debian packages, and namespaces that end with what runs in them.
# Sourced by bash; $work is the caller's own work folder, $root the project's.

die() { echo "$(basename "$0"): $*" >&2; exit 2; }

require_root() {
  [ "$(id -u)" = 0 ] || die "root is needed (network namespaces, tap and loop devices, packages); run it with sudo"
  unshare --net --mount --pid --fork true 2>/dev/null || die "this root may not make namespaces (unshare failed)"
}

# Standard input: rows of a Debian package, and a program or pattern of files by which it is known to be there.
missing_packages() {
  local package program
  while read -r package program; do
    # shellcheck disable=SC2086  # the pattern is meant
    case $program in
      /*) ls $program >/dev/null 2>&1 ;;
      *) command -v "$program" >/dev/null ;;
    esac || echo "$package"
  done
}

install_packages() { # ROWS
  local packages
  packages=$(missing_packages <<<"$1")
  [ -n "$packages" ] || return 0
  packages=$(tr '\n' ' ' <<<"$packages")
  command -v apt-get >/dev/null || die "these Debian packages are missing, and there is no apt-get: $packages"
  echo "# installing: $packages"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  { apt-get -q update && apt-get -q install -y --no-install-recommends $packages; } >"$work/apt.log" 2>&1 ||
    { tail -n 20 "$work/apt.log" >&2; die "apt-get failed"; }
  packages=$(missing_packages <<<"$1")
  [ -z "$packages" ] || die "installed, and yet not there:" $packages
}

# Runs a command in network, mount and process namespaces of its own; after DEADLINE_S seconds all of it is killed.
# The inner bash is process 1 there: it reaps what a killed supervisor leaves.
isolated() { # DEADLINE_S COMMAND...
  local deadline=$1
  shift
  # shellcheck disable=SC2016
  timeout --foreground -s KILL "$deadline" unshare --net --mount --pid --fork --kill-child=KILL --mount-proc \
    /bin/bash -c '"$@" & wait $!' isolated "$@" </dev/null
}
