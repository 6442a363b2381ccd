#!/bin/bash
# Line 9: how long a host's traffic through a virtual address stops. Two routers share 10.92.1.254 with timers of 15 and
# 50 ms; a host sends a numbered datagram every millisecond to it, another host beyond notes what arrives. The active one
# is killed (ten times; the gap less the hold time counts), resigns (shutdown) and loses a tracked link (five times each).
# Every figure is the worst. Sourced by tests/bench/run.
failover_config() { # ADDRESS
    cat <<EOF
track 1 interface GigabitEthernet0/1 line-protocol
interface GigabitEthernet0/0
 ip address 10.92.1.$1 255.255.255.0
 standby 1 ip 10.92.1.254
 standby 1 timers msec 15 msec 50
 standby 1 preempt
 standby 1 track 1 decrement 20
interface GigabitEthernet0/1
 ip address 10.92.2.$1 255.255.255.0
EOF
}
failover_power() { # 1|2
    router "hsrp-$1" "fo$1" "$T/fo$1.cfg" || return 1
    FO_PID[$1]=$pid
}
failover_state() { x "fo$1" "show standby brief" 2>/dev/null | awk '$1 ~ /^Gi/ { print $0 ~ /Active +local/ ? "Active" : $0 ~ /Standby/ && $0 ~ / local / ? "Standby" : "other" }'; }
failover_settled() { # one Active, one Standby, for a moment
    local a b
    a=$(failover_state 1) b=$(failover_state 2)
    [ "$a $b" = "Active Standby" ] || [ "$a $b" = "Standby Active" ]
}
failover_active() { [ "$(failover_state 1)" = Active ] && echo 1 || echo 2; }
failover_up() {
    ns_add hsrp-1 hsrp-2 hsrp-c hsrp-s hsrp-w || return 1
    local n
    # one switch for each side, in a namespace of its own
    ip -n "$TAG-hsrp-w" link add in type bridge stp_state 0 forward_delay 0 mcast_snooping 0
    ip -n "$TAG-hsrp-w" link add out type bridge stp_state 0 forward_delay 0 mcast_snooping 0
    ip -n "$TAG-hsrp-w" link set in up
    ip -n "$TAG-hsrp-w" link set out up
    for n in 1 2; do
        veth "hsrp-$n" lan hsrp-w "in$n"
        veth "hsrp-$n" wan hsrp-w "out$n"
        ip -n "$TAG-hsrp-w" link set "in$n" master in
        ip -n "$TAG-hsrp-w" link set "out$n" master out
        bridge "hsrp-$n" br0 lan gi0-0
        bridge "hsrp-$n" br1 wan gi0-1
        failover_config "$n" >"$T/fo$n.cfg"
        failover_power "$n" || return 1
    done
    veth hsrp-c eth0 hsrp-w in3 && veth hsrp-s eth0 hsrp-w out3 || return 1
    ip -n "$TAG-hsrp-w" link set in3 master in
    ip -n "$TAG-hsrp-w" link set out3 master out
    address hsrp-c eth0 10.92.1.10/24
    address hsrp-s eth0 10.92.2.10/24
    ip -n "$TAG-hsrp-c" route add default via 10.92.1.254
    ip -n "$TAG-hsrp-s" route add default via 10.92.2.1
    wait_for 15 failover_settled && sleep 0.5
}
# failover_gap EVENT…: ms without a probe around EVENT
failover_gap() {
    spawn "$TAG-hsrp-s" "$T/probe" env LOAD_FIFO=1 "$LOAD" sink 7 10
    local sink=$pid
    spawn "$TAG-hsrp-c" "$T/probe.out" env LOAD_FIFO=1 "$LOAD" flood 10.92.2.10 7 64 10 1000
    local source=$pid
    sleep 0.4
    "$@"
    sleep 0.5
    end TERM "$source" "$sink"
    awk '{ for (i = 1; i < NF; i++) if ($i == "gap_ms") print $(i + 1) }' "$T/probe"
}
failover_crash() { end KILL "${FO_PID[$1]}"; }
failover_conf() { local r=fo$1; shift; printf '%s\n' "$@" | "$TAPIR" paste "$r" - >/dev/null; }
failover_resign() { failover_conf "$1" "interface GigabitEthernet0/0" shutdown; }
failover_cut() { ip -n "$TAG-hsrp-$1" link set gi0-1 down; }
declare -A FO_PID=()

failover_line() {
    local crash="gap after a crash - hold time, timers msec 15 msec 50, worst of ten" soft="gap after a resign or a tracked link's failure, worst of ten" i a gap
    failover_up || { failed 9 "$crash" "the pair does not settle"; return; }
    rm -f "$T"/gap.*
    for i in 1 2 3 4 5 6 7 8 9 10; do
        a=$(failover_active)
        failover_gap failover_crash "$a" >>"$T/gap.crash"
        failover_power "$a" && wait_for 15 failover_settled || { failed 9 "$crash" "the pair does not settle again"; return; }
        sleep 0.3
    done
    for i in 1 2 3 4 5; do
        a=$(failover_active)
        failover_gap failover_resign "$a" >>"$T/gap.soft"
        failover_conf "$a" "interface GigabitEthernet0/0" "no shutdown"
        wait_for 15 failover_settled
        sleep 0.3
        a=$(failover_active)
        failover_gap failover_cut "$a" >>"$T/gap.soft"
        ip -n "$TAG-hsrp-$a" link set gi0-1 up
        wait_for 15 failover_settled
        sleep 0.3
    done
    note "gaps of crashes: $(awk '{ printf "%.0f ", $1 }' "$T/gap.crash")ms; resign, tracked link in turn: $(awk '{ printf "%.0f ", $1 }' "$T/gap.soft")ms"
    gap=$(largest <"$T/gap.crash")
    [ "$(wc -l <"$T/gap.crash")" = 10 ] || gap=9999
    verdict 9 "$crash" "$(calc "$gap - 50")" atmost 25 5 ms
    gap=$(largest <"$T/gap.soft")
    [ "$(wc -l <"$T/gap.soft")" = 10 ] || gap=9999
    verdict 9 "$soft" "$gap" atmost 50 10 ms
}
