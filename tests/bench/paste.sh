#!/bin/bash
# `tapir paste` lines per second (floor: 20,000), into a router with memory-only state. Every line must be accepted: a
# rejected one is not the work that is measured.
set -u
cd "$(dirname "$0")/../.." || exit 1
tapir=${TAPIR:-build/tapir} lines=${LINES_TO_PASTE:-60000}
TAPIR_RUN=$(mktemp -d); export TAPIR_RUN
seq 0 $((lines - 1)) | awk '$1 % 1000 == 0 {print "ip access-list extended bench" $1 / 1000}
    {printf " permit ip host 10.%d.%d.%d any\n", $1 / 65536, $1 / 256 % 256, $1 % 256}' >"$TAPIR_RUN/lines.cfg"
n=$(wc -l <"$TAPIR_RUN/lines.cfg")
$tapir router bench >"$TAPIR_RUN/out" 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null; rm -rf "$TAPIR_RUN"' EXIT
for _ in $(seq 100); do grep -qs ready "$TAPIR_RUN/out" && break; sleep 0.05; done
start=$(date +%s%N)
$tapir paste bench "$TAPIR_RUN/lines.cfg" >"$TAPIR_RUN/answer" || { echo "paste: not accepted:"; tail -3 "$TAPIR_RUN/answer"; exit 1; }
end=$(date +%s%N)
tail -1 "$TAPIR_RUN/answer"
awk -v n="$n" -v ns=$((end - start)) 'BEGIN { r = n / (ns / 1e9); printf "paste: %.0f lines per second (floor 20000)\n", r; exit r < 20000 }'
