#!/bin/bash
# Starts and stops one strongSwan daemon (Debian's, user-space ESP by kernel-libipsec) in a network
# namespace of its own, as a foreign IKEv1 peer. Sourced by the interop tests.
#
#   charon_start NETNS DIR LOCAL REMOTE LOCAL_TS REMOTE_TS PROPOSAL ESP_PROPOSAL   (writes DIR, starts, loads)
#   charon_ctl DIR ARGS…     swanctl against that daemon
#   charon_stop DIR          orderly end (sends DELETE);  charon_kill DIR: a dead peer
CHARON=/usr/lib/ipsec/charon

charon_available() {
    [ -x $CHARON ] && command -v swanctl >/dev/null && [ -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ]
}

charon_start() {
    local ns=$1 dir=$2 local_ip=$3 remote=$4 lts=$5 rts=$6 ike=${7:-aes256-sha1-modp1024} esp=${8:-aes256-sha1}
    mkdir -p "$dir"
    cat >"$dir/strongswan.conf" <<EOF
charon {
    load_modular = no
    load = random nonce aes des sha1 sha2 md5 hmac gmp openssl pem pkcs1 x509 pubkey kernel-libipsec kernel-netlink socket-default vici updown
    dos_protection = no
    install_routes = yes
    retransmit_tries = 3
    plugins {
        kernel-libipsec { load = 100 }
        vici { socket = unix://$dir/vici }
    }
    filelog { log { path = $dir/charon.log
        default = ${CHARON_LOG:-1}
        ike = ${CHARON_LOG:-2}
        flush_line = yes } }
}
EOF
    cat >"$dir/swanctl.conf" <<EOF
connections {
    gw {
        version = 1
        local_addrs = $local_ip
        remote_addrs = $remote
        proposals = $ike
        encap = yes
        rekey_time = ${CHARON_IKE_REKEY:-4h}
        dpd_delay = ${CHARON_DPD:-0s}
        local { auth = psk }
        remote { auth = psk }
        children {
            net {
                local_ts = $lts
                remote_ts = $rts
                esp_proposals = $esp
                rekey_time = ${CHARON_CHILD_REKEY:-1h}
                start_action = none
            }
        }
    }
}
secrets { ike-1 { secret = ${CHARON_PSK:-cisco123} } }
EOF
    ip netns exec "$ns" unshare -m bash -c "mount -t tmpfs none /run && mkdir -p /run/lock && \
        STRONGSWAN_CONF=$dir/strongswan.conf exec $CHARON" >"$dir/charon.out" 2>&1 &
    echo $! >"$dir/pid"
    local i
    for i in $(seq 50); do [ -S "$dir/vici" ] && break; sleep 0.1; done
    [ -S "$dir/vici" ] || { echo "charon did not start: see $dir/charon.out" >&2; return 1; }
    charon_ctl "$dir" --load-all --file "$dir/swanctl.conf" >"$dir/load.out" 2>&1
}
charon_ctl() {
    local dir=$1
    shift
    STRONGSWAN_CONF=$dir/strongswan.conf swanctl "$@" --uri "unix://$dir/vici"
}
charon_stop() {
    [ -f "$1/pid" ] && kill -TERM "$(cat "$1/pid")" 2>/dev/null && wait "$(cat "$1/pid")" 2>/dev/null
    rm -f "$1/pid"
}
charon_kill() {
    [ -f "$1/pid" ] && kill -KILL "$(cat "$1/pid")" 2>/dev/null && wait "$(cat "$1/pid")" 2>/dev/null
    rm -f "$1/pid"
}
