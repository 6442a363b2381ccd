#!/bin/bash
# Line 8: what an IKE set-up (main mode with group 14 and a pre-shared key, quick mode, and the delete that ends it) costs
# the responder. The same strongSwan initiates one after the other, to a strongSwan and to a router of ours; counted is the
# processor time of the responder's process alone, all threads. Our set-ups per second are one core's: 1 s by the time one
# takes, over the same for the bare exchange: in process by bench_ike.c (IKE's own work, both roles), and noted with all
# that a router on taps adds (by the measurement above and bench_dh.c). Sourced by tests/bench/run.
IKE_SETUPS=${IKE_SETUPS:-40}

ike_wires() { # WAY: WAY-i - WAY-r
    ns_add "$1-i" "$1-r" || return 1
    veth "$1-i" eth0 "$1-r" wan || return 1
    address "$1-i" eth0 10.91.0.1/24
    address "$1-i" lo 10.91.1.1/24
}
ike_initiator() { # WAY
    CHARON_LOG=-1 CHARON_PSK=bench123 charon_start "$TAG-$1-i" "$T/$1-i" 10.91.0.1 10.91.0.2 10.91.1.0/24 10.91.2.0/24 aes256-sha1-modp2048 || return 1
    PIDS+=("$(cat "$T/$1-i/pid")")
}
ike_once() { # WAY
    charon_ctl "$T/$1-i" --initiate --child net >"$T/$1.out" 2>&1 || return 1
    charon_ctl "$T/$1-i" --terminate --ike gw >/dev/null 2>&1
}
# ike_cost WAY PID: ns of the responder for one set-up
ike_cost() {
    local i c0
    c0=$(cpu_ns "$2")
    for i in $(seq "$IKE_SETUPS"); do ike_once "$1" || return 1; done
    sleep 0.2
    calc "($(cpu_ns "$2") - $c0) / $IKE_SETUPS"
}
ike_line() {
    local cpu="IKE set-up CPU at group 14: strongSwan / ours" rate="our set-ups per second / the DH-only ceiling" why round swan ours dh
    why=$(missing_charon) && { skip 8 "$cpu" "$why"; skip 8 "$rate" "$why"; return; }
    ike_wires ks && address ks-r wan 10.91.0.2/24 && address ks-r lo 10.91.2.1/24 && ike_initiator ks || { failed 8 "$cpu" "strongSwan does not start"; return; }
    CHARON_LOG=-1 CHARON_PSK=bench123 charon_start "$TAG-ks-r" "$T/ks-r" 10.91.0.2 10.91.0.1 10.91.2.0/24 10.91.1.0/24 aes256-sha1-modp2048 || { failed 8 "$cpu" "strongSwan does not start"; return; }
    local swan_pid
    swan_pid=$(cat "$T/ks-r/pid")
    PIDS+=("$swan_pid")
    ike_wires kt && bridge kt-r br1 wan gi0-1 && ike_initiator kt || { failed 8 "$cpu" "strongSwan does not start"; return; }
    gateway_config 2 "esp-aes 256 esp-sha-hmac" | sed 's/^interface GigabitEthernet0\/0/interface Loopback0/' >"$T/kt.cfg"
    router kt-r kt "$T/kt.cfg" || { failed 8 "$cpu" "the router does not start"; return; }
    local our_pid=$pid
    ike_once ks && ike_once kt || { failed 8 "$cpu" "no set-up succeeds: $(tail -n 1 "$T/kt.out")"; return; }
    rm -f "$T"/ike.*
    for round in $(seq "$ROUNDS"); do
        ike_cost ks "$swan_pid" >>"$T/ike.swan"
        ike_cost kt "$our_pid" >>"$T/ike.ours"
        "$B/tests/bench/bench_dh" | awk '{ print $2 }' >>"$T/ike.dh"
    done
    swan=$(median <"$T/ike.swan") ours=$(median <"$T/ike.ours") dh=$(median <"$T/ike.dh")
    note "microseconds of the responder: strongSwan $(calc "$swan / 1000"), ours $(calc "$ours / 1000"), the bare exchange $(calc "$dh / 1000")"
    verdict 8 "$cpu" "$(ratio "$swan" "$ours")" atleast 3 5
    note "$rate, whole router on taps: $(ratio "$dh" "$ours")"
    ike_in_process "$rate" "$(ratio "$dh" "$ours")"
}
# The figure is the program's own `WHAT ratio R floor F aim A`.
ike_in_process() { # WHAT RATIO_ON_TAPS
    local got=$2
    if [ -x "$B/tests/bench/bench_ike" ]; then
        "$B/tests/bench/bench_ike" >"$T/ike.out" 2>&1
        while read -r text; do note "$text"; done < <(grep -v ' ratio ' "$T/ike.out")
        got=$(sed -n 's/.* ratio \([0-9.]*\) .*/\1/p' "$T/ike.out" | head -n 1)
    fi
    verdict 8 "$1" "${got:-0}" atleast 0.5 0.7
}
