#!/bin/bash
# Line 7: sealing in process against what `openssl speed` says of the stitched TLS cipher on the same core in the same run.
# tests/bench/bench_crypto.c measures (its own interleaved rounds, medians) and prints `line 7: WHAT ratio R floor F aim A`
# or `skipped: line 7 WHAT: REASON`. Sourced by tests/bench/run.
seal_line() {
    "$B/tests/bench/bench_crypto" >"$T/seal.out" 2>&1
    grep -E '^line 7|^skipped: line 7' "$T/seal.out" >"$T/seal.lines"
    while read -r text; do
        case $text in
        skipped:*) skip 7 "in-process seal of 1400 bytes, 32 at a time" "${text##*: }" ;;
        *) set -- ${text##* ratio }
            text=${text#line 7: }
            verdict 7 "in-process ${text% ratio *}" "$1" atleast "$3" "$5" ;;
        esac
    done <"$T/seal.lines"
    grep -A2 '^        ' "$T/seal.out" | grep -E 'open:|SAs' | while read -r text; do note "$text"; done
    [ -s "$T/seal.lines" ] || failed 7 "in-process seal of 1400 bytes" "bench_crypto printed no figure"
}
