#!/bin/bash
# Transit throughput through the ESP tunnel (AES-256-CBC, HMAC-SHA-1-96) as a ratio to plain forwarding
# by two kernel routers on the same wires: TCP, and UDP of 64, 512 and 1400 bytes. ROUNDS interleaved
# rounds (default 3), medians. Needs root and iperf3.
set -u
rc=0
cd "$(dirname "$0")/../.." || exit 1
tapir=${TAPIR:-build/tapir} rounds=${ROUNDS:-3} secs=${SECS:-3}
export TAPIR_RUN=${TAPIR_RUN:-$(mktemp -d)}
command -v iperf3 >/dev/null || { echo "skipped: transit: iperf3 is missing"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "skipped: transit: needs root"; exit 0; }
cleanup() { $tapir lab down bench-tapir; $tapir lab down bench-kernel; } >/dev/null 2>&1
trap cleanup EXIT
for lab in tapir kernel; do
    $tapir lab up tests/bench/transit/$lab.clab.yml >/dev/null || exit 1
    ip netns exec "tapir-bench-$lab-h2" iperf3 -s -D --pidfile "$TAPIR_RUN/iperf-$lab.pid"
    ip netns exec "tapir-bench-$lab-h1" ping -q -c 5 -i 0.3 10.91.2.10 >/dev/null || { echo "transit: no way through $lab"; exit 1; }
done
one() { # lab, iperf arguments: bits per second at the receiver
    ip netns exec "tapir-bench-$1-h1" iperf3 -c 10.91.2.10 -t "$secs" -J "${@:2}" 2>/dev/null |
        python3 -c 'import json,sys; e=json.load(sys.stdin)["end"]; s=e.get("sum_received") or e["sum"]
print(int(s["bits_per_second"]*(1-s.get("lost_percent",0)/100 if "sum_received" not in e else 1)))' 2>/dev/null || echo 0
}
median() { sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }
for kind in tcp 64 512 1400; do
    if [ $kind = tcp ]; then args=(); else args=(-u -b 0 -l $kind); fi
    : >"$TAPIR_RUN/t"; : >"$TAPIR_RUN/k"
    for _ in $(seq "$rounds"); do
        one tapir "${args[@]}" >>"$TAPIR_RUN/t"
        one kernel "${args[@]}" >>"$TAPIR_RUN/k"
    done
    t=$(median <"$TAPIR_RUN/t") k=$(median <"$TAPIR_RUN/k")
    awk -v n="$kind" -v t="$t" -v k="$k" 'BEGIN { printf "transit ESP %-10s / kernel forwarding: %.3f  (%.1f / %.1f Mbit/s)\n",
        n == "tcp" ? "TCP" : "UDP " n, k ? t / k : 0, t / 1e6, k / 1e6; exit !t || !k }' || rc=1
done
for p in "$TAPIR_RUN"/iperf-*.pid; do kill "$(tr -d '\0' <"$p")" 2>/dev/null; done
exit $rc
