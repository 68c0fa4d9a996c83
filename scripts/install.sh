#!/bin/sh
# Puts a built memtrace below a prefix, or takes it away again.  Usage: install.sh install|uninstall PREFIX
#
#   PREFIX/lib/memtrace/{bin,build,dist,proto,node_modules,package.json}    PREFIX/bin/memtrace -> there
#
# The launcher finds the rest of it through its own path. Nothing is fetched: the packages that memtrace needs
# at run time are copied from the checkout.
set -eu
action=${1:-} prefix=${2:-}
[ -n "$prefix" ] || { echo "usage: $0 install|uninstall PREFIX" >&2; exit 2; }
home=$prefix/lib/memtrace
link=$prefix/bin/memtrace

remove() {
    # Only what is ours: a folder of that name that holds something else stays.
    if [ -e "$home" ]; then
        grep -qs '"name": "memtrace"' "$home/package.json" || { echo "memtrace: $home is not memtrace's, it stays" >&2; exit 1; }
        rm -rf "$home"
    fi
    case "$(readlink "$link" 2>/dev/null || true)" in ../lib/memtrace/*) rm -f "$link" ;; esac
}

copy_packages() {
    npm ls --omit=dev --all --parseable | tail -n +2 | while read -r package; do
        name=${package#"$PWD"/node_modules/}
        mkdir -p "$home/node_modules/$(dirname "$name")"
        [ -e "$home/node_modules/$name" ] || cp -R "$package" "$home/node_modules/$name"
    done
}

case "$action" in
uninstall)
    remove
    echo "memtrace was removed from $prefix"
    ;;
install)
    [ -e "$link" ] && [ ! -L "$link" ] && { echo "memtrace: $link exists and is not memtrace's" >&2; exit 1; }
    remove
    mkdir -p "$home/build" "$home/dist" "$home/proto" "$home/bin" "$prefix/bin"
    cp bin/memtrace "$home/bin/"
    cp build/libmemtrace.so build/libmemtrace-core.so build/memtrace-symbolizer "$home/build/"
    cp dist/memtrace.cjs dist/memtrace.bundle.cjs "$home/dist/"
    [ ! -e dist/memtrace.cache ] || cp dist/memtrace.cache "$home/dist/"
    cp proto/*.schema.json "$home/proto/"
    cp package.json LICENSE "$home/"
    copy_packages
    chmod -R u=rwX,go=rX "$home"
    ln -sfn ../lib/memtrace/bin/memtrace "$link"
    echo "memtrace was installed: $link"
    ;;
*) echo "usage: $0 install|uninstall PREFIX" >&2; exit 2 ;;
esac
