#!/bin/sh
# Removes from dist/ what was compiled from sources that are gone, so that a deleted test is not run any more.
set -eu
[ -d dist ] || exit 0
find dist -name '*.js' | while read -r compiled; do
    source=${compiled#dist/}
    [ -e "${source%.js}.ts" ] || rm -f "$compiled"
done
