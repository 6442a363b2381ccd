#!/bin/bash
# Line 7: sealing in process against what `openssl speed` says of the stitched TLS cipher in the same run. The measuring
# program is tests/bench/bench_crypto.c; it prints, for each engine,
#   bench7 ENGINE seal1400_bytes_per_second
# with ENGINE openssl or ipsec-mb, and `bench7 ENGINE skipped REASON`. Sourced by tests/bench/run.
seal_line() {
    local what="in-process seal of 1400 bytes, 32 at a time / openssl speed" out round pin=()
    command -v openssl >/dev/null || { skip 7 "$what" "openssl is not installed"; return; }
    [ "$(nproc)" -gt 1 ] && pin=(taskset -c 1)
    rm -f "$T"/seal.*
    for round in $(seq "$ROUNDS"); do
        "${pin[@]}" "$B/tests/bench/bench_crypto" --line7 >"$T/out" 2>&1
        awk -v d="$T" '$1 == "bench7" && $3 + 0 > 0 { print $3 >>(d "/seal." $2) }' "$T/out"
        "${pin[@]}" openssl speed -mr -seconds 1 -bytes 1408 -evp aes-256-cbc-hmac-sha1 2>/dev/null |
            awk -F: '/^\+F/ { print $NF }' >>"$T/seal.speed"
    done
    [ -s "$T/seal.openssl" ] || { failed 7 "$what" "bench_crypto printed no figure"; return; }
    verdict 7 "$what (OpenSSL)" "$(ratio "$(median <"$T/seal.openssl")" "$(median <"$T/seal.speed")")" atleast 0.85 0.98
    if [ -s "$T/seal.ipsec-mb" ]; then
        verdict 7 "$what (multi-buffer)" "$(ratio "$(median <"$T/seal.ipsec-mb")" "$(median <"$T/seal.speed")")" atleast 2 2.6
    else
        skip 7 "$what (multi-buffer)" "$(sed -n 's/^bench7 ipsec-mb skipped //p' "$T/out" | grep . || echo "no second engine in this build")"
    fi
}
