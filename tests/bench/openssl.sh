#!/bin/bash
# In-process seal and open of ESP packets against what `openssl speed` says of the two primitives one after the other
# (AES-256-CBC, then SHA-1 as HMAC). No floor: above 1 the batches and the kept keys pay, below they cost.
set -u
cd "$(dirname "$0")/../.." || exit 1
bench=$(dirname "${TAPIR:-build/tapir}")/tests/bench/bench_crypto
command -v openssl >/dev/null || { echo "skipped: openssl speed: openssl is missing"; exit 0; }
rate() { openssl speed -mr -seconds 1 -bytes "$@" 2>/dev/null | awk -F: '/^\+F/ {print $NF}'; }
"$bench" | awk '$1 ~ /^[0-9]+$/ {print $1, $2, $4}' | while read -r n seal open; do
    enc=$(rate "$n" -evp aes-256-cbc) dec=$(rate "$n" -decrypt -evp aes-256-cbc) mac=$(rate "$n" -hmac sha1)
    awk -v n="$n" -v s="$seal" -v o="$open" -v e="$enc" -v d="$dec" -v m="$mac" 'BEGIN {
        if (!e || !d || !m) { print "openssl speed gave no figure for " n " bytes"; exit }
        printf "ESP / openssl speed, %4d bytes: seal %.2f, open %.2f\n", n, n * 1e9 * (1 / e + 1 / m) / s, n * 1e9 * (1 / d + 1 / m) / o }'
done
