#!/usr/bin/env bash
# vm.sh ARCH [-s CPUS] [-m MIB] [-l LIBC_SUITE] [-t SECONDS] KERNEL_SUITE DIR CMD...
#
# Runs CMD in a copy of DIR, at /test, on a Debian kernel of its own under software emulation; ARCH is amd64 or arm64.
# JAVA_HOME and PATH are set there. Ends with CMD's status, or 124 when it never ended. Needs root, apt-get, dpkg-deb,
# cpio.
#
# The machine is a kernel, one initramfs with libc, busybox and a JRE, which is kept, and a small second one with DIR's
# files behind it: no disk, no network, no modules. Output comes back over the serial line. A boot that never reached
# /init is tried again, twice at most; what ran once is never repeated.
set -euo pipefail
. "$(dirname "$0")/debs.sh"

usage() { sed -n '2p' "$0" >&2; exit 2; }

arch=${1-} cpus=2 memory=2048 libc_suite=trixie seconds=300 flavour=cloud-
[ $# -ge 1 ] || usage
shift
while getopts s:m:l:t: option; do
  case $option in
    s) cpus=$OPTARG ;;
    m) memory=$OPTARG ;;
    l) libc_suite=$OPTARG ;;
    t) seconds=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -ge 3 ] || usage
kernel_suite=$1 folder=$2
shift 2

case $arch in
  # One thread for all CPUs: with one each, QEMU may decode an x86 instruction while another CPU stores over it, and
  # keep the mixture. HotSpot's "not entrant" is such a store: docs/results/2026-11-23-emulator.md.
  amd64) package=qemu-system-x86 binary=qemu-system-x86_64 console=ttyS0 machine=(-M pc -cpu max)
    accelerator=tcg,thread=${RSEQ4J_MATRIX_THREAD:-single} ;;
  # The virt machine; a72 is a processor of Armv8.0, so nothing newer is used by mistake.
  arm64) package=qemu-system-arm binary=qemu-system-aarch64 console=ttyAMA0
    machine=(-M virt,gic-version=3 -cpu cortex-a72) accelerator=tcg,thread=multi ;;
  *) usage ;;
esac

# QEMU of trixie in a root of its own, run by that root's dynamic linker: bookworm's breaks one x86 boot in ten.
emulator() {
  local root=$WORK/qemu/trixie-$package
  if [ ! -e "$root.ok" ]; then
    rm -rf "$root" "$root.debs"
    fetch_with_deps trixie amd64 "$root.debs" "$package"
    unpack_debs "$root" "$root.debs"/*.deb
    find "$root/usr/bin" -type f ! -name "$binary" -delete
    rm -rf "$root.debs" "$root"/usr/share/{doc,man,locale,icons} "$root"/usr/lib/x86_64-linux-gnu/qemu
    touch "$root.ok"
  fi
  export QEMU_MODULE_DIR=$root/none
  qemu=("$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/$binary"
    -L "$root/usr/share/seabios" -L "$root/usr/share/qemu" -L "$root/usr/lib/ipxe/qemu")
}

# Prints the path of the suite's kernel, fetched once.
kernel() {
  local place=$WORK/kernel/$kernel_suite-$flavour$arch image split
  if [ ! -e "$place.ok" ]; then
    rm -rf "$place"
    mkdir -p "$place/x"
    image=$(depends_on "$kernel_suite" "$arch" "linux-image-$flavour$arch" 'linux-image-.*')
    [ -n "$image" ] || { echo "no kernel package in $kernel_suite for $arch" >&2; return 1; }
    split=$(depends_on "$kernel_suite" "$arch" "$image" 'linux-binary-.*')
    fetch_debs "$kernel_suite" "$arch" "$place" "${split:-$image}"
    dpkg-deb -x "$place"/*.deb "$place/x"
    cp "$(find "$place/x" -name 'vmlinuz*' -type f)" "$place/vmlinuz"
    find "$place" -maxdepth 1 -name '*.deb' -printf '%f\n' > "$place/package"
    rm -rf "$place/x" "$place"/*.deb
    touch "$place.ok"
  fi
  echo "$place/vmlinuz"
}

init() {
  cat <<'EOF'
#!/bin/busybox sh
/bin/busybox --install -s /bin 2>/dev/null
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
exec </dev/null >/dev/console 2>&1
export PATH=/opt/jdk/bin:/bin JAVA_HOME=/opt/jdk HOME=/root LANG=C.UTF-8
ip link set lo up 2>/dev/null
cd /test
echo
echo "=====BEGIN"
sh ./.command
status=$?
echo
echo "=====END $status"
poweroff -f
EOF
}

# Prints the path of the initramfs with libc, busybox and the JRE: on amd64 the host's JDK, else Debian's.
base() {
  local root=$WORK/base/$libc_suite-$arch jvm
  if [ ! -e "$root.ok" ]; then
    rm -rf "$root" "$root.debs" "$root.cpio"
    mkdir -p "$root"
    if [ "$arch" = amd64 ]; then
      fetch_debs "$libc_suite" "$arch" "$root.debs" libc6 libgcc-s1 zlib1g busybox-static
      unpack_debs "$root" "$root.debs"/*.deb
      cp -aL "$(host_jdk)" "$root/opt/jdk"
    else
      fetch_debs "$libc_suite" "$arch" "$root.debs" libc6 zlib1g libgcc-s1 libstdc++6 busybox-static \
        openjdk-25-jre-headless
      unpack_debs "$root" "$root.debs"/*.deb
      ln -s "../usr/lib/jvm/java-25-openjdk-$arch" "$root/opt/jdk"
    fi
    jvm=$(readlink -f "$root/opt/jdk")
    rm -rf "$root.debs" "$root"/usr/share/* "$jvm"/{jmods,lib/src.zip,legal,man,docs,include}
    init > "$root/init"
    chmod 755 "$root/init"
    (cd "$root" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) > "$root.cpio.part"
    mv "$root.cpio.part" "$root.cpio"
    rm -rf "$root"
    touch "$root.ok"
  fi
  echo "$root.cpio"
}

emulator
image=$(kernel)
initramfs=$(base)
run=$(mktemp -d "$WORK/run.XXXXXX")
trap 'rm -rf "$run"' EXIT
mkdir "$run/test"
cp -aL "$folder/." "$run/test/"
printf '%q ' "$@" > "$run/test/.command"
{ cat "$initramfs"; (cd "$run" && find test -print0 | cpio --quiet -0 -o -H newc -R 0:0); } > "$run/initrd"
status=
for try in 1 2 3; do
  timeout --kill-after=10 "$seconds" "${qemu[@]}" "${machine[@]}" -accel "$accelerator" -smp "$cpus" -m "$memory" \
    -display none -monitor none -nic none -no-reboot -kernel "$image" -initrd "$run/initrd" \
    -append "console=$console quiet panic=-1" -serial file:"$run/serial" </dev/null 2> "$run/errors" \
    || { echo "qemu ended with $?"; tail -n 5 "$run/errors"; } >&2
  tr -d '\r' < "$run/serial" > "$run/output"
  sed -n '/^=====BEGIN/,/^=====END/p' "$run/output"
  status=$(sed -n 's/^=====END \([0-9]*\).*/\1/p' "$run/output" | tail -n 1)
  echo "vm: $(cat "$(dirname "$image")/package") cpus=$cpus try=$try status=${status:-none}" >&2
  grep -q '^=====BEGIN' "$run/output" && break
done
[ -n "$status" ] || { tail -n 30 "$run/output" >&2; exit 124; }
exit "$status"
