#!/bin/bash
# Line 6: what a 64-byte frame costs the whole router that forwards it, against a program that only copies frames from
# one tap to the other in the same place: the processor time of the process (user and system, all threads) by frames that
# reached the sink. Process on core 1, flood and sink on core 0. Line B1: after floods of plain and of protected packets,
# received = sent + dropped with a name, to the frame. Sourced by tests/bench/run.

# flood_cost PID: floods, prints ns per frame that arrived. The write into a tap runs the sink's receive path at the
# writer's cost: with another MAC address from now on, the sink throws the frames away as soon as it has counted them.
flood_cost() {
    local pid=$1 c0 c1 n0 n1 in=/sys/class/net/eth0/statistics/rx_packets
    ip -n "$TAG-cost-s" link set eth0 address 02:00:00:00:00:02
    n0=$(on cost-s cat $in) c0=$(cpu_ns "$pid")
    on cost-c taskset -c 0 "$LOAD" flood 10.91.0.10 9 18 "$SECS" >/dev/null
    sleep 0.2
    n1=$(on cost-s cat $in) c1=$(cpu_ns "$pid")
    ip -n "$TAG-cost-s" link set eth0 address 02:00:00:00:00:01
    [ $((n1 - n0)) -gt 1000 ] || { echo 0; return; }
    calc "($c1 - $c0) / ($n1 - $n0)"
}
cost_topology() {
    ns_add cost-c cost-g cost-s || return 1
    veth cost-c eth0 cost-g lan && veth cost-g wan cost-s eth0 || return 1
    bridge cost-g br0 lan gi0-0
    bridge cost-g br1 wan gi0-1
    address cost-c eth0 10.91.1.10/24
    address cost-s eth0 10.91.0.10/24
    ip -n "$TAG-cost-s" link set eth0 address 02:00:00:00:00:01
    ip -n "$TAG-cost-s" route add default via 10.91.0.1
}

cost_of_copy() {
    spawn "$TAG-cost-g" "$T/copy" taskset -c 1 "$B/tests/bench/tap_copy" gi0-0 gi0-1
    local pid=$pid
    wait_for 5 grep -q ready "$T/copy"
    ip -n "$TAG-cost-c" route replace 10.91.0.0/24 dev eth0
    ip -n "$TAG-cost-c" neigh replace 10.91.0.10 lladdr 02:00:00:00:00:01 dev eth0
    flood_cost "$pid" >>"$T/cost.copy"
    end TERM "$pid"
}
cost_of_router() {
    printf 'interface GigabitEthernet0/0\n ip address 10.91.1.1 255.255.255.0\ninterface GigabitEthernet0/1\n ip address 10.91.0.1 255.255.255.0\n' >"$T/cost.cfg"
    router cost-g cost "$T/cost.cfg" || return 1
    local pid=$pid
    taskset -acp 1 "$pid" >/dev/null
    ip -n "$TAG-cost-c" neigh flush dev eth0 2>/dev/null
    ip -n "$TAG-cost-c" neigh del 10.91.0.10 dev eth0 2>/dev/null
    ip -n "$TAG-cost-c" route replace 10.91.0.0/24 via 10.91.1.1
    wait_for 5 on cost-c ping -c 1 -W 1 10.91.0.10
    frames_before cost
    flood_cost "$pid" >>"$T/cost.router"
    frames_unaccounted cost >>"$T/silent"
    end TERM "$pid"
}

# Everything that came in is sent, dropped with a name, or was for the router itself. Prints frames without a trace.
frames_balance() {
    x "$1" "show interfaces" "show drops" "show ip traffic" | awk '
        / packets input, / { in_ += $1 }
        / packets output, / { out += $1 }
        /^Reason/ { drops = 1; next }
        drops && NF == 2 && $2 ~ /^[0-9]+$/ { dropped += $2 }
        /^IP statistics/ { drops = 0 }
        /^[A-Z]+ statistics/ { what = $1 }
        what == "IP" && /generated/ { out -= $2 }
        what == "ICMP" && /Rcvd:/ { in_ -= $2 }
        what == "UDP" && /Rcvd:/ { in_ -= $2 }
        what == "ARP" && /Rcvd:/ { in_ -= $2 + $4 }
        what == "ARP" && /Sent:/ { out -= $2 + $4 }
        END { print in_ - out - dropped }'
}
frames_before() { BALANCE[$1]=$(frames_balance "$1"); }
frames_unaccounted() { echo $(($(frames_balance "$1") - BALANCE[$1])); }
declare -A BALANCE=()

# The same through the tunnel: what the first gateway takes it seals or drops, what the second opens it sends or drops.
silent_in_tunnel() {
    pair_tapir loss "esp-aes 256 esp-sha-hmac" || return 1
    spawn "$TAG-loss-s" "$T/hole2" "$LOAD" hole 9 1000
    frames_before loss-1
    frames_before loss-2
    on loss-c "$LOAD" flood 10.91.2.10 9 64 "$SECS" >/dev/null
    sleep 0.3
    frames_unaccounted loss-1 >>"$T/silent"
    frames_unaccounted loss-2 >>"$T/silent"
}

frame_lines() {
    local what="CPU per 64-byte frame: whole router / bare tap-to-tap copy" round
    rm -f "$T"/cost.*
    : >"$T/silent"
    cost_topology || { failed 6 "$what" "no namespaces"; return; }
    for round in $(seq "$ROUNDS"); do
        cost_of_copy
        cost_of_router || break
    done
    note "ns per frame: copy $(awk '{ printf "%.0f ", $1 }' "$T/cost.copy")router $(awk '{ printf "%.0f ", $1 }' "$T/cost.router")"
    line_wanted 6 && verdict 6 "$what" "$(ratio "$(median <"$T/cost.router")" "$(median <"$T/cost.copy")")" atmost 1.3 1.15
    if line_wanted B1; then
        silent_in_tunnel || echo 999999 >>"$T/silent"
        note "frames that left no trace, a figure for each flood and router: $(tr '\n' ' ' <"$T/silent")"
        verdict B1 "frames lost without a name (received = sent + named drops)" "$(tr -d - <"$T/silent" | largest)" atmost 0 0
    fi
}
