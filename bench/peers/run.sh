#!/bin/sh
# newsmill beside what a user would run instead: one topic, one broker, one run. See README.md.
#
#   run.sh [ARTICLES.ndjson] [SYSTEM…]
#
# ARTICLES has one JSON object a line, with a title and a body; without it articles are made up.
# SYSTEM: passthrough passthrough_tx streams_local streams_global newsmill newsmill_untagged; none
# means all. Needs what `./mill bench` needs, a JDK 17, Maven and Python 3.
# Environment: COUNT=120000 articles, ROUNDS=3, COMPRESSION=lz4 of all topics, PORT=29092 (and the
# next one), RESULTS=bench/results/peers.jsonl.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/build/peers
port=${PORT:-29092}

case ${1:-} in
-h | --help) sed -n '2,11p' "$0" | cut -c3-; exit 0 ;;
*.* | */*) articles=$1; shift ;;
*) articles=- ;;
esac
[ "$articles" = - ] || [ -r "$articles" ] || { echo "run.sh: can't read $articles" >&2; exit 2; }
mkdir -p "$work"

build() {
    launcher=""
    if command -v ccache > /dev/null; then launcher="-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"; fi
    (
        cd "$root"
        # -O3 makes GCC 12 warn of what is not there; the release preset keeps warnings as errors.
        # shellcheck disable=SC2086  # empty means none
        cmake --preset bench -DNEWSMILL_WERROR=OFF $launcher
        cmake --build --preset bench --target newsmill peers_passthrough peers_topics
    ) > "$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; exit 1; }
    if [ ! -e "$work/lib/.complete" ]; then
        mvn -q -B -f "$here/streams/pom.xml" dependency:copy-dependencies \
            -DoutputDirectory="$work/lib" > "$work/maven.log" 2>&1 ||
            { cat "$work/maven.log" >&2; exit 1; }
        touch "$work/lib/.complete"
    fi
    javac -cp "$work/lib/*" -d "$work/classes" "$here/streams/StreamsPeer.java"
}

stop_broker() {
    sh "$root/tests/kafka/broker.sh" stop "$work/broker"
    sh "$root/tests/kafka/broker.sh" wipe "$work/broker"
}

echo "run.sh: building" >&2
build
echo "run.sh: mixing articles" >&2
mix=$(python3 "$here/mix.py" "$articles" "$work/articles.ndjson" "${COUNT:-120000}")
echo "run.sh: $mix" >&2
sh "$root/tests/kafka/broker.sh" jars "$root/build/kafka/lib"
trap stop_broker EXIT
trap 'exit 130' INT TERM
sh "$root/tests/kafka/broker.sh" start "$work/broker" "$port" "$root/build/kafka/lib"
python3 "$here/compare.py" --brokers "127.0.0.1:$port" --broker-pid "$(cat "$work/broker/pid")" \
    --bin "$root/build/bench/bin" --streams "$work/lib/*:$work/classes" --work "$work" \
    --articles "$work/articles.ndjson" --mix "$mix" --compression "${COMPRESSION:-lz4}" \
    --rounds "${ROUNDS:-3}" --results "${RESULTS:-$root/bench/results/peers.jsonl}" "$@"
