#!/usr/bin/env bash
# lttng.sh CMD...
#
# Runs CMD where LTTng, Babeltrace and gcc of Debian's newest suite are installed, in a chroot, as root. Session daemons
# in it are apart from the machine's. RSEQ4J_MATRIX_SUITE names another suite. EXTRA_BIND and WRITABLE_BIND are those of
# chroot.sh. Ends with CMD's status, or 125 when the root could not be prepared.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2p' "$0" >&2; exit 2; }
export EXTRA_PACKAGES='lttng-tools liblttng-ust-dev babeltrace2 gcc libc6-dev'
# The daemon's folder is /var/run/lttng. Traced programs find it by files in /dev/shm too.
exec "$(dirname "$0")/chroot.sh" "${RSEQ4J_MATRIX_SUITE:-forky}" sh -euc '
  busybox mkdir -p /var
  busybox ln -sfn /run /var/run
  busybox mount -t tmpfs tmpfs /run
  busybox mount -t tmpfs tmpfs /dev/shm
  exec "$@"' lttng.sh "$@"
