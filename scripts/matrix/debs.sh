# Sourced. Fetches Debian's packages of any suite and architecture through apt, which checks their signatures, without
# touching this machine's own lists, and unpacks them without running their scripts. The mirror is the one that this
# machine's apt uses. What was fetched is kept in RSEQ4J_MATRIX_CACHE.
WORK=${RSEQ4J_MATRIX_CACHE:-${TMPDIR:-/tmp}/rseq4j-matrix}

# Prints the address of this machine's Debian mirror.
mirror() {
  local found
  found=$(sed -n 's/^URIs: *\([^ ]*\/debian\)\/*$/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
  [ -n "$found" ] || found=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\/debian\)\/* .*/\2/p' /etc/apt/sources.list \
    /etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1)
  [ -n "$found" ] || { echo "apt's configuration names no Debian mirror" >&2; return 1; }
  echo "$found"
}

# apt_root SUITE ARCH: prints a private root for apt, whose lists are at most a day old.
apt_root() {
  local suite=$1 arch=$2 place=$WORK/apt/$1-$2 uri
  if [ ! -e "$place/ok" ] || [ -n "$(find "$place/ok" -mmin +1440)" ]; then
    uri=$(mirror) || return 1
    rm -rf "$place"
    mkdir -p "$place"/{lists/partial,archives/partial,etc,empty}
    : > "$place/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" > "$place/etc/sources.list"
    cat > "$place/apt.conf" <<EOF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Update::Post-Invoke "";
Dir::State "$place";
Dir::State::Lists "$place/lists";
Dir::State::status "$place/status";
Dir::Cache "$place";
Dir::Cache::Archives "$place/archives";
Dir::Etc::SourceList "$place/etc/sources.list";
Dir::Etc::SourceParts "$place/empty";
Dir::Etc::Preferences "$place/none";
Dir::Etc::PreferencesParts "$place/empty";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
EOF
    APT_CONFIG=$place/apt.conf timeout 300 apt-get -qq update >&2 || return 1
    touch "$place/ok"
  fi
  echo "$place"
}

# fetch_debs SUITE ARCH FOLDER PACKAGE...: exactly these packages.
fetch_debs() {
  local suite=$1 arch=$2 folder=$3 place
  shift 3
  place=$(apt_root "$suite" "$arch") || return 1
  mkdir -p "$folder"
  (cd "$folder" && APT_CONFIG=$place/apt.conf timeout 900 apt-get -qq download "$@" >&2) && return
  # The mirror may have moved on since the lists were fetched.
  rm -f "$place/ok"
  place=$(apt_root "$suite" "$arch") || return 1
  (cd "$folder" && APT_CONFIG=$place/apt.conf timeout 900 apt-get -qq download "$@" >&2)
}

# fetch_with_deps SUITE ARCH FOLDER PACKAGE...: these packages and all that they depend on.
fetch_with_deps() {
  local suite=$1 arch=$2 folder=$3 place
  shift 3
  place=$(apt_root "$suite" "$arch") || return 1
  mkdir -p "$folder/partial"
  APT_CONFIG=$place/apt.conf timeout 900 apt-get -qq -y -d \
    -o Dir::Cache::Archives="$(readlink -f "$folder")" install "$@" >&2
}

# depends_on SUITE ARCH PACKAGE PATTERN: prints the first direct dependency that matches.
depends_on() {
  local place
  place=$(apt_root "$1" "$2") || return 1
  APT_CONFIG=$place/apt.conf apt-cache depends --important "$3" | sed -n "s/^ *|*Depends: \($4\)\$/\1/p" | head -n 1
}

# unpack_debs ROOT DEB...: into a root whose /bin, /sbin and /lib are those of /usr.
unpack_debs() {
  local root=$1 link deb
  shift
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{proc,sys,dev,tmp,etc,root,opt,run}
  for link in bin sbin lib lib64; do
    [ -e "$root/$link" ] || ln -s "usr/$link" "$root/$link"
  done
  for deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root" -f - || return 1
  done
}

# Prints the home of the JDK 25: JAVA_HOME when it is one, else the first in the usual folder.
host_jdk() {
  local java
  for java in "${JAVA_HOME:-/nonexistent}/bin/java" /usr/lib/jvm/*25*/bin/java; do
    if [ -x "$java" ] && "$java" -version 2>&1 | grep -q 'version "25'; then
      dirname "$(dirname "$(readlink -f "$java")")"
      return
    fi
  done
  echo "no JDK 25: set JAVA_HOME" >&2
  return 1
}
