#!/bin/bash
# Line B6: a key's answer at one console while another session prints 100,000 lines of configuration, over and over.
# Sourced by tests/bench/run.
print_line() {
    local what="a key's answer while another session prints 100,000 lines, worst but one of 100" printer
    seq 0 99999 | awk '{ printf "ip route 10.%d.%d.%d 255.255.255.255 Null0\n", $1 / 62500, $1 / 250 % 250, $1 % 250 }' >"$T/print.cfg"
    "$TAPIR" router print >"$T/print.out" 2>&1 &
    PIDS+=($!)
    wait_for 10 grep -q ready "$T/print.out"
    "$TAPIR" paste print "$T/print.cfg" >"$T/print.answer"
    (while "$TAPIR" exec print "show running-config" >"$T/print.lines" 2>/dev/null; do echo; done >"$T/print.count") &
    printer=$!
    timeout 60 tests/bench/keys.py "$TAPIR" print >"$T/print.keys" 2>&1
    kill "$printer"
    note "ms, worst but one, worst and median: $(sed -n 's/^keys //p' "$T/print.keys"); printed meanwhile: $(wc -l <"$T/print.count") times all of them"
    if grep -q '^keys ' "$T/print.keys"; then
        verdict B6 "$what" "$(awk '{ print $2 }' "$T/print.keys")" atmost 50 20 ms
    else
        failed B6 "$what" "$(tail -n 1 "$T/print.keys")"
    fi
}
