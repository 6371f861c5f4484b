# What bench/run needs of the machine: packages, a build, a directory with room for the maps, memory. Sourced by it.

packages=(cmake ninja-build g++ libbenchmark-dev libabsl-dev libtbb-dev libboost-dev liblmdb-dev golang-go
  memcached redis-server)

# Servers are started by the programs that measure them, on sockets of their own; what a package would start while it is
# installed has no business here.
forbid_services() {
  local policy=/usr/sbin/policy-rc.d
  [[ ! -e $policy ]] || return 0
  printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy" >/dev/null
  "$@" chmod 755 "$policy"
  echo "$policy"
}

install_missing() {
  local missing=() package as_root=() policy status=0
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  ((install)) || fail "these packages are missing: ${missing[*]}"
  ((EUID == 0)) || as_root=(sudo)
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get -qq update
  policy=$(forbid_services "${as_root[@]}")
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null || status=$?
  [[ -z $policy ]] || "${as_root[@]}" rm -f "$policy"
  ((status == 0)) || fail "apt-get cannot install ${missing[*]}"
}

build_all() {
  cmake -S "$here/.." -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ \
    -DTWINMAP_BUILD_BENCH=ON -DTWINMAP_BUILD_TESTS=OFF -DTWINMAP_BUILD_TOOLS=OFF >"$build.log" 2>&1 &&
    cmake --build "$build" >>"$build.log" 2>&1 || { tail -n 40 "$build.log" >&2; fail "the build failed: $build.log"; }
}

# The largest map takes at most this many bytes per key, tables that are being replaced included.
bytes_needed() { echo $(($1 * 256 + (64 << 20))); }
bytes_free() { df --output=avail -B1 "$1" | tail -n 1; }

# Sets directory, if it was not chosen, to one in which a map of $1 keys fits.
choose_directory() {
  local needed candidate
  needed=$(bytes_needed "$1")
  if [[ -n $directory ]]; then
    (($(bytes_free "$directory") >= needed)) || fail "$directory has less than $((needed >> 20)) MiB free"
    return
  fi
  for candidate in /dev/shm "${TMPDIR:-/tmp}" /var/tmp; do
    [[ -d $candidate && -w $candidate ]] && (($(bytes_free "$candidate") >= needed)) || continue
    directory=$candidate
    [[ $candidate == /dev/shm ]] ||
      echo "/dev/shm has less than $((needed >> 20)) MiB free: the maps are in $candidate, and stores pay for a disk."
    return
  done
  fail "no directory has the $((needed >> 20)) MiB that $1 keys need; see --sizes and --directory"
}

# A private map of Go's or Boost's takes up to this many bytes per key, and the kernel would kill what does not fit.
drop_sizes_beyond_memory() {
  local available kept=() size
  available=$(($(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) * 1024))
  for size in "${sizes[@]}"; do
    if ((size * 512 < available)); then
      kept+=("$size")
    else
      echo "Not enough memory for $size keys: left out."
      sizes_chosen=1
    fi
  done
  ((${#kept[@]})) || fail "not enough memory for any of the sizes"
  sizes=("${kept[@]}")
}
