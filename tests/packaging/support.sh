# What the packaging tests share: a fresh Debian that boots with its own systemd and its own network, and a clean end.
# Sourced, from the repository's root; needs root.
# shellcheck shell=bash

packaging=$PWD/target/packaging
mkdir -p "$packaging"
scratch=$(mktemp -d "$packaging/test.XXXXXX")
nspawn=

tidy() {
    local running
    # The container among them, which then shuts down.
    running=$(jobs -p)
    # shellcheck disable=SC2086 # numbers
    [[ -z $running ]] || kill $running 2>/dev/null || true
    wait
    rm -rf "$scratch"
}
trap tidy EXIT
trap 'exit 130' INT TERM

say() { printf '   %s\n' "$*"; }

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    [[ -z $nspawn ]] || inside journalctl --no-pager --lines=60 --output=short-monotonic >&2 || true
    exit 1
}

# eventually WHAT COMMAND...: fails unless the command works within a minute.
eventually() {
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "not within a minute: $what"
        sleep 0.1
    done
}

# expect WHAT WANTED FOUND
expect() { [[ $2 == "$3" ]] || fail "$1: \"$3\" instead of \"$2\""; }

# fresh_root [PACKAGE...]: a fresh Debian in $root, with these packages besides. It is made once and kept as an archive.
fresh_root() {
    local include archive
    include=$(IFS=, && echo "systemd,systemd-sysv,init-system-helpers${*:+,$*}")
    archive=$packaging/debian-bookworm-$(IFS=- && echo "$(dpkg --print-architecture)${*:+-$*}").tar
    if [[ ! -e $archive ]]; then
        say "making a Debian root (kept in ${archive#"$PWD/"})"
        mmdebstrap --quiet --format=tar --variant=minbase --include="$include" bookworm "$archive.part"
        mv "$archive.part" "$archive"
    fi
    root=$scratch/root
    mkdir "$root"
    tar --extract --file="$archive" --directory="$root"
}

# Boots $root. Its network is a namespace of its own with one LAN that has nobody else on it.
boot() {
    local options=(--quiet --directory="$root" --boot --private-network --machine="workshop-edge-test-$$" --console=pipe)
    # Without systemd outside there is nobody to register with.
    [[ -d /run/systemd/system ]] || options+=(--register=no --keep-unit)
    systemd-nspawn "${options[@]}" </dev/null >"$scratch/console" 2>&1 &
    nspawn=$!
    # nspawn has other children before.
    eventually "the container starts" pgrep --parent "$nspawn" --exact systemd
    leader=$(pgrep --parent "$nspawn" --exact systemd)
    eventually "systemd is up" inside systemctl is-system-running
    in_network ip link add lan0 type veth peer name switch0
    in_network ip address add 192.0.2.10/24 dev lan0
    in_network ip link set lan0 up
    in_network ip link set switch0 up
}

# inside COMMAND...: in the container.
inside() { nsenter --target "$leader" --all -- "$@"; }

# in_network COMMAND...: a program of this machine in the container's network.
in_network() { nsenter --target "$leader" --net -- "$@"; }

# property UNIT NAME
property() { inside systemctl show --property="$2" --value "$1"; }

# status URL: the status code of an answer; 000 without one.
status() { in_network curl --silent --insecure --output /dev/null --max-time 20 --write-out '%{http_code}' "$1" || true; }

answers() { [[ $(status "$1") == 200 ]]; }

# Everything in the root file system but what any installation leaves behind.
everything() {
    inside find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp \
        -o -path /var/log -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd/timers \
        -o -path /etc/passwd- -o -path /etc/group- -o -path /etc/shadow- -o -path /etc/gshadow- \) \
        -prune -o -printf '%M %U:%G %p\n' | sort
    cat "$root/etc/passwd" "$root/etc/group" "$root/etc/shadow" | cut -d: -f1 | sort
}
