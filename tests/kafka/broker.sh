#!/bin/sh
# A real Apache Kafka broker (KRaft, one node) from Maven's jars, on loopback, for tests and measurements.
#   broker.sh jars  LIB             fetch the jars into LIB, once
#   broker.sh start DIR PORT LIB    a fresh broker: wipes DIR/data, waits until it has started
#   broker.sh again DIR             start it again with the data that it has
#   broker.sh stop  DIR             end that broker, and only that one (SIGTERM, then SIGKILL)
#   broker.sh kill  DIR             SIGKILL
#   broker.sh wipe  DIR             remove its data
# PORT + 1 is the controller's. Its log is DIR/broker.log, its process id DIR/pid.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

usage() { sed -n '3,9p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
dir=$2

launch() {
    : > "$dir/broker.log"
    setsid java -Xms256m -Xmx1g -cp "$(cat "$dir/lib")/*" kafka.Kafka "$dir/server.properties" \
        >> "$dir/broker.log" 2>&1 < /dev/null &
    echo $! > "$dir/pid"
    waited=0
    until grep -q 'Kafka Server started' "$dir/broker.log"; do
        if [ $waited -ge 600 ] || ! kill -0 "$(cat "$dir/pid")" 2> /dev/null; then
            echo "broker.sh: the broker did not start; see $dir/broker.log" >&2
            tail -n 5 "$dir/broker.log" >&2
            exit 1
        fi
        sleep 0.1
        waited=$((waited + 1))
    done
}

end() {
    [ -f "$dir/pid" ] || return 0
    pid=$(cat "$dir/pid")
    kill "-$1" "$pid" 2> /dev/null || true
    waited=0
    while kill -0 "$pid" 2> /dev/null; do
        [ $waited -lt 200 ] || kill -9 "$pid" 2> /dev/null || true
        sleep 0.1
        waited=$((waited + 1))
    done
    rm -f "$dir/pid"
}

case $command in
jars)
    [ -e "$dir/.complete" ] && exit 0
    mkdir -p "$dir"
    mvn -q -B -f "$here/broker-pom.xml" dependency:copy-dependencies -DoutputDirectory="$(cd "$dir" && pwd)"
    touch "$dir/.complete"
    ;;
start)
    [ $# -eq 4 ] || usage
    port=$3
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    (cd "$4" && pwd) > "$dir/lib"
    rm -rf "$dir/data"
    cat > "$dir/server.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.partitions=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
message.max.bytes=10485760
P
    lib=$(cat "$dir/lib")
    id=$(java -cp "$lib/*" kafka.tools.StorageTool random-uuid 2> /dev/null | tail -n 1)
    java -cp "$lib/*" kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" > "$dir/format.log" 2>&1
    launch
    ;;
again) dir=$(cd "$dir" && pwd); launch ;;
stop) end TERM ;;
kill) end KILL ;;
wipe) rm -rf "$dir/data" ;;
*) usage ;;
esac
