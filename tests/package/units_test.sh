#!/bin/sh
# The systemd units are accepted by systemd itself and confine the daemon well. usage: units_test.sh NEWSMILL
# Without systemd-analyze: says so, and 77, which ctest takes for skipped.
set -eu
newsmill=$1
units=$(cd "$(dirname "$0")/../../packaging/systemd" && pwd)
if ! command -v systemd-analyze >/dev/null; then
    echo "skipped: systemd-analyze is not here (Debian package systemd)"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for unit in newsmill newsmill@; do
    # Where nothing is installed, the program is the one that was built.
    sed "s,/usr/bin/newsmill,$newsmill," "$units/$unit.service" >"$folder/$unit.service"
done
cp "$folder/newsmill@.service" "$folder/newsmill@desk.service"
for unit in newsmill newsmill@desk; do
    said=$(systemd-analyze verify --man=no "$folder/$unit.service" 2>&1) || {
        echo "$said"
        exit 1
    }
    if [ -n "$said" ]; then
        echo "$said"
        exit 1
    fi
    exposure=$(systemd-analyze security --offline=true "$folder/$unit.service" |
        sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
    echo "$unit: exposure ${exposure:-unknown}"
    # Fails above 2.0; --threshold counts tenths.
    systemd-analyze security --offline=true --threshold=20 "$folder/$unit.service" >/dev/null
done
