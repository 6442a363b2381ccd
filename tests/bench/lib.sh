#!/bin/bash
# What the parts of the bench share: namespaces and processes that end with the run, the way through two gateways
# (client - gwA ==== gwB - server), one measured stream, medians, and the line that judges a ratio. Sourced by
# tests/bench/run, which sets B (build folder), T (scratch folder) and ROUNDS.
TAPIR=$B/tapir LOAD=$B/tests/bench/udp_load
SECS=${SECS:-3} # of one measured stream
TAG=tb$$
declare -a NETNS=() PIDS=()
n_ok=0 n_missed=0 n_skipped=0
declare -A REPORTED=()

# ---- what is left behind: nothing ----
# Namespaces first lose their processes (their numbers are known), then their names.
cleanup() {
    local p n alive
    for p in "${PIDS[@]}"; do kill "$p" 2>/dev/null; done
    for n in 1 2 3 4 5 6 7 8 9 10; do
        alive=
        for p in "${PIDS[@]}"; do kill -0 "$p" 2>/dev/null && alive=1; done
        [ -n "$alive" ] || break
        sleep 0.1
    done
    for p in "${PIDS[@]}"; do kill -KILL "$p" 2>/dev/null; done # it was stopped, or it hangs
    for n in "${NETNS[@]}"; do ip netns del "$n" 2>/dev/null; done
    PIDS=() NETNS=()
    wait 2>/dev/null
}
# spawn NETNS FILE PROGRAM…: in the background, output to FILE; its number is in $pid.
spawn() {
    local ns=$1 out=$2
    shift 2
    ip netns exec "$ns" "$@" >"$out" 2>&1 </dev/null &
    pid=$!
    PIDS+=("$pid")
}
# end SIGNAL PID…: and waits for it
end() {
    local sig=$1 p
    shift
    for p; do kill "-$sig" "$p" 2>/dev/null; done
    for p; do wait "$p" 2>/dev/null; done
    return 0
}
ns_add() { # NAME…: real names are $TAG-NAME
    local n
    for n; do
        ip netns add "$TAG-$n" || return 1
        NETNS+=("$TAG-$n")
        ip -n "$TAG-$n" link set lo up
        # A lab's bridges need no netfilter (it costs 12 to 15 %), nor do these.
        ip netns exec "$TAG-$n" sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-arptables=0 \
            net.bridge.bridge-nf-call-ip6tables=0 net.ipv6.conf.all.disable_ipv6=1 2>/dev/null
    done
    return 0
}
on() { # NS PROGRAM…
    local ns=$TAG-$1
    shift
    ip netns exec "$ns" "$@"
}
veth() { # NS1 DEV1 NS2 DEV2
    ip link add "$2" netns "$TAG-$1" type veth peer name "$4" netns "$TAG-$3" || return 1
    ip -n "$TAG-$1" link set "$2" up
    ip -n "$TAG-$3" link set "$4" up
}
address() { ip -n "$TAG-$1" addr add "$3" dev "$2"; } # NS DEV ADDR/LEN
bridge() { # NS BRIDGE PORT…: a two-port bridge that has nothing to learn; missing ports are taps to be
    local ns=$TAG-$1 br=$2 p
    shift 2
    ip -n "$ns" link add "$br" type bridge stp_state 0 forward_delay 0 ageing_time 0 mcast_snooping 0
    for p; do
        ip -n "$ns" link show "$p" >/dev/null 2>&1 || ip -n "$ns" tuntap add dev "$p" mode tap
        ip -n "$ns" link set "$p" txqueuelen 1000 master "$br" up
    done
    ip -n "$ns" link set "$br" up
}
wait_for() { # SECONDS COMMAND…: until it succeeds
    local until=$((SECONDS + $1 + 1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.05
    done
}

# ---- the four namespaces ----
# way NAME: NAME-c (10.91.1.10) - NAME-a ==== NAME-b - NAME-s (10.91.2.10); the gateways' kernels own the addresses
# (10.91.1.1, 10.91.0.1, 10.91.0.2, 10.91.2.1) and have devices lan and wan.
# way NAME taps: the same three wires for two routers on taps, each wire a bridge: a0 and a1 are the first gateway's taps,
# b0 and b1 the second's, all in NAME-g (a wire of two taps is one hop only there); no kernel owns an address.
way() {
    local w=$1
    if [ "${2:-}" = taps ]; then
        ns_add "$w-c" "$w-g" "$w-s" || return 1
        veth "$w-c" eth0 "$w-g" lan1 && veth "$w-g" lan2 "$w-s" eth0 || return 1
        bridge "$w-g" br1 lan1 a0
        bridge "$w-g" wan a1 b1
        bridge "$w-g" br2 b0 lan2
    else
        ns_add "$w-c" "$w-a" "$w-b" "$w-s" || return 1
        veth "$w-c" eth0 "$w-a" lan && veth "$w-a" wan "$w-b" wan && veth "$w-b" lan "$w-s" eth0 || return 1
        address "$w-a" lan 10.91.1.1/24
        address "$w-a" wan 10.91.0.1/24
        address "$w-b" wan 10.91.0.2/24
        address "$w-b" lan 10.91.2.1/24
        on "$w-a" sysctl -qw net.ipv4.ip_forward=1
        on "$w-b" sysctl -qw net.ipv4.ip_forward=1
    fi
    address "$w-c" eth0 10.91.1.10/24
    address "$w-s" eth0 10.91.2.10/24
    ip -n "$TAG-$w-c" route add default via 10.91.1.1
    ip -n "$TAG-$w-s" route add default via 10.91.2.1
}
reaches() { on "$1-c" ping -q -c 2 -i 0.2 -W 1 10.91.2.10; } # WAY
server() { # WAY: iperf3's end
    spawn "$TAG-$1-s" "$T/$1.iperf" iperf3 -s
    sleep 0.2
}
# stream WAY IPERF3-ARGUMENTS…: bits per second at the receiver; 0 when nothing came through
stream() {
    local w=$1
    shift
    on "$w-c" timeout $((SECS * 3 + 10)) iperf3 -c 10.91.2.10 -t "$SECS" -O 1 -J "$@" 2>/dev/null | python3 -c '
import json, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    e = json.load(sys.stdin)["end"]
    s = e.get("sum_received") or e["sum"]
    bits = s["bits_per_second"]
    if "sum_received" not in e:
        bits *= 1 - s.get("lost_percent", 0) / 100
    print(int(bits))
except Exception:
    print(0)'
}

# ---- a router of ours ----
# router NS NAME CONFIG [ARGUMENTS…]: started in NS; $pid. Its socket is in TAPIR_RUN.
router() {
    local ns=$1 name=$2 cfg=$3
    shift 3
    spawn "$TAG-$ns" "$T/$name.out" "${ROUTER:-$TAPIR}" router "$name" -c "$cfg" "$@"
    wait_for 20 grep -q "^$name ready" "$T/$name.out" && return 0
    note "$name does not start: $(tail -n 1 "$T/$name.out")"
    return 1
}
x() { "$TAPIR" exec "$@"; }
cpu_ns() { cat /proc/"$1"/task/*/schedstat | awk '{ s += $1 } END { print s }'; } # PID: all its threads, user and system

# ---- figures ----
median() { sort -g | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }
largest() { sort -g | tail -n 1; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.3f", a / b; else print 0 }'; }
calc() { awk "BEGIN { printf \"%.6g\\n\", $* }"; }
note() { echo "      # $*"; }
mbit() { awk -v b="$1" 'BEGIN { printf "%.0f Mbit/s", b / 1e6 }'; }

# verdict LINE WHAT RATIO atleast|atmost FLOOR AIM [UNIT]
verdict() {
    local state=ok
    REPORTED[$1]=1
    awk -v r="$3" -v f="$5" -v d="$4" 'BEGIN { exit d == "atleast" ? r + 0 < f + 0 : r + 0 > f + 0 || r == "" }' || state=MISSED
    if [ $state = ok ]; then n_ok=$((n_ok + 1)); else n_missed=$((n_missed + 1)); fi
    printf '%3s  %-64s %9.4g%-3s %s %-7s %-10s %s\n' "$1" "$2" "${3:-0}" "${7:-}" "$([ "$4" = atleast ] && echo '>=' || echo '<=')" \
        "$5" "($6)" "$state"
}
skip() { # LINE WHAT REASON
    REPORTED[$1]=1
    n_skipped=$((n_skipped + 1))
    printf '%3s  %-64s skipped: %s\n' "$1" "$2" "$3"
}
# failed LINE WHAT WHY: nothing could be measured, and that is no excuse
failed() {
    REPORTED[$1]=1
    n_missed=$((n_missed + 1))
    printf '%3s  %-64s MISSED: %s\n' "$1" "$2" "$3"
}
