#!/bin/bash
# Line 11: the command line of a gateway that forwards. A TCP stream through the tunnel keeps both cores busy while 100 keys
# are typed at a console of the first gateway, which holds 10,000 SAs besides; then 20,000 numbered datagrams a second
# pass while it prints all of them, and none may be missing. Line B3: pasted lines a second, with 60,000 accepted ones.
# Sourced by tests/bench/run.
keys_line() {
    local key="a key's answer while both cores forward, p99 of 100" show="frames lost while 10,000 SAs are shown" why round stream n sink=
    ROUTER=$B/tests/bench/bench_router
    if ! pair_tapir keys "esp-aes 256 esp-sha-hmac"; then
        ROUTER=
        failed 11 "$key" "no packet passes through the pair"
        return
    fi
    ROUTER=
    server keys
    : >"$T/keys.out"
    for round in $(seq "$ROUNDS"); do
        SECS=5 stream keys >"$T/keys.rate" &
        stream=$!
        sleep 1.5
        timeout 60 tests/bench/keys.py "$TAPIR" keys-1 >>"$T/keys.out" 2>&1
        wait $stream
    done
    note "ms, p99, worst and median of each round: $(sed -n 's/^keys //p' "$T/keys.out" | tr '\n' ';') with $(mbit "$(cat "$T/keys.rate")") passing"
    if [ "$(grep -c '^keys ' "$T/keys.out")" = "$ROUNDS" ]; then
        verdict 11 "$key" "$(awk '{ print $2 }' "$T/keys.out" | median)" atmost 50 20 ms
    else
        failed 11 "$key" "$(grep -v '^keys ' "$T/keys.out" | tail -n 1)"
    fi

    spawn "$TAG-keys-s" "$T/keys.sink" "$LOAD" sink 7 60
    sink=$pid
    frames_before keys-1
    spawn "$TAG-keys-c" "$T/keys.load" "$LOAD" flood 10.91.2.10 7 64 60 20000
    local load=$pid
    sleep 0.5
    local t0
    t0=$(date +%s%N)
    for round in 1 2 3 4 5; do x keys-1 "show crypto ipsec sa" >"$T/keys.sa"; done
    note "five times printed $(grep -c 'outbound esp sas' "$T/keys.sa") blocks in $((($(date +%s%N) - t0) / 1000000)) ms"
    sleep 0.5
    end TERM "$load"
    sleep 0.3
    end TERM "$sink"
    n=$(awk '{ print $4 }' "$T/keys.sink")
    note "of the stream: $(cat "$T/keys.sink"); without a trace in the gateway: $(frames_unaccounted keys-1)"
    [ "$(grep -c 'outbound esp sas' "$T/keys.sa")" -ge 10000 ] || n=
    verdict 11 "$show" "${n:-999999}" atmost 0 0
}
paste_line() {
    local what="lines a second that tapir paste gets accepted" n=60000 start
    seq 0 $((n - 1)) | awk '$1 % 1000 == 0 { print "ip access-list extended bench" $1 / 1000 }
        { printf " permit ip host 10.%d.%d.%d any\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' >"$T/paste.cfg"
    n=$(wc -l <"$T/paste.cfg")
    "$TAPIR" router paste >"$T/paste.out" 2>&1 &
    PIDS+=($!)
    wait_for 10 grep -q ready "$T/paste.out"
    start=$(date +%s%N)
    if "$TAPIR" paste paste "$T/paste.cfg" >"$T/paste.answer"; then
        verdict B3 "$what" "$(calc "int($n / (($(date +%s%N) - $start) / 1e9))")" atleast 20000 20000
    else
        failed B3 "$what" "$(tail -n 1 "$T/paste.answer")"
    fi
}
