"""Scapy as the other HSRP router. Called by tests/lab/test_hsrp_scapy in the peer's namespace:
   hsrp_peer.py TAPIR ROUTER IFACE VERSION. Prints ok / not ok lines."""
import hashlib, socket, struct, subprocess, sys, threading, time
from scapy.all import ARP, AsyncSniffer, Ether, IP, Raw, UDP, conf, sendp
from scapy.layers.hsrp import HSRP, HSRPmd5

tapir, router, iface, version = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
conf.verb = 0
ME, VIP, MAC = "10.77.0.9", "10.77.0.254", "02:00:00:00:00:99"
GROUP = "224.0.0.2" if version == 1 else "224.0.0.102"
GMAC = "01:00:5e:00:00:02" if version == 1 else "01:00:5e:00:00:66"
VMAC = "00:00:0c:07:ac:01" if version == 1 else "00:00:0c:9f:f0:01"
STATES = {"init": (0, 1), "learn": (1, 2), "listen": (2, 3), "speak": (4, 4), "standby": (8, 5), "active": (16, 6)}
HELLO, COUP, RESIGN = 0, 1, 2
failed = False


def check(name, good, more=""):
    global failed
    failed = failed or not good
    print(("ok v%d: %s" % (version, name)) if good else "not ok v%d: %s %s" % (version, name, more), flush=True)


def show(command):
    return subprocess.run([tapir, "exec", router, command], capture_output=True, text=True).stdout


def configure(*lines):
    r = subprocess.run([tapir, "paste", router, "-"], input="\n".join(lines) + "\n", capture_output=True, text=True)
    if r.returncode:
        check("configuration", False, r.stdout)


def state():
    for line in show("show standby brief").splitlines():
        f = line.split()
        if len(f) > 4 and f[1] == "1":
            return f[4] if f[3] == "P" else f[3]
    return "?"


def until(want, seconds):
    end = time.time() + seconds
    while time.time() < end:
        if state() == want:
            return True
        time.sleep(0.05)
    return state() == want


def keyed_md5(key, payload, at):
    zeroed = payload[:at] + bytes(16) + payload[at + 16:]
    k = key.encode()
    pad = k + b"\x80" + bytes((55 - len(k)) % 64) + struct.pack("<Q", len(k) * 8)
    return hashlib.md5(pad + zeroed + k).digest()


def packet(op, st, priority, key=None, source=ME, group=1, keyid=0):
    v1, v2 = STATES[st]
    if version == 1:
        p = HSRP(version=0, opcode=op, state=v1, hellotime=1, holdtime=3, priority=priority, group=group, virtualIP=VIP,
                 auth=b"\0" * 8 if key else b"cisco\0\0\0")
        if key:
            p = p / HSRPmd5(len=28, algo=1, sourceip=source, keyid=keyid, authdigest=b"\0" * 16)
        b = bytes(p)
    else:
        b = struct.pack(">BBBBBBH6sIII4s12x", 1, 40, 2, op, v2, 4, group, bytes.fromhex(MAC.replace(":", "")), priority,
                        1000, 3000, bytes(map(int, VIP.split("."))))
        b += struct.pack(">BBBBH4sI16x", 4, 28, 1, 0, 0, bytes(map(int, source.split("."))), keyid) if key else b"\x03\x08cisco\0\0\0"
    if key:
        at = len(b) - 16
        b = b[:at] + keyed_md5(key, b, at) + b[at + 16:]
    return b


def send(payload, src=ME, dst=GROUP, ttl=1):
    sendp(Ether(src=MAC, dst=GMAC) / IP(src=src, dst=dst, ttl=ttl, tos=0xC0) / UDP(sport=1985, dport=1985) / Raw(payload),
          iface=iface)


class Active(threading.Thread):
    """Hellos of an Active router of that priority, until stopped."""

    def __init__(self, priority, key=None, st="active"):
        super().__init__(daemon=True)
        self.args, self.stopped = (HELLO, st, priority, key), threading.Event()
        self.start()

    def run(self):
        while not self.stopped.is_set():
            send(packet(*self.args))
            self.stopped.wait(0.7)

    def stop(self):
        self.stopped.set()
        self.join()


