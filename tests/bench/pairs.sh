#!/bin/bash
# Gateway pairs for the way of lib.sh: two kernels, two of ours (forwarding, ESP with a given transform), strongSwan in
# user space, OpenVPN, wireguard-go. Each function takes the way's name, brings the pair up and says with its status
# whether packets pass; `missing PROGRAM` prints why a peer cannot run. Sourced by tests/bench/run.
. tests/interop/charon.sh

have() { command -v "$1" >/dev/null; }

pair_kernel() {
    way "$1" || return 1
    ip -n "$TAG-$1-a" route add 10.91.2.0/24 via 10.91.0.2
    ip -n "$TAG-$1-b" route add 10.91.1.0/24 via 10.91.0.1
    wait_for 5 reaches "$1"
}

# ---- ours ----
# gateway_config SIDE(1|2) TRANSFORM|clear
gateway_config() {
    local me=$1 peer=$((3 - $1)) transform=$2
    [ "$transform" = clear ] || cat <<EOF
crypto isakmp policy 1
 encr aes 256
 authentication pre-share
 group 14
crypto isakmp key bench123 address 10.91.0.$peer
crypto ipsec transform-set t $transform
crypto map m 10 ipsec-isakmp
 set peer 10.91.0.$peer
 set transform-set t
 match address protect
ip access-list extended protect
 permit ip 10.91.$me.0 0.0.0.255 10.91.$peer.0 0.0.0.255
EOF
    cat <<EOF
interface GigabitEthernet0/0
 ip address 10.91.$me.1 255.255.255.0
interface GigabitEthernet0/1
 ip address 10.91.0.$me 255.255.255.0
EOF
    [ "$transform" = clear ] || echo " crypto map m"
    echo "ip route 10.91.$peer.0 255.255.255.0 10.91.0.$peer"
}
# pair_tapir WAY TRANSFORM|clear: routers WAY-1 and WAY-2; their numbers in $pid_a and $pid_b
pair_tapir() {
    local w=$1
    way "$w" taps || return 1
    gateway_config 1 "$2" >"$T/$w-1.cfg"
    gateway_config 2 "$2" >"$T/$w-2.cfg"
    router "$w-g" "$w-1" "$T/$w-1.cfg" -i GigabitEthernet0/0=a0 -i GigabitEthernet0/1=a1 || return 1
    pid_a=$pid
    router "$w-g" "$w-2" "$T/$w-2.cfg" -i GigabitEthernet0/0=b0 -i GigabitEthernet0/1=b1 || return 1
    pid_b=$pid
    wait_for 10 reaches "$w"
}

# ---- peers ----
missing_charon() {
    charon_available || { echo "strongSwan with kernel-libipsec is not installed"; return 0; }
    return 1
}
pair_charon() {
    local w=$1
    way "$w" || return 1
    CHARON_LOG=-1 charon_start "$TAG-$w-a" "$T/$w-a" 10.91.0.1 10.91.0.2 10.91.1.0/24 10.91.2.0/24 aes256-sha1-modp2048 || return 1
    PIDS+=("$(cat "$T/$w-a/pid")")
    CHARON_LOG=-1 charon_start "$TAG-$w-b" "$T/$w-b" 10.91.0.2 10.91.0.1 10.91.2.0/24 10.91.1.0/24 aes256-sha1-modp2048 || return 1
    PIDS+=("$(cat "$T/$w-b/pid")")
    charon_ctl "$T/$w-a" --initiate --child net >"$T/$w.up" 2>&1
    wait_for 5 reaches "$w"
}
missing_openvpn() {
    have openvpn || { echo "openvpn is not installed"; return 0; }
    return 1
}
pair_openvpn() {
    local w=$1 extra
    way "$w" || return 1
    openvpn --genkey secret "$T/$w.key" || return 1
    extra=$(openvpn --version | awk 'NR == 1 { split($2, v, "."); if (v[1] > 2 || v[2] >= 7) print "--allow-deprecated-insecure-static-crypto" }')
    local common="--dev tun0 --proto udp --cipher AES-256-CBC --auth SHA1 --disable-dco --verb 1 $extra"
    # shellcheck disable=SC2086
    spawn "$TAG-$w-a" "$T/$w-a.out" openvpn $common --local 10.91.0.1 --remote 10.91.0.2 --secret "$T/$w.key" 0 \
        --ifconfig 10.9.0.1 10.9.0.2 --route 10.91.2.0 255.255.255.0
    # shellcheck disable=SC2086
    spawn "$TAG-$w-b" "$T/$w-b.out" openvpn $common --local 10.91.0.2 --remote 10.91.0.1 --secret "$T/$w.key" 1 \
        --ifconfig 10.9.0.2 10.9.0.1 --route 10.91.1.0 255.255.255.0
    wait_for 15 reaches "$w"
}
missing_wireguard() {
    have wireguard-go && have wg || { echo "wireguard-go and wireguard-tools are not installed"; return 0; }
    return 1
}
# The program's socket is named by its device; the device by this run.
pair_wireguard() {
    local w=$1 side key=() pub=()
    way "$w" || return 1
    for side in 1 2; do
        key[side]=$(wg genkey)
        pub[side]=$(wg pubkey <<<"${key[side]}")
    done
    for side in 1 2; do
        local peer=$((3 - side)) ns=$w-a dev=w$side-$$
        [ $side = 2 ] && ns=$w-b
        spawn "$TAG-$ns" "$T/$ns.out" env WG_PROCESS_FOREGROUND=1 LOG_LEVEL=error wireguard-go -f "$dev"
        wait_for 5 test -S "/var/run/wireguard/$dev.sock" || return 1
        on "$ns" wg set "$dev" listen-port 51820 private-key <(echo "${key[side]}") peer "${pub[peer]}" \
            endpoint "10.91.0.$peer:51820" allowed-ips "10.91.$peer.0/24" || return 1
        ip -n "$TAG-$ns" link set "$dev" up
        ip -n "$TAG-$ns" route add "10.91.$peer.0/24" dev "$dev"
    done
    wait_for 5 reaches "$w"
}
