# Failovers of the white paper's lab on taps, measured and judged from outside. Sourced by tests/lab/test_failover (one
# kill) and tests/long/test_failover_*.
#
# Every frame is captured once, where it enters a switch (tcpdump -Q in on every port), outside and inside. The ports of
# routers only carry frames a router made itself; the host mgmt is a Linux host behind a veth, whose transmit checksum
# offload is switched off, so that its checksums can be judged as well.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
T=${TAPIR:-$PWD/build/tapir}
HERE=$PWD
tmp=$(mktemp -d); export TAPIR_RUN=$tmp/run TAPIR_REPORT_DIR=$tmp
lab=wp$$ fail=0 dumps=()
say_ok() { echo "ok $*"; }
say_bad() { fail=1; echo "not ok $*"; }
capture_stop() {
    for p in "${dumps[@]}"; do kill -INT "$p" 2>/dev/null; done
    for p in "${dumps[@]}"; do wait "$p" 2>/dev/null; done
    dumps=()
}
lab_cleanup() {
    capture_stop
    "$T" lab down "$lab" >/dev/null 2>&1
    if [ -n "${FAILOVER_KEEP:-}" ]; then echo "# files: $tmp"; else rm -rf "$tmp"; fi
}
trap lab_cleanup EXIT
trap 'exit 130' INT TERM

# lab_begin: the lab comes up, captures begin, the spoke's tunnel exists.
lab_begin() {
    cp -r examples/whitepaper/. "$tmp/"
    sed -i "s/^name: .*/name: $lab/" "$tmp/whitepaper.clab.yml"
    if [ -n "${overlay:-}" ]; then cp "$overlay" "$tmp/overlay-fast.cfg"; fi
    if ! "$T" lab up "$tmp" >"$tmp/up" 2>&1; then say_bad "lab up: $(tail -1 "$tmp/up")"; exit 1; fi
    ip netns exec "tapir-$lab-mgmt" ethtool -K eth1 tx off >/dev/null 2>&1
    if command -v tcpdump >/dev/null; then
        for sw in inside outside; do
            for port in p1 p2 p3; do
                ip netns exec "tapir-$lab-$sw" tcpdump -i $port -Q in -s 0 -U -B 8192 --immediate-mode -Z root \
                    -w "$tmp/$sw-$port.pcap" >/dev/null 2>"$tmp/$sw-$port.err" &
                dumps+=($!)
            done
        done
    fi
    if "$T" lab wait "$lab" --timeout 240 >"$tmp/wait" 2>&1; then say_ok "converged"
    else say_bad "converged: $(tail -1 "$tmp/wait")"; exit 1; fi
    for _ in 1 2 3 4 5; do
        "$T" exec "$lab/spoke" 'ping 10.2.1.254 source 10.1.11.11 repeat 2 timeout 1' 2>/dev/null | grep -q 'rate is [1-9]' && break
        sleep 1
    done
    sleep 1
    tunnel_at=$(date +%s.%N) # from here on the spoke has no reason to send an IKE packet
}

# One disruption: DO are scenario lines that end with the report's file name in the place of REPORT.
#   scenario NAME < lines
scenario() {
    local name=$1
    cat >"$tmp/$name.scn"
    "$T" lab run "$tmp/$name.scn" "$lab" >"$tmp/$name.out" 2>&1
}
prologue() { # WATCH...: a ping under way, the standby has the session
    cat <<END
wait converged 240
expect spoke "ping 10.2.1.254 source 10.1.11.11" /Success rate is [1-9]/ within 30
ping spoke 10.2.1.254 source 10.1.11.11 rate 100 as tunnel
at +2
expect standby "show crypto ipsec sa standby" /spi: 0x[0-9A-F]+/ within 10
END
}
json() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$tmp/$1" "$2"; }

# kill_once N RETURN WATCH: the active is killed; RETURN seconds later it is powered on; watched for WATCH seconds in all,
# after which it must be STANDBY HOT within the time of a boot.
kill_once() {
    local n=$1 back=$2 watch=$3
    { prologue
      cat <<END
kill active
at +$back
expect active "show crypto session" /UP-ACTIVE/ within 5
start killed
at +$((watch - back))
report kill-$n.json
stop tunnel
wait converged 240
expect standby "show redundancy states" /my state = 8 +-STANDBY HOT/ within 10
expect standby "show crypto ipsec sa standby" /spi: 0x[0-9A-F]+/ within 10
END
    } | scenario "kill-$n"
}

