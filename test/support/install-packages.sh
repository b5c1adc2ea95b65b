#!/usr/bin/env bash
# Installs the Debian packages that some tests need, when that is allowed (root, or sudo without a password, and
# apt-get). What stays missing is named, with the tests that are then skipped. Always exits 0.
set -u

# command, Debian package, what needs it
needs='chromium chromium the-status-page
strace strace acknowledgment-after-sync
gcc gcc load-tools-of-the-bench
openssl openssl certificates
mllp_send python3-hl7 clients-of-others
systemd-analyze systemd the-unit-file
mkfs.ext4 e2fsprogs full-disks-and-power-cuts
losetup mount full-disks-and-power-cuts
faketime faketime jumping-clocks
prlimit util-linux exhausted-resources
ip iproute2 broken-networks
nft nftables broken-networks'

missing() {
  while read -r command package _; do
    command -v "$command" >/dev/null 2>&1 || echo "$package"
  done <<<"$needs"
  # gcc alone compiles nothing: it needs the headers of the C library.
  [ -e /usr/include/stdio.h ] || echo libc6-dev
}

packages=$(missing | xargs)
if [ -n "$packages" ]; then
  as_root=''
  if [ "$(id -u)" != 0 ]; then as_root='sudo -n'; fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "tests: cannot install $packages: this machine has no apt-get"
  elif ! $as_root true 2>/dev/null; then
    echo "tests: may not install $packages: neither root nor sudo without a password"
  else
    echo "tests: installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    { $as_root apt-get update -q && $as_root apt-get install -y -q --no-install-recommends $packages; } >"$log" 2>&1 ||
      { echo 'tests: apt-get failed:'; tail -n 5 "$log"; }
    rm -f "$log"
  fi
fi
while read -r command package reason; do
  command -v "$command" >/dev/null 2>&1 ||
    echo "tests: without $package the tests of ${reason//-/ } are skipped"
done <<<"$needs"
exit 0
