# Shared by the scripts of tests/cli (sourced, not run): a router started by hand in a network namespace of its own, as
# any user, and the counting of checks. A script ends with `finish`.
cd "$(dirname "$0")/../.." || exit 1
T=${TAPIR:-$PWD/build/tapir}
DATA=$PWD/tests/vectors
if [ -z "${TAPIR_CLI_NS:-}" ]; then
    export TAPIR_CLI_NS=1
    if [ ! -c /dev/net/tun ]; then echo "skip all: no /dev/net/tun"; exit 77; fi
    if unshare -n true 2>/dev/null; then exec unshare -n "$0" "$@"; fi
    if unshare -rn true 2>/dev/null; then exec unshare -rn "$0" "$@"; fi
    echo "skip all: no network namespaces here"
    exit 77
fi
tmp=$(mktemp -d)
export TAPIR_RUN=$tmp/run TZ=UTC
declare -A pids
fail=0
cleanup() {
    local p
    for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$tmp"
}
trap cleanup EXIT
ok() { echo "ok $1"; }
not_ok() { fail=1; echo "not ok $1"; }
# same NAME FILE FILE
same() {
    if cmp -s "$2" "$3"; then ok "$1"; else diff "$2" "$3" | head -12; not_ok "$1"; fi
}
# is NAME WANT GOT
is() { if [ "$2" = "$3" ]; then ok "$1"; else echo "want: $2"; echo "got:  $3"; not_ok "$1"; fi; }
# has NAME ERE FILE
has() { if grep -qE -- "$2" "$3"; then ok "$1"; else tail -5 "$3"; not_ok "$1: no /$2/"; fi; }
check() { local name=$1; shift; if "$@" >"$tmp/check" 2>&1; then ok "$name"; else tail -5 "$tmp/check"; not_ok "$name"; fi; }
# refuses NAME STATUS ERE COMMAND...: one line on stderr that matches, nothing on stdout, and the status
refuses() {
    local name=$1 status=$2 want=$3; shift 3
    "$@" >"$tmp/refuses.out" 2>"$tmp/refuses.err"; local rc=$?
    if [ $rc = "$status" ] && [ "$(wc -l <"$tmp/refuses.err")" = 1 ] && grep -qE -- "$want" "$tmp/refuses.err" && [ ! -s "$tmp/refuses.out" ]
    then ok "$name"; else echo "status $rc, wanted $status"; head -3 "$tmp/refuses.err" "$tmp/refuses.out"; not_ok "$name"; fi
}
# boot NAME OPTION...: waits until it is ready
boot() {
    local name=$1; shift
    : >"$tmp/$name.out"
    "$T" router "$name" "$@" >>"$tmp/$name.out" 2>"$tmp/$name.err" &
    pids[$name]=$!
    local i
    for i in $(seq 200); do
        if grep -q "^$name ready" "$tmp/$name.out"; then return 0; fi
        if ! kill -0 "${pids[$name]}" 2>/dev/null; then break; fi
        sleep 0.05
    done
    cat "$tmp/$name.err"; not_ok "boot $name"; return 1
}
# halt NAME [SIGNAL]: its exit status
halt() {
    kill "-${2:-TERM}" "${pids[$1]}" 2>/dev/null
    { wait "${pids[$1]}"; } 2>/dev/null; local rc=$?
    unset "pids[$1]"
    return $rc
}
# running NAME: show running-config behind the two `! Last` lines
running() { "$T" exec "$1" "show running-config" | sed '1,/^! Last\|^! No configuration change/d' | sed '1{/^! NVRAM/d}'; }
# fixed_point NAME FROM: what router FROM shows, pasted into a new router, gives the same text
fixed_point() {
    "$T" exec "$2" "show running-config" >"$tmp/first.full"
    running "$2" >"$tmp/first"
    boot again || return
    "$T" paste again "$tmp/first" >"$tmp/again.paste" 2>&1; is "$1: the shown text is accepted" 0 $?
    running again >"$tmp/second"
    same "$1: the same text again" "$tmp/first" "$tmp/second"
    is "$1: begins with ! and ends with end" "!end" "$(head -1 "$tmp/first")$(grep . "$tmp/first" | tail -1)"
    has "$1: a comment says when it was changed" '^! Last configuration change' "$tmp/first.full"
    # a whole `show` transcript, headers included, may be pasted too: its two header lines are no commands
    halt again
}
finish() { exit $fail; }
