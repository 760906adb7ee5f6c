#!/bin/sh
# A real Apache Kafka broker (KRaft, one node) from Maven's jars, on loopback, for tests and measurements.
#   broker.sh jars  LIB [VERSION]   fetch the jars into LIB, once; VERSION is another one of Kafka
#   broker.sh start DIR PORT LIB    a fresh broker: wipes DIR/data, waits until it has started
#   broker.sh start DIR PORT LIB secure
#                                   the same, and with TLS that asks for a client's certificate at PORT + 2, and SASL
#                                   (PLAIN, SCRAM-SHA-512; user newsmill, password mill-secret) over TLS at PORT + 3;
#                                   keys and certificates, good ones and others, are made in DIR/tls
#   broker.sh again DIR             start it again with the data that it has
#   broker.sh stop  DIR             end that broker, and only that one (SIGTERM, then SIGKILL)
#   broker.sh kill  DIR             SIGKILL
#   broker.sh wipe  DIR             remove its data
# PORT + 1 is the controller's. Its log is DIR/broker.log, its process id DIR/pid.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

usage() { sed -n '3,13p' "$0" >&2; exit 2; }
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

# certificate NAME CA SUBJECT DAYS: NAME.pem, NAME.key, signed by CA; of days long past if DAYS is 0.
certificate() {
    openssl req -new -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$3" 2> /dev/null
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' > "$1.ext"
    if [ "$4" = 0 ]; then
        # `x509` knows no past; `ca` does.
        : > "$1.index"
        openssl ca -batch -notext -config /dev/stdin -cert "$2.pem" -keyfile "$2.key" -in "$1.csr" -out "$1.pem" \
            -startdate 20200101000000Z -enddate 20200201000000Z -extfile "$1.ext" 2> "$1.log" << C
[ca]
default_ca = past
[past]
database = $1.index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
C
    else
        openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$4" -sha256 \
            -extfile "$1.ext" -out "$1.pem" 2> /dev/null
    fi
}

authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" 2> /dev/null
}

make_certificates() {
    rm -rf "$dir/tls"
    mkdir -p "$dir/tls"
    (
        cd "$dir/tls"
        authority ca
        authority other-ca
        certificate broker ca 127.0.0.1 30
        certificate client ca newsmill 30
        certificate expired ca newsmill 0
        cat broker.key broker.pem > broker-chain.pem
    )
}

case $command in
jars)
    [ -e "$dir/.complete" ] && exit 0
    mkdir -p "$dir"
    mvn -q -B -f "$here/broker-pom.xml" ${3:+-Dkafka.version="$3"} dependency:copy-dependencies -DoutputDirectory="$(cd "$dir" && pwd)"
    touch "$dir/.complete"
    ;;
start)
    [ $# -eq 4 ] || [ "${5:-}" = secure ] || usage
    port=$3
    secure=${5:-}
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
    scram=
    if [ -n "$secure" ]; then
        make_certificates
        cat >> "$dir/server.properties" << P
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1)),SSL://127.0.0.1:$((port + 2)),SASL_SSL://127.0.0.1:$((port + 3))
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SSL://127.0.0.1:$((port + 2)),SASL_SSL://127.0.0.1:$((port + 3))
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location=$dir/tls/broker-chain.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/tls/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_newsmill="mill-secret";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
P
        scram="--add-scram SCRAM-SHA-512=[name=newsmill,password=mill-secret]"
    fi
    lib=$(cat "$dir/lib")
    id=$(java -cp "$lib/*" kafka.tools.StorageTool random-uuid 2> /dev/null | tail -n 1)
    java -cp "$lib/*" kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" $scram \
        > "$dir/format.log" 2>&1
    launch
    ;;
again) dir=$(cd "$dir" && pwd); launch ;;
stop) end TERM ;;
kill) end KILL ;;
wipe) rm -rf "$dir/data" ;;
*) usage ;;
esac
