#!/usr/bin/env bash
# babeltrace.sh ARGUMENTS...
#
# Runs Babeltrace of Debian's newest suite, which reads CTF 2, with its own libraries and no chroot. Fetches it at the
# first call. RSEQ4J_MATRIX_SUITE names another suite. Needs apt-get and dpkg-deb, and an amd64 machine.
set -euo pipefail
. "$(dirname "$0")/debs.sh"
suite=${RSEQ4J_MATRIX_SUITE:-forky}
root=$WORK/babeltrace/$suite
mkdir -p "$WORK/babeltrace"
# Each step says "or give up": bash ignores errexit in a function that "||" follows.
prepare() {
  rm -rf "$root" "$root.debs"
  fetch_with_deps "$suite" amd64 "$root.debs" babeltrace2 || return 1
  unpack_debs "$root" "$root.debs"/*.deb || return 1
  rm -rf "$root"/usr/share/{doc,man,locale} "$root.debs"
  touch "$root.ok"
}
# One preparation at a time; the others find it done.
exec 9> "$root.lock"
flock 9
[ -e "$root.ok" ] || prepare || { echo "babeltrace.sh: the packages of $suite cannot be had" >&2; exit 125; }
flock -u 9
exec 9>&-
lib=$root/usr/lib/x86_64-linux-gnu
export BABELTRACE_PLUGIN_PATH=$lib/babeltrace2/plugins
export LIBBABELTRACE2_PLUGIN_PROVIDER_DIR=$lib/babeltrace2/plugin-providers
exec "$root/lib64/ld-linux-x86-64.so.2" --library-path "$lib" "$root/usr/bin/babeltrace2" "$@"
