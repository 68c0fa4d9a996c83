#!/bin/sh
# `make demo`: traces a program with a known leak, then a program as Debian ships it, and shows their reports.
# Run from the root of a built checkout. Snapshots go to a folder of their own, which is named at the end.
set -eu
memtrace=$PWD/bin/memtrace
leaky=$PWD/build/examples/leaky-cache
folder=$(mktemp -d "${TMPDIR:-/tmp}/memtrace-demo.XXXXXX")
cd "$folder"

title() { printf '\n==== %s\n' "$*" >&2; }
say() { printf '%s\n' "$*" >&2; }

title "1. A program with a known leak: memtrace run -o leaky.json -- leaky-cache"
say "   (examples/leaky-cache.cpp says what its author meant to do, and what it does)"
"$memtrace" run -o leaky.json -- "$leaky"

title "2. The same snapshot by what is thrown away at once: memtrace report leaky.json --sort temporary"
"$memtrace" report leaky.json --sort temporary --limit 3

title "3. What twice as many requests cost: memtrace dump --diff leaky.json twice.json"
"$memtrace" run --quiet -o twice.json -- "$leaky" 100000
"$memtrace" dump --diff leaky.json twice.json --limit 5

if command -v sqlite3 >/dev/null; then
    title "4. A program of Debian's, without debug information: memtrace run --by function -- sqlite3"
    "$memtrace" run --by function --limit 8 -o sqlite3.json -- sqlite3 :memory: "
        CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
            INSERT INTO word SELECT i, 'word ' || (i * 7919 % 20000) FROM n;
        CREATE INDEX by_text ON word(text);
        SELECT count(*) || ' words, the last is ' || max(text) FROM word;"
elif command -v git >/dev/null; then
    title "4. sqlite3 is not installed; another program of Debian's: memtrace run --by function -- git"
    git init -q repository
    "$memtrace" run --by function --limit 8 -o git.json -- git -C repository status
else
    title "4. Neither sqlite3 nor git is installed; a program that is everywhere: memtrace run --by module -- ls"
    "$memtrace" run --by module --limit 8 -o ls.json -- ls /
fi

title "The snapshots are in $folder; look closer with, for example"
say "  $memtrace report $folder/leaky.json --by stack"
