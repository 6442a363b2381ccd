#!/bin/bash
# Line B2: a flood of ESP packets that cannot be verified, from one core (core 0), against the gateway that opens the
# tunnel. Good traffic is UDP of 512 bytes through the tunnel at half the rate that passes when nothing else does; what
# arrives while the flood runs is compared with what arrives while the same flood goes to a place of its own, so that the
# core it takes is no part of the result. Sourced by tests/bench/run.
hostile_up() {
    pair_tapir bad "esp-aes 256 esp-sha-hmac" || return 1
    ns_add bad-x
    veth bad-x eth0 bad-g evil
    ip -n "$TAG-bad-g" link set wan type bridge ageing_time 30000 # three ports: it learns
    ip -n "$TAG-bad-g" link set evil master wan
    address bad-x eth0 10.91.0.66/24
    # the void: the same wire and a namespace that throws all away
    ns_add bad-v
    veth bad-x eth1 bad-v eth0
    address bad-x eth1 10.93.0.1/24
    ip -n "$TAG-bad-x" neigh replace 10.93.0.2 lladdr 02:00:00:00:00:07 dev eth1
    wait_for 5 on bad-x ping -c 1 -W 1 10.91.0.2
    BAD_SPI=$(x bad-2 "show crypto ipsec sa" | awk '/inbound esp sas/ { in_ = 1 } in_ && /spi:/ { sub(/.*spi: */, ""); sub(/\(.*/, ""); print; exit }')
    [ -n "$BAD_SPI" ]
}
# good_rate PER_SECOND [FLOOD ARGUMENTS…]: datagrams a second that arrive
good_rate() {
    local rate=$1 evil='' sink
    shift
    if [ $# -gt 0 ]; then
        spawn "$TAG-bad-x" "$T/evil" taskset -c 0 "$LOAD" esp "$@"
        evil=$pid
        sleep 0.3
    fi
    spawn "$TAG-bad-s" "$T/good" "$LOAD" sink 7 60
    sink=$pid
    sleep 0.1
    on bad-c "$LOAD" flood 10.91.2.10 7 512 "$SECS" "$rate" >"$T/offered"
    sleep 0.2
    [ -z "$evil" ] || end TERM "$evil"
    end TERM "$sink"
    awk -v s="$SECS" '{ print $2 / s }' "$T/good"
}
hostile_line() {
    local what="good traffic's rate under a flood of bad ICVs and unknown SPIs" round half kind spi
    hostile_up || { failed B2 "$what" "no packet passes, or no SPI is shown"; return; }
    rm -f "$T"/hostile.*
    for round in $(seq "$ROUNDS"); do good_rate 0 >>"$T/hostile.all"; done
    half=$(calc "int($(median <"$T/hostile.all") / 2)")
    for round in $(seq "$ROUNDS"); do
        good_rate "$half" 10.93.0.2 0x12345 68 60 >>"$T/hostile.quiet"
        good_rate "$half" 10.91.0.2 "$BAD_SPI" 68 60 >>"$T/hostile.icv"
        good_rate "$half" 10.91.0.2 0x7654321 68 60 >>"$T/hostile.spi"
    done
    note "thousand good datagrams a second of $(calc "$half / 1000"): alone $(awk '{ printf "%.1f ", $1 / 1000 }' "$T/hostile.quiet")bad ICVs $(awk '{ printf "%.1f ", $1 / 1000 }' "$T/hostile.icv")unknown SPIs $(awk '{ printf "%.1f ", $1 / 1000 }' "$T/hostile.spi"); flood $(cat "$T/evil")"
    note "counted by the gateway: $(x bad-2 "show drops" | awk '$1 ~ /esp|spi/ { printf "%s %s  ", $1, $2 }')"
    for kind in icv spi; do
        [ $kind = icv ] && what="good traffic's rate under a flood of bad ICVs" || what="good traffic's rate under a flood of unknown SPIs"
        verdict B2 "$what" "$(ratio "$(median <"$T/hostile.$kind")" "$(median <"$T/hostile.quiet")")" atleast 0.8 0.95
    done
}