# kills COUNT RETURN WATCH HOLD_MS: that many in a row, the roles change each time; gaps as the issue wants them.
kills() {
    local count=$1 back=$2 watch=$3 hold=$4 n gap within=0 gaps=()
    for n in $(seq 1 "$count"); do
        local victim; victim=$("$T" exec "$lab/gw1" 'show redundancy states' 2>/dev/null | grep -q 'my state = 13' && echo gw1 || echo gw2)
        if kill_once "$n" "$back" "$watch"; then
            gap=$(json "kill-$n.json" gap_ms); gaps+=("${gap%.*}")
            say_ok "kill $n ($victim): gap ${gap%.*} ms, $(json "kill-$n.json" lost) of $(json "kill-$n.json" sent) lost"
            [ "${gap%.*}" -le $((hold + 100)) ] && within=$((within + 1))
            [ "${gap%.*}" -le $((hold + 500)) ] || say_bad "kill $n: gap ${gap%.*} ms is above hold + 500 ms"
        else
            say_bad "kill $n ($victim): $(tail -1 "$tmp/kill-$n.out")"; tail -40 "$tmp/kill-$n.out" | sed 's/^/# /'; return
        fi
    done
    if [ $((within * 10)) -ge $((count * 9)) ]; then say_ok "gap <= hold + 100 ms in $within of $count: ${gaps[*]} ms (hold $hold ms)"
    else say_bad "gap <= hold + 100 ms in only $within of $count: ${gaps[*]} ms (hold $hold ms)"; fi
}

# planned NAME WATCH LINES: a resign or a lost carrier, <= 200 ms. The gap is taken between two requests that were
# answered: it holds one interval of the ping, 10 ms, too many.
planned() {
    local what=$1 name=${1// /-} watch=$2 lines=$3 gap
    { prologue; echo "$lines" | sed '/^after:/,$d'; cat <<END
at +$watch
report $name.json
stop tunnel
END
      echo "$lines" | sed '1,/^after:/d'
      cat <<END
wait converged 240
expect standby "show redundancy states" /my state = 8 +-STANDBY HOT/ within 10
END
    } | scenario "$name"
    if [ $? != 0 ]; then say_bad "$what: $(tail -1 "$tmp/$name.out")"; tail -40 "$tmp/$name.out" | sed 's/^/# /'; return; fi
    gap=$(json "$name.json" gap_ms)
    if [ "${gap%.*}" -le 210 ]; then say_ok "$what: gap ${gap%.*} ms"
    else
        say_bad "$what: gap ${gap%.*} ms, promised 200"
        sed -n '/Failover report/,$p' "$tmp/$name.out" | sed 's/^/# /'
    fi
}

# judge: what tshark says of all that was captured (acceptance 4).
judge() {
    if ! command -v tshark >/dev/null || ! command -v tcpdump >/dev/null; then echo "skip captures judged: tshark or tcpdump is missing"; return; fi
    sleep 1; capture_stop
    "$T" lab keys "$lab/spoke" >"$tmp/keys.opts" 2>"$tmp/keys.err" || say_bad "lab keys: $(cat "$tmp/keys.err")"
    mergecap -F pcap -w "$tmp/outside.pcap" "$tmp"/outside-p?.pcap
    mergecap -F pcap -w "$tmp/inside.pcap" "$tmp"/inside-p?.pcap
    judged outside "$tmp/outside.pcap" --keys "$tmp/keys.opts" --kill "$tunnel_at" --spoke 10.1.11.11
    judged inside "$tmp/inside.pcap"
}
judged() {
    local name=$1; shift
    tests/lab/judge_pcap.sh "$@" >"$tmp/judge-$name" 2>&1
    while IFS= read -r l; do
        case $l in
        "ok  "*) say_ok "$name: ${l#ok    }" ;;
        FAIL*) say_bad "$name: ${l#FAIL  }" ;;
        *) echo "# $name:$l" ;;
        esac
    done <"$tmp/judge-$name"
}
