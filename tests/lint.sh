#!/bin/bash
# House rules that a compiler does not check: banned calls, sockets and clocks outside the seams, who includes whom.
cd "$(dirname "$0")/.." || exit 1
fail=0
say() { echo "not ok $1"; fail=1; }
rule() { # NAME REGEX FILES...
    local name=$1 re=$2; shift 2
    local hits; hits=$(grep -nE "$re" "$@" 2>/dev/null | grep -vE '^[^:]+:[0-9]+: *(/?\*|//)')
    if [ -n "$hits" ]; then head -5 <<<"$hits"; say "$name"; else echo "ok $name"; fi
}
mapfile -t all < <(find modules parser cli -name '*.c' -o -name '*.h')
rule "banned string calls" '\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|strtok|alloca)\(' "${all[@]}"
rule "banned clocks and chance" '\b(rand|srand|random|sleep|usleep|nanosleep|time)\(' "${all[@]}"
rule "leftovers" '\b(TODO|FIXME|XXX)\b' "${all[@]}"
mapfile -t mods < <(find modules -name '*.[ch]' ! -path 'modules/crypto/*')
rule "OpenSSL only in modules/crypto" '#include <openssl/' "${mods[@]}"
mapfile -t mods < <(find modules -name '*.[ch]')
rule "no module includes parser or cli" '#include "(parser|cli)/' "${mods[@]}"
bad=
for f in "${mods[@]}"; do
    own=$(cut -d/ -f2 <<<"$f")
    case $own in core | modules.c | DEPS) [ "$own" = core ] || continue ;; esac
    for to in $(grep -oE '#include "modules/[a-z]+/' "$f" | sed 's/.*modules.\([a-z]*\)./\1/' | sort -u); do
        case $to in core | net | crypto | "$own") continue ;; esac
        grep -qE "^$own -> $to\$" modules/DEPS || bad="$bad $own->$to($f)"
    done
done
if [ -n "$bad" ]; then echo "$bad"; say "modules/DEPS lists every edge"; else echo "ok modules/DEPS lists every edge"; fi
exit $fail
