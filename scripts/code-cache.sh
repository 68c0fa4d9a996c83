#!/bin/sh
# Makes dist/memtrace.cache: V8's code for the bundle, after a run that has used most of it: one that finds some names
# remembered and asks for others. Where nothing can be traced (a build without /dev/shm) there is none, and memtrace
# starts some 30 ms later.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
rm -f dist/memtrace.cache
cat > "$folder/node" <<END
#!/bin/sh
exec "${MEMTRACE_NODE:-node}" --require "$PWD/scripts/write-code-cache.cjs" "\$@"
END
chmod +x "$folder/node"
export MEMTRACE_CACHE_DIR="$folder/names"
bin/memtrace run -o "$folder/first.json" -- ls / > "$folder/out" 2>&1 || true
CODE_CACHE="$PWD/dist/memtrace.cache" MEMTRACE_NODE="$folder/node" \
    bin/memtrace run -o "$folder/second.json" -- ls -l / > "$folder/out" 2>&1 || true
[ -e dist/memtrace.cache ] || echo "memtrace: no code cache: $(tail -n 1 "$folder/out")" >&2
