#!/bin/bash
# Lines 1 to 5: what passes through two gateways. All pairs stand at the same time and are measured in turn, round after
# round, so that a noisy minute hits every row. Sourced by tests/bench/run.
#
# Line 3's null run is esp-null with HMAC-SHA-1-96, the least that is legal as a transform (RFC 2406 5): it pays for the
# hash but for no cipher. The reference's own null run paid for neither.

# The rows of our tunnel: with OpenSSL alone, and with what the router chooses by itself where that is the multi-buffer
# library. Without a choice there is one row.
engine_set() { # PAIR LINE
    local g
    for g in 1 2; do echo "$2" | "$TAPIR" paste "$1-$g" - >/dev/null || return 1; done
}
engines() {
    declare -gA ENGINE_CMD=([openssl]="crypto engine software openssl" [mb]="no crypto engine software")
    ENGINES=(openssl) ENGINE_WHY="no choice of engines in this build"
    if ! engine_set esp "${ENGINE_CMD[openssl]}"; then
        ENGINE_CMD[openssl]=
        return
    fi
    engine_set esp "${ENGINE_CMD[mb]}"
    if x esp-1 "show crypto engine configuration" | grep -q 'IPsec-MB'; then
        ENGINES=(openssl mb) ENGINE_WHY=
    else
        ENGINE_WHY="no IPsec-MB in this build or on this CPU"
    fi
}
line_wanted() { [[ " $WANTED " == *" $1 "* ]]; }

transit_up() {
    local w
    TCP_ROWS=() MISSING=()
    declare -gA WHY=()
    bring() { # WAY FUNCTION ARGUMENTS…
        local way=$1 fn=$2 why
        shift 2
        if [ "$(type -t "missing_${fn#pair_}")" = function ] && why=$("missing_${fn#pair_}"); then
            WHY[$way]=$why
            return 1
        fi
        if ! "$fn" "$way" "$@"; then
            WHY[$way]="no packet passes through this pair"
            return 1
        fi
        server "$way"
    }
    if line_wanted 1 || line_wanted 2 || line_wanted 3; then bring esp pair_tapir "esp-aes 256 esp-sha-hmac" && TCP_ROWS+=(esp); fi
    if line_wanted 3; then bring null pair_tapir "esp-null esp-sha-hmac" && TCP_ROWS+=(null); fi
    if line_wanted 4; then
        bring clear pair_tapir clear && TCP_ROWS+=(clear)
        bring kernel pair_kernel && TCP_ROWS+=(kernel)
    fi
    if line_wanted 1; then bring swan pair_charon && TCP_ROWS+=(swan); fi
    if line_wanted 2; then
        bring ovpn pair_openvpn && TCP_ROWS+=(ovpn)
        bring wg pair_wireguard && TCP_ROWS+=(wg)
    fi
    if line_wanted 5; then
        [ -n "${WHY[esp]:-}" ] || reaches esp >/dev/null 2>&1 || bring esp pair_tapir "esp-aes 256 esp-sha-hmac"
        [ -n "${WHY[swan]:-}" ] || reaches swan >/dev/null 2>&1 || bring swan pair_charon
    fi
}
# ratio_of LINE WHAT ROW/ENGINE ROW FLOOR AIM: from the files of figures
ratio_of() {
    local line=$1 what=$2 ours=$3 theirs=$4 a b
    [ -z "${WHY[${ours%%/*}]:-}" ] || { failed "$line" "$what" "${ours%%/*}: ${WHY[${ours%%/*}]}"; return; }
    case ${WHY[${theirs%%/*}]:-} in
    "") ;;
    *installed*) skip "$line" "$what" "${WHY[${theirs%%/*}]}"; return ;;
    *) failed "$line" "$what" "${theirs%%/*}: ${WHY[${theirs%%/*}]}"; return ;;
    esac
    a=$(median <"$T/rate.${ours//\//.}") b=$(median <"$T/rate.${theirs//\//.}")
    verdict "$line" "$what" "$(ratio "$a" "$b")" atleast "$5" "$6"
}
transit_tcp() {
    local round row e
    for round in $(seq "$ROUNDS"); do
        for row in "${TCP_ROWS[@]}"; do
            if [ "$row" = esp ] || [ "$row" = null ]; then
                for e in "${ENGINES[@]}"; do
                    [ -z "${ENGINE_CMD[$e]}" ] || engine_set "$row" "${ENGINE_CMD[$e]}"
                    stream "$row" >>"$T/rate.$row.$e"
                done
            else
                stream "$row" >>"$T/rate.$row"
            fi
        done
    done
    local f
    for f in "$T"/rate.*; do
        [ -f "$f" ] && note "TCP $(basename "$f" | sed 's/^rate\.//'): $(mbit "$(median <"$f")") ($(sort -g "$f" | awk '{ printf "%s%.0f", (NR > 1 ? " " : ""), $1 / 1e6 }'))"
    done
}
transit_lines() {
    ENGINES=(openssl) ENGINE_WHY=
    transit_up
    x esp-1 "show clock" >/dev/null 2>&1 && engines
    [ ${#TCP_ROWS[@]} = 0 ] || transit_tcp
    local e best=${ENGINES[-1]}
    if line_wanted 1; then
        for e in "${ENGINES[@]}"; do
            case $e in
            mb) ratio_of 1 "ESP tunnel TCP / strongSwan, multi-buffer" "esp/$e" swan 7 10.6 ;;
            *) ratio_of 1 "ESP tunnel TCP / strongSwan, OpenSSL alone" "esp/$e" swan 5 7.9 ;;
            esac
        done
        [ -z "${ENGINE_WHY:-}" ] || skip 1 "ESP tunnel TCP / strongSwan, multi-buffer" "$ENGINE_WHY"
    fi
    if line_wanted 2; then
        ratio_of 2 "ESP tunnel TCP / OpenVPN, same ciphers" "esp/$best" ovpn 3.5 5
        ratio_of 2 "ESP tunnel TCP / wireguard-go" "esp/$best" wg 3.5 5
    fi
    line_wanted 3 && ratio_of 3 "ESP tunnel TCP / esp-null esp-sha-hmac" "esp/$best" "null/$best" 0.75 0.95
    line_wanted 4 && ratio_of 4 "plain forwarding TCP / two kernel routers" clear kernel 0.45 0.6
    line_wanted 5 && transit_udp
    return 0
}
# The receiver's rate while 64-byte datagrams come as fast as iperf3 sends them.
transit_udp() {
    local i what="UDP of 64 bytes through the tunnel / strongSwan"
    rm -f "$T"/rate.u*
    if [ -z "${WHY[esp]:-}" ] && [ -z "${WHY[swan]:-}" ]; then
        [ ${#ENGINES[@]} = 1 ] || engine_set esp "${ENGINE_CMD[mb]}"
        for i in 1 2 3 4 5; do
            stream esp -u -b 0 -l 64 >>"$T/rate.uesp"
            stream swan -u -b 0 -l 64 >>"$T/rate.uswan"
        done
        note "UDP 64: ours $(awk '{ printf "%.0f ", $1 / 512000 }' "$T/rate.uesp")strongSwan $(awk '{ printf "%.0f ", $1 / 512000 }' "$T/rate.uswan")thousand packets a second"
    fi
    WHY[uesp]=${WHY[esp]:-} WHY[uswan]=${WHY[swan]:-}
    ratio_of 5 "$what" uesp uswan 1.5 3
}
