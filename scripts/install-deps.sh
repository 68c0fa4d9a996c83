#!/bin/sh
# Installs the Debian packages that a part of memtrace needs and that are missing, when it may (root or
# password-less sudo); else prints the one line to run.  Usage: install-deps.sh build|test
set -eu
case "${1:-}" in
build) need="gcc libc6-dev libdw-dev libelf-dev libiberty-dev" ;;
test) need="g++ clang-format binutils valgrind sqlite3 redis-server redis-tools tmux git perl python3 bash libc6-dbg musl-tools gcc-multilib" ;;
*) echo "usage: $0 build|test" >&2; exit 2 ;;
esac
missing=""
for package in $need; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then sudo=""
elif sudo -n true 2>/dev/null; then sudo="sudo"
else
    echo "memtrace: these Debian packages are missing; install them and run make again:" >&2
    echo "    sudo apt-get install -y$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get install -y -qq $missing >/dev/null 2>&1 || {
    $sudo apt-get update -qq && $sudo apt-get install -y -qq $missing >/dev/null
}
