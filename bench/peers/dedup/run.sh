#!/bin/sh
# newsmill's decisions on near duplicates beside other libraries', on one labelled set. See README.md.
#
#   run.sh [SET.ndjson] [SYSTEM…]
#
# SET is one of bench/neardup/make_set.py; without it one is made of our own texts in English.
# SYSTEM: exact datasketch datasketch_tuned rensa rensa_tuned newsmill newsmill_untagged reference;
# none means all. Needs what `./mill bench` needs, and PyPI for the libraries (into build/peers).
# Environment: CPU=1 the core that all run on, RESULTS=bench/results/dedup.jsonl, REFERENCE=FILE.cpp of
# another implementation (`FILE run SET PAIRS`, prints `all N docs/s`).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$root/build/peers/dedup
mkdir -p "$work"

set_file=""
case ${1:-} in
-h | --help) sed -n '2,10p' "$0" | cut -c3-; exit 0 ;;
*.* | */*) set_file=$1; shift ;;
esac
if [ -z "$set_file" ]; then
    set_file=$work/own.ndjson
    python3 "$root/bench/neardup/make_set.py" --out "$set_file" --languages en
fi
[ -r "$set_file" ] || { echo "run.sh: can't read $set_file" >&2; exit 2; }

NEWSMILL_NO_INSTALL=${NEWSMILL_NO_INSTALL:-} "$root/mill" build
if ! cmp -s "$here/requirements.txt" "$work/requirements.txt"; then
    rm -rf "$work/venv"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$work/requirements.txt"
fi
reference=""
if [ -n "${REFERENCE:-}" ]; then
    reference=$work/reference
    g++ -std=c++20 -O3 -march=native -w "$REFERENCE" -o "$reference"
fi
exec python3 "$here/compare.py" --set "$set_file" --python "$work/venv/bin/python" --work "$work" \
    --newsmill "$root/build/release/bin/newsmill" --reference "$reference" --cpu "${CPU:-1}" \
    --results "${RESULTS:-$root/bench/results/dedup.jsonl}" "$@"
