#!/bin/sh
# The Debian package in a system of its own: installs with what it depends on, is enabled, keeps what the
# administrator changed over an upgrade, is removed, and leaves nothing behind when it is purged.
#     deb_test.sh PACKAGE.deb [FOLDER]
# Needs root, debootstrap and a Debian mirror: the one that this machine's apt uses. FOLDER is for the system
# (default: a new one under /tmp) and is deleted afterwards; with KEEP_BASE=1 the bare system stays in FOLDER.base
# for the next time. Takes about two minutes. Without what it needs it says so, and exits with 77.
set -eu
deb=$(realpath "$1")
root=${2:-$(mktemp -d)/system}
base=$root.base

skip() { echo "skipped: $*"; exit 77; }
die() { echo "FAILED: $*" >&2; exit 1; }
ok() { echo "ok: $*"; }
[ "$(id -u)" = 0 ] || skip "needs root, to make a system in a folder"
command -v debootstrap >/dev/null || skip "debootstrap is not here"

# The first mirror of a one-line or a deb822 list.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\(http[^ ]*\) .*/\2/p' | head -1)
[ -n "$mirror" ] || mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -1)
[ -n "$mirror" ] || skip "no Debian mirror in /etc/apt"
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")

cleanup() {
    umount "$root/proc" 2>/dev/null || true
    rm -rf "$root"
    [ -n "${KEEP_BASE:-}" ] || rm -rf "$base"
}
trap cleanup EXIT

if [ ! -d "$base" ]; then
    debootstrap --variant=minbase --include=systemd,init-system-helpers "$suite" "$base.new" "$mirror" \
        >"/tmp/debootstrap.$$.log" 2>&1 || { tail -5 "/tmp/debootstrap.$$.log"; die "debootstrap"; }
    rm -f "/tmp/debootstrap.$$.log"
    mv "$base.new" "$base"
fi
mkdir -p "$(dirname "$root")"
rm -rf "$root"
cp -a "$base" "$root"
# Reach the mirror as this machine does.
rm -f "$root/etc/apt/sources.list"
cp -a /etc/apt/. "$root/etc/apt/"
mkdir -p "$root/usr/share/keyrings"
cp -an /usr/share/keyrings/. "$root/usr/share/keyrings/" 2>/dev/null || true
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc" 2>/dev/null || true

run() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} chroot "$root" "$@"; }
enabled() { run systemctl is-enabled newsmill.service 2>/dev/null || true; }

cp "$deb" "$root/tmp/newsmill.deb"
# The same package one version later, and with a changed configuration file.
rm -rf "$root/tmp/later" && dpkg-deb -R "$deb" "$root/tmp/later"
sed -i 's/^Version: .*/&.1/' "$root/tmp/later/DEBIAN/control"
echo "# one more comment" >>"$root/tmp/later/etc/newsmill/newsmill.toml"
rm -f "$root/tmp/later/DEBIAN/md5sums"
dpkg-deb --root-owner-group -b "$root/tmp/later" "$root/tmp/later.deb" >/dev/null
rm -rf "$root/tmp/later"

run apt-get update -qq
run apt-get install -y -qq --no-install-recommends /tmp/newsmill.deb >/tmp/deb_test.$$.log 2>&1 ||
    { cat /tmp/deb_test.$$.log; die "does not install"; }
rm -f /tmp/deb_test.$$.log
ok "installs: $(run newsmill --version)"
[ "$(enabled)" = enabled ] || die "is not enabled: $(enabled)"
run newsmill check -c /etc/newsmill/newsmill.toml >/dev/null || die "its configuration is not good"
run systemd-analyze verify --man=no newsmill.service || die "its unit is not good"
run sh -c 'printf "Budget passed\n\nThe budget was passed, said Ada Brandt, the minister.\n" | newsmill enrich' |
    grep -q '"uri"' || die "does not enrich"
for file in man1/newsmill.1.gz man5/newsmill.toml.5.gz; do
    [ -s "$root/usr/share/man/$file" ] || die "no $file"
done
ok "is enabled, checks its configuration, enriches an article"

echo "# mine" >>"$root/etc/newsmill/newsmill.toml"
run systemctl disable -q newsmill.service 2>/dev/null
run apt-get install -y -qq -o Dpkg::Options::=--force-confold /tmp/later.deb >/dev/null 2>&1 || die "upgrade"
grep -q '^# mine' "$root/etc/newsmill/newsmill.toml" || die "an upgrade loses the configuration"
[ "$(enabled)" = disabled ] || die "an upgrade enables what was disabled: $(enabled)"
run systemctl enable -q newsmill.service 2>/dev/null
run apt-get install -y -qq --allow-downgrades -o Dpkg::Options::=--force-confold /tmp/newsmill.deb >/dev/null 2>&1 ||
    die "downgrade"
[ "$(enabled)" = enabled ] || die "a downgrade disables it: $(enabled)"
ok "an upgrade keeps the configuration, and what is enabled or not"

run apt-get remove -y -qq newsmill >/dev/null 2>&1 || die "remove"
[ -e "$root/etc/newsmill/newsmill.toml" ] || die "a removal takes the configuration"
[ ! -e "$root/usr/bin/newsmill" ] || die "a removal leaves the program"
run apt-get install -y -qq --no-install-recommends /tmp/newsmill.deb >/dev/null 2>&1 || die "installs again"
[ "$(enabled)" = enabled ] || die "is not enabled after a removal: $(enabled)"
mkdir -p "$root/var/lib/private/newsmill/snapshots"
run apt-get purge -y -qq newsmill >/dev/null 2>&1 || die "purge"
left=$(find "$root" -xdev -path "$root/proc" -prune -o -path "$root/tmp" -prune -o -path "$root/var/log" -prune -o \
    -path "$root/var/cache" -prune -o -name '*newsmill*' -print)
[ -z "$left" ] || die "a purge leaves: $left"
! run dpkg -s newsmill >/dev/null 2>&1 || die "dpkg still knows it"
ok "a removal keeps the configuration, a purge leaves nothing"