def heard(seconds, wanted):
    s = AsyncSniffer(iface=iface, store=True, lfilter=lambda p: p.haslayer(UDP) and p[UDP].dport == 1985 and p[IP].src == "10.77.0.1")
    s.start()
    time.sleep(0.2)
    wanted()
    time.sleep(seconds)
    return list(s.stop())


def asked(address):
    """The ARP answers for an address: (Ethernet source, sender MAC)."""
    s = AsyncSniffer(iface=iface, store=True, lfilter=lambda p: ARP in p and p[ARP].op == 2 and p[ARP].psrc == address)
    s.start()
    time.sleep(0.2)
    sendp(Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=MAC, psrc=ME, pdst=address), iface=iface)
    time.sleep(0.3)
    return [(p[Ether].src, p[ARP].hwsrc) for p in s.stop() if p[ARP].pdst == ME]


def burst(payload, n, rate):
    f = bytes(Ether(src=MAC, dst=GMAC) / IP(src=ME, dst=GROUP, ttl=1, tos=0xC0) / UDP(sport=1985, dport=1985) / Raw(payload))
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((iface, 0))
    start = time.time()
    for i in range(n):
        s.send(f)
        if i % 100 == 0:
            time.sleep(max(0, start + i / rate - time.time()))


def drops(reason):
    for line in show("show drops").splitlines():
        f = line.split()
        if f and f[0] == reason:
            return int(f[1])
    return 0


check("alone it becomes Active", until("Active", 15))
seen = heard(1.5, lambda: None)
hellos = [p for p in seen if bytes(p[UDP].payload)[:2] in (b"\0\0", b"\x01\x28")]
check("it says hello from the virtual MAC, TTL 1, TOS 0xc0",
      bool(hellos) and all(p[Ether].src == VMAC and p[IP].ttl == 1 and p[IP].tos == 0xC0 and p[IP].dst == GROUP for p in hellos),
      str([p.summary() for p in seen]))
b = bytes(hellos[0][UDP].payload) if hellos else bytes(60)
if version == 1:
    h = HSRP(b)
    check("scapy reads it", h.state == 16 and h.hellotime == 1 and h.holdtime == 3 and h.priority == 100 and h.virtualIP == VIP and h.auth.startswith(b"cisco"))
else:
    check("its TLVs are those of the reference", b == packet(HELLO, "active", 100)[:8] + b[8:14] + packet(HELLO, "active", 100)[14:], b.hex())
check("ARP and proxy ARP are answered from the virtual MAC", asked(VIP) == asked("10.78.0.9") == [(VMAC, VMAC)])
# Coup, then a better Active
send(packet(COUP, "listen", 200))
a = Active(200)
check("it yields to a Coup", until("Speak", 1) or state() == "Standby", state())
check("and becomes Standby", until("Standby", 6), state())
check("it knows who is Active", ME + "" in show("show standby") and "priority 200" in show("show standby"))
check("its neighbour is listed", "  %s\n    Active groups: 1\n" % ME in show("show standby neighbors"))
if version == 2:
    check("with the address it named", "    MAC address is 0200.0000.0099\n" in show("show standby"))
