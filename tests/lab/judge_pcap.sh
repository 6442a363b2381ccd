#!/bin/bash
# Judges a capture with tshark: nothing malformed, no bad checksum, no bad ICV; and, for a failover,
# that no IKE packet left the spoke after the kill and that no ESP sequence number was used twice.
#
#   judge_pcap.sh FILE.pcap [--keys OPTS] [--kill EPOCH --spoke ADDR]
#
# OPTS holds tshark arguments, one per line (`tapir lab keys NODE`). Prints one line per check; exit
# status 0 when all hold.
set -u
pcap=${1:?usage: judge_pcap.sh FILE.pcap [--keys OPTS] [--kill EPOCH --spoke ADDR]}
shift
keys=() kill_at= spoke=
while [ $# -gt 0 ]; do
    case $1 in
    --keys) mapfile -t more <"$2"; keys+=("${more[@]}"); shift 2 ;;
    --kill) kill_at=$2; shift 2 ;;
    --spoke) spoke=$2; shift 2 ;;
    *) echo "judge_pcap: unknown option $1" >&2; exit 2 ;;
    esac
done
command -v tshark >/dev/null || { echo "judge_pcap: tshark is missing" >&2; exit 2; }
bad=0
decode=(tshark -r "$pcap" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -o sctp.checksum:crc-32c
        -d sctp.port==5000,data "${keys[@]}")
fields() { "${decode[@]}" -Y "$1" -T fields "${@:2}" 2>/dev/null; }
count() { fields "$1" -e frame.number | wc -l; }
check() { # name, number of offenders
    if [ "$2" -eq 0 ]; then echo "ok    $1"; else echo "FAIL  $1: $2"; bad=1; fi
}
for proto in hsrp isakmp esp sctp arp icmp; do
    printf '      %s packets: %s\n' "$proto" "$(count "$proto")"
done
check "malformed" "$(count '_ws.malformed')"
check "IP header checksum" "$(count 'ip.checksum.status==0')"
check "UDP checksum" "$(count 'udp.checksum.status==0')"
check "SCTP checksum (CRC32c)" "$(count 'sctp.checksum.status==0')"
[ ${#keys[@]} -gt 0 ] && check "ESP ICV" "$(count 'esp.icv_bad==1')"
check "ESP sequence number used twice (per SPI)" \
    "$(fields esp -e ip.dst -e esp.spi -e esp.sequence | sort | uniq -d | wc -l)"
if [ -n "$kill_at" ] && [ -n "$spoke" ]; then
    check "IKE packets from the spoke after the kill" \
        "$(count "isakmp && ip.src==$spoke && frame.time_epoch > $kill_at")"
    before=$(fields "esp && frame.time_epoch < $kill_at" -e esp.spi | sort -u | tr '\n' ' ')
    new=$(fields "esp && frame.time_epoch > $kill_at" -e esp.spi | sort -u |
          while read -r s; do case " $before " in *" $s "*) ;; *) echo "$s" ;; esac; done | wc -l)
    check "SPIs that were not there before the kill" "$new"
fi
exit $bad
