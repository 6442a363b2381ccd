#!/bin/bash
# `tapir paste` lines per second (floor: 20,000), into a router with memory-only state.
set -u
cd "$(dirname "$0")/../.." || exit 1
tapir=${TAPIR:-build/tapir} lines=${LINES_TO_PASTE:-60000}
export TAPIR_RUN=$(mktemp -d)
{ echo "ip access-list extended bench"
  seq "$lines" | awk '{printf " permit ip host 10.%d.%d.%d any\n", $1/65536, $1/256%256, $1%256}'; } >"$TAPIR_RUN/lines.cfg"
$tapir router bench >"$TAPIR_RUN/out" 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null; rm -rf "$TAPIR_RUN"' EXIT
for _ in $(seq 100); do grep -q ready "$TAPIR_RUN/out" && break; sleep 0.05; done
start=$(date +%s%N)
$tapir paste bench "$TAPIR_RUN/lines.cfg" | tail -1
end=$(date +%s%N)
awk -v n="$lines" -v ns=$((end - start)) 'BEGIN { r = n / (ns / 1e9); printf "paste: %.0f lines per second (floor 20000)\n", r; exit r < 20000 }'
