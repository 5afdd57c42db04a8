#!/usr/bin/env bash
# chroot.sh SUITE CMD...
#
# Runs CMD on the glibc of a Debian suite (bullseye, trixie, forky...), on this machine's kernel. The folders that
# EXTRA_BIND names, and the JDK 25, are there read-only at the same paths, and those that WRITABLE_BIND names can be
# written; JAVA_HOME and PATH are set. With EXTRA_PACKAGES the root has these packages too, and all that they depend on.
# Ends with CMD's status, or 125 when the root could not be prepared. Needs root, apt-get, dpkg-deb, unshare.
set -euo pipefail
. "$(dirname "$0")/debs.sh"
[ $# -ge 2 ] || { sed -n '2p' "$0" >&2; exit 2; }
suite=$1
shift

refuse() { echo "chroot.sh: $1" >&2; exit 125; }

[ "$(id -u)" = 0 ] || refuse "needs root, for a mount namespace and chroot"
unshare --mount true 2>/dev/null || refuse "unshare(2) of the mount namespace is refused here"
JAVA_HOME=$(host_jdk) || refuse "no JDK 25"
root=$WORK/chroot/$suite${EXTRA_PACKAGES:+-$(printf '%s' "$EXTRA_PACKAGES" | cksum | cut -d ' ' -f 1)}
mkdir -p "$WORK/chroot"
# Each step says "or give up": bash ignores errexit in a function that "||" follows.
prepare() {
  rm -rf "$root" "$root.debs"
  # busybox is for programs that want a /bin/sh, libgcc for pthread_exit, zlib for JDKs that use the system's.
  fetch_debs "$suite" amd64 "$root.debs" libc6 libgcc-s1 zlib1g busybox-static || return 1
  # shellcheck disable=SC2086 # The packages are words.
  [ -z "${EXTRA_PACKAGES-}" ] || fetch_with_deps "$suite" amd64 "$root.debs" $EXTRA_PACKAGES || return 1
  unpack_debs "$root" "$root.debs"/*.deb || return 1
  ln -sf busybox "$root/usr/bin/sh"
  rm -rf "$root"/usr/share/{doc,man,locale} "$root.debs"
  touch "$root.ok"
}
# One preparation at a time; the others find it done.
exec 9> "$root.lock"
flock 9
[ -e "$root.ok" ] || prepare || refuse "the packages of $suite cannot be had"
flock -u 9
exec 9>&-

export root JAVA_HOME EXTRA_BIND=${EXTRA_BIND-} WRITABLE_BIND=${WRITABLE_BIND-}
exec unshare --mount --propagation private bash -euc '
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --rbind /sys "$root/sys"
  # Ahead of the folders below, which may lie in it.
  mount -t tmpfs tmpfs "$root/tmp"
  for folder in "$JAVA_HOME" $EXTRA_BIND; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
    mount -o remount,ro,bind "$root$folder"
  done
  for folder in $WRITABLE_BIND; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
  done
  chroot=$(command -v chroot)
  export PATH=$JAVA_HOME/bin:/usr/bin:/bin
  exec "$chroot" "$root" "$@"' chroot.sh "$@"
