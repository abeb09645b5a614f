# What both benchmarks start with: root, packages, the load generator, a work folder. Sourced; $here is test/bench.
root=$(cd "$here/../.." && pwd)
export PATH=$root/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PYTHONPATH=$here/lib:$root/test/conformance/lib PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
. "$root/test/conformance/lib/root.sh"

huge_pages=/sys/kernel/mm/transparent_hugepage/enabled
# As the README tells administrators to have it, and as most kernels do; put back at the end.
set_huge_pages() { # always, madvise, never, or nothing
  [ -z "$1" ] || echo "$1" 2>/dev/null >"$huge_pages" || true
}

bench() { # DEADLINE_S PROGRAM ARGUMENTS...
  local deadline=$1 program=$2 status
  shift 2
  case " $* " in *' -h '* | *' --help '*) exec /usr/bin/python3 "$here/lib/$program" --help ;; esac
  require_root
  work=$(mktemp -d "${BENCH_DIR:-/var/tmp}/lockkeeper-bench.XXXXXX") || exit 2
  huge_pages_before=$(sed -n 's/.*\[\(.*\)\].*/\1/p' "$huge_pages" 2>/dev/null)
  trap 'set_huge_pages "$huge_pages_before"; rm -rf "$work"' EXIT
  set_huge_pages always
  trap 'exit 130' INT TERM
  install_packages 'gcc cc
iproute2 ip
libc6-dev /usr/include/stdio.h
make make
nfs-common rpc.statd
nfs-ganesha ganesha.nfsd
nfs-ganesha-vfs /usr/lib/*/ganesha/libfsalvfs.so
python3 /usr/bin/python3
rpcbind rpcbind
util-linux unshare'
  make -s -C "$here/nfsbench" || die "nfsbench does not build"
  LOCKKEEPER_CONFORMANCE=$work TMPDIR=$work isolated "$deadline" /usr/bin/python3 "$here/lib/$program" "$@"
  status=$?
  [ $status != 137 ] || echo "$(basename "$0"): ran out of time after $deadline s" >&2
  return $status
}