check("it answers no ARP then", asked(VIP) == asked("10.78.0.9") == [])
# a lower Standby is no threat, a higher one is
send(packet(HELLO, "standby", 150))
check("a better Standby sends it to Listen", until("Listen", 1), state())
check("and it comes back", until("Standby", 9), state())
a.stop()
got = heard(0.6, lambda: send(packet(RESIGN, "active", 200)))
check("who resigned has no groups", "  %s\n    No active groups\n    No standby groups\n" % ME in show("show standby neighbors"))
check("a Resign makes it Active at once", state() == "Active" and any(p[Ether].src == VMAC for p in got))
# Advertise
adv = bytes(HSRP(opcode=3))[:2] + struct.pack(">HHBBHHI", 1, 14, 2, 0, 0, 1, 0) if version == 1 else b"\x02\x04\0\0\0\1"
send(adv)
time.sleep(0.2)
check("an Advertise is taken", "Advertisements   in " in show("show standby internal") and "Advertisements   in 0 " not in show("show standby internal"))
# a lower Active is couped only with preempt: two Actives, the better one stays and says Coup
got = heard(0.5, lambda: send(packet(HELLO, "active", 50)))
check("a worse Active gets a Coup", any((bytes(p[UDP].payload)[1] if version == 1 else bytes(p[UDP].payload)[3]) == COUP for p in got) and state() == "Active")
# wrong packets
good = packet(COUP, "listen", 200)
bad = [("hsrp-subnet", dict(payload=good, src="10.99.0.9")), ("hsrp-truncated", dict(payload=good[:9])),
       ("hsrp-state", dict(payload=good[:2 if version == 1 else 4] + b"\xff" + good[3 if version == 1 else 5:])),
       ("hsrp-unknown-group", dict(payload=packet(COUP, "listen", 200, group=9))),
       ("hsrp-authentication", dict(payload=good.replace(b"cisco", b"Cisco"))),
       ("hsrp-authentication", dict(payload=packet(COUP, "listen", 200, key="x")))]
for reason, how in bad:
    before = drops(reason)
    send(**how)
    time.sleep(0.15)
    check("%s is counted" % reason, drops(reason) == before + 1)
check("and nothing changed", state() == "Active")
check("%HSRP-4-BADAUTH is logged", "%%HSRP-4-BADAUTH: Bad authentication from %s, group 1, remote state Listen" % ME in show("show logging"))
logged = show("show logging").count("BADAUTH")
before = drops("hsrp-authentication")
burst(good.replace(b"cisco", b"Cisco"), 20000, 10000)
check("10,000 a second are counted, not logged", drops("hsrp-authentication") >= before + 19000 and show("show logging").count("BADAUTH") <= logged + 1)
check("and change nothing", state() == "Active")
sendp(Ether(src=VMAC, dst="ff:ff:ff:ff:ff:ff") / ARP(op=2, hwsrc=VMAC, psrc=VIP, pdst=VIP), iface=iface)
time.sleep(0.5)
check("%HSRP-4-DUPADDR is logged", "%HSRP-4-DUPADDR: Duplicate address 10.77.0.254 on GigabitEthernet0/1, sourced by " in show("show logging"))
# MD5
configure("interface GigabitEthernet0/1", "standby 1 authentication md5 key-string openwall12345 timeout 5")
key = "openwall12345"
got = heard(1.5, lambda: None)
b = [bytes(p[UDP].payload) for p in got if len(bytes(p[UDP].payload)) >= 50]
check("its digests are right", bool(b) and all(keyed_md5(key, x, len(x) - 16) == x[-16:] for x in b))
send(packet(COUP, "listen", 200))
send(packet(COUP, "listen", 200, key="openwall12346"))
send(packet(COUP, "listen", 200, key=key, source="10.77.0.8"))
time.sleep(0.3)
check("text, a wrong key and a copied packet are refused", state() == "Active" and drops("hsrp-replay") == 1)
a = Active(200, key)
send(packet(COUP, "listen", 200, key=key))
check("the right key is believed", until("Standby", 8), state())
a.stop()
configure("key chain K", "key 7", "key-string chained", "interface GigabitEthernet0/1", "standby 1 authentication md5 key-chain K")
time.sleep(0.2)
check("alone again it is Active", until("Active", 6), state())
got = heard(1.5, lambda: None)
b = [bytes(p[UDP].payload) for p in got if len(bytes(p[UDP].payload)) >= 50]
check("the key's number is in its packets", bool(b) and all(x[-20:-16] == b"\0\0\0\7" and keyed_md5("chained", x, len(x) - 16) == x[-16:] for x in b))
a = Active(200)
send(packet(COUP, "listen", 200, key="chained", keyid=8))
time.sleep(0.3)
check("another key number is refused", state() == "Active")
a.stop()
send(packet(COUP, "listen", 200, key="chained", keyid=7))
check("the chain's key is believed", until("Speak", 1), state())
sys.exit(failed)
