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
# The seams: a clock, chance or a descriptor is touched nowhere else (DESIGN 1).
mapfile -t mods < <(find modules parser -name '*.c' ! -name 'gramc*' ! -path modules/core/loop_real.c \
    ! -path modules/core/rng.c ! -path modules/net/dp.c ! -path modules/core/storage_dir.c ! -path 'modules/net/link_tap*.c' ! -path modules/sctp/usrsctp_seam.c)
rule "sockets, clocks and files only in the seams" \
    '(^|[^>._[:alnum:]])(socket|socketpair|accept4?|connect|bind|listen|recvfrom|sendto|poll|select|epoll_wait|ioctl|open|fopen|clock_gettime|gettimeofday|getrandom|getentropy)\(' "${mods[@]}"
# What the compiler really read, where a build is there.
B=${B:-build}
bad=
while IFS= read -r d; do
    own=$(sed -nE 's,.*/modules/([a-z]+)/.*,\1,p' <<<"$d")
    [ -n "$own" ] || continue
    for to in $(grep -oE '(^| )(modules|parser|cli)/[a-z]*/?' "$d" | tr -d ' ' | sort -u); do
        to=${to#modules/}; to=${to%/}
        case $to in core | net | crypto | "$own") continue ;; esac
        [ "$own" = core ] || ! grep -qE "^$own -> $to\$" modules/DEPS || continue
        bad="$bad $own->$to"
    done
done < <(find "$B/modules" -name '*.d' 2>/dev/null)
# A header of a listed module may bring its own listed ones along.
bad=$(tr ' ' '\n' <<<"$bad" | sort -u | while IFS= read -r e; do
    [ -n "$e" ] || continue
    from=${e%->*} to=${e#*->} via=
    for mid in $(sed -nE "s/^$from -> //p" modules/DEPS); do grep -qE "^$mid -> $to\$" modules/DEPS && via=1; done
    [ -n "$via" ] || echo "$e"
done)
if [ -n "$bad" ]; then echo "$bad"; say "compiler's dependencies keep to modules/DEPS"; else echo "ok compiler's dependencies keep to modules/DEPS"; fi
# usrsctp exports generic names; a symbol of ours with such a name would be called by the library. Four are meant to.
lib=$(ldd "$B/tapir" 2>/dev/null | sed -nE 's/.*libusrsctp[^ ]* => ([^ ]+).*/\1/p')
if [ -n "$lib" ]; then
    bad=$(comm -12 <(nm --defined-only "$B/tapir" | awk '$2 ~ /[TDBR]/ {print $3}' | sort -u) \
        <(nm -D --defined-only "$lib" | awk '{print $3}' | sort -u) |
        grep -vxE 'gettimeofday|read_random|init_random|finish_random|_.*|usrsctp_seam.*')
    if [ -n "$bad" ]; then echo "$bad"; say "no symbol collides with usrsctp"; else echo "ok no symbol collides with usrsctp"; fi
fi
# Files of one concern; the format is the tree's own. clang-format's versions differ in taste: only the one the tree was
# formatted with is asked.
bad=$(find modules parser cli tests -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 600')
if [ -n "$bad" ]; then echo "$bad"; say "no file is longer than 600 lines"; else echo "ok no file is longer than 600 lines"; fi
case $(clang-format --version 2>/dev/null) in
*'version 14.'*)
    bad=$(find modules parser cli tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} + 2>&1 | grep -oE '^[^: ]+:[0-9]+' | head -5)
    if [ -n "$bad" ]; then echo "$bad"; say "clang-format"; else echo "ok clang-format"; fi ;;
'') echo "skip clang-format: not installed" ;;
*) echo "skip clang-format: another version than 14" ;;
esac
exit $fail
