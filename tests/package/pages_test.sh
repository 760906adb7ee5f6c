#!/bin/sh
# The manual pages that the program prints are pages that man takes without a warning. usage: pages_test.sh NEWSMILL
# Without man: says so, and 77, which ctest takes for skipped.
set -eu
if ! command -v man >/dev/null || ! command -v groff >/dev/null; then
    echo "skipped: man is not here (Debian packages man-db, groff-base)"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for page in newsmill newsmill.toml; do
    "$1" man "$page" >"$folder/$page"
    MANWIDTH=100 LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$folder/$page" >"$folder/text" 2>"$folder/warnings"
    if [ -s "$folder/warnings" ]; then
        cat "$folder/warnings"
        exit 1
    fi
    grep -q '^SEE ALSO' "$folder/text"
    echo "$page: $(wc -l <"$folder/text") lines"
done
