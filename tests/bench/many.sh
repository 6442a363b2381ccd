#!/bin/bash
# Line 10 (10,000 SA pairs: memory, bulk sync, takeover) by tests/bench/bench_pairs.c and line 12 (cost per frame as
# tables grow) by tests/bench/bench_scale.c: the router's code in process, on simulated links, with the host's clock.
# The programs print `bench10 WHAT FIGURE` and `bench12 WHAT SMALL LARGE`. Line B4: super-packets cut and joined against
# copying their bytes (bench_super.c, which has its own floors). Line B5: 255 HSRP groups (bench_hsrp.c). Sourced by
# tests/bench/run.
many_lines() {
    line_wanted 10 && pairs_line
    line_wanted 12 && scale_line
    return 0
}
pairs_line() {
    local round what
    : >"$T/pairs.out"
    for round in $(seq "$ROUNDS"); do "$B/tests/bench/bench_pairs" >>"$T/pairs.out" 2>&1; done
    if ! grep -q '^bench10 takeover' "$T/pairs.out"; then
        failed 10 "10,000 SA pairs" "$(tail -n 1 "$T/pairs.out")"
        return
    fi
    of() { awk -v w="$1" '$1 == "bench10" && $2 == w { print $3 }' "$T/pairs.out" | median; }
    verdict 10 "10,000 SA pairs: memory of one, IKE state apart" "$(calc "$(of memory) / 1024")" atmost 4 3 KB
    verdict 10 "10,000 SA pairs: bulk sync, both ends' work and the wire's time" "$(calc "$(of sync) / 1000")" atmost 1 0.3 s
    verdict 10 "10,000 SA pairs: work of the takeover" "$(of takeover)" atmost 2 1 ms
}
scale_line() {
    local round what text small large
    : >"$T/scale.out"
    for round in $(seq "$ROUNDS"); do "$B/tests/bench/bench_scale" >>"$T/scale.out" 2>&1; done
    while read -r what text; do
        small=$(awk -v w="$what" '$1 == "bench12" && $2 == w { print $3 }' "$T/scale.out" | median)
        large=$(awk -v w="$what" '$1 == "bench12" && $2 == w { print $4 }' "$T/scale.out" | median)
        if [ "$small" = 0 ]; then
            failed 12 "$text" "$(tail -n 1 "$T/scale.out")"
        else
            note "$what: $small and $large ns"
            verdict 12 "$text" "$(ratio "$large" "$small")" atmost 2 1.3
        fi
    done <<EOF
seal cost of a sealed 64-byte frame, 10,000 SAs / 10
open cost of an opened 64-byte frame, 10,000 SAs / 10
routes cost of a forwarded frame, 100,000 routes / 10
acl cost of a filtered frame, 1,000 access-list lines / 10
EOF
}
super_line() {
    local status=0 factor
    "$B/tests/bench/bench_super" >"$T/super.out" 2>&1 || status=1
    while read -r text; do note "$text"; done <"$T/super.out"
    factor=$(awk '/^cut into a buffer/ { for (i = 2; i <= NF; i++) if ($i == "x") print $(i - 1) }' "$T/super.out")
    [ $status = 0 ] || factor=999
    verdict B4 "cutting a super-packet / copying its bytes (floors: bench_super)" "$factor" atmost 8 4
}
hsrp_line() {
    local share
    "$B/tests/bench/bench_hsrp" >"$T/hsrp.out" 2>&1
    while read -r text; do note "$text"; done < <(grep -v '^ok' "$T/hsrp.out")
    share=$(sed -n 's/^255 groups.*: \([0-9.]*\) % of one core.*/\1/p' "$T/hsrp.out")
    verdict B5 "share of a core that 255 HSRP groups with hellos of 1 s take" "${share:-999}" atmost 5 1 %
}
