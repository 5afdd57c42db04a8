#!/usr/bin/env bash
# user-arm64.sh SUITE FOLDER
#
# Runs FOLDER's inside.sh with an aarch64 JRE under qemu-aarch64-static, which has no rseq(2) at all. Needs apt-get and
# dpkg-deb.
set -euo pipefail
. "$(dirname "$0")/debs.sh"
[ $# = 2 ] || { sed -n '2p' "$0" >&2; exit 2; }
root=$WORK/user/$1-arm64
if [ ! -e "$root.ok" ]; then
  rm -rf "$root" "$root.debs" "$root.qemu"
  fetch_debs "$1" arm64 "$root.debs" libc6 zlib1g libgcc-s1 libstdc++6 openjdk-25-jre-headless
  unpack_debs "$root" "$root.debs"/*.deb
  # There is no chroot: what the JRE links to in /etc is put in its place.
  find "$root/usr/lib/jvm" -type l -lname '/etc/*' | while read -r link; do
    target=$root$(readlink "$link")
    rm "$link"
    [ ! -e "$target" ] || cp -aL "$target" "$link"
  done
  fetch_debs bookworm amd64 "$root.qemu" qemu-user-static
  dpkg-deb --fsys-tarfile "$root.qemu"/*.deb | tar -x -C "$root.qemu" -f - ./usr/bin/qemu-aarch64-static
  rm -rf "$root.debs" "$root.qemu"/*.deb
  touch "$root.ok"
fi
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
cat > "$bin/java" <<EOF
#!/bin/sh
# The variables are the emulated program's, not the emulator's.
exec env -u LD_PRELOAD -u GLIBC_TUNABLES "$root.qemu/usr/bin/qemu-aarch64-static" -L "$root" \\
  \${LD_PRELOAD:+-E LD_PRELOAD="\$LD_PRELOAD"} \${GLIBC_TUNABLES:+-E GLIBC_TUNABLES="\$GLIBC_TUNABLES"} \\
  "$root/usr/lib/jvm/java-25-openjdk-arm64/bin/java" "\$@"
EOF
chmod +x "$bin/java"
cd "$2"
PATH=$bin:$PATH sh inside.sh
