#!/bin/sh
# Installs the Debian packages that a part of memtrace needs and that are missing, when it may (root or
# password-less sudo); else prints the one line to run.  Usage: install-deps.sh build|demo|test|slow|bench …
set -eu
need="" use=""
# Of the plain gcc-multilib, Debian's cross compilers say that they conflict with it.
multilib="gcc-$(gcc -dumpversion 2>/dev/null || echo 12)-multilib"
for group in "$@"; do
    case "$group" in
    build) need="$need gcc libc6-dev libdw-dev libelf-dev libiberty-dev" ;;
    demo) need="$need g++" use="$use sqlite3" ;;
    test) need="$need g++ clang-format binutils valgrind sqlite3 redis-server redis-tools tmux git perl python3 bash libc6-dbg musl-tools $multilib libunwind-dev jq clang libclang-rt-dev libjemalloc2 libtcmalloc-minimal4 libmimalloc2.0 util-linux file dwz" ;;
    slow) use="$use gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user golang-go python3-greenlet" ;;
    bench) use="$use heaptrack libxml2-utils" ;;
    *) echo "usage: $0 build|demo|test|slow|bench …" >&2; exit 2 ;;
    esac
done

complain() {
    for line in "$@"; do echo "memtrace: $line" >&2; done
    exit 1
}

# ---- Node.js: Debian 12's own is too old, so that it is never installed from here ----
node_is_new_enough() {
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    complain "it needs Node.js 20.19 or newer with npm, and there is none in PATH" \
        "get it from https://nodejs.org/en/download and run make again"
elif ! node_is_new_enough; then
    complain "it needs Node.js 20.19 or newer, and $(command -v node) is $(node --version)" \
        "get a newer one from https://nodejs.org/en/download and run make again"
fi

# ---- Debian packages ----
command -v dpkg-query >/dev/null ||
    { echo "memtrace: this is no Debian; it goes on, hoping for the likes of:$need" >&2; exit 0; }
missing_of() {
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || printf ' %s' "$package"
    done
}
missing=$(missing_of $need)
useful=$(missing_of $use)
[ -z "$missing$useful" ] && exit 0

if [ "$(id -u)" = 0 ]; then sudo=""
elif sudo -n true 2>/dev/null; then sudo="sudo"
elif [ -z "$missing" ]; then exit 0
else
    echo "memtrace: these Debian packages are missing; install them and run make again:" >&2
    echo "    sudo apt-get install -y$missing$useful" >&2
    exit 1
fi
install() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}
install_listed() {
    install "$@" >/dev/null 2>&1 || { $sudo apt-get -qq update && install "$@" >/dev/null; }
}
if [ -n "$missing" ]; then
    echo "installing:$missing"
    install_listed $missing
fi
if [ -n "$useful" ]; then
    echo "installing:$useful"
    install_listed $useful || echo "memtrace: going on without:$useful" >&2
fi
