"""Connects to a router's control socket and hangs up: in the middle of a frame, of a paste, of a command's output, with
garbage, half closed. hangup.py SOCKET SECONDS; status 1 when the router no longer accepts."""
import os, random, socket, struct, sys, time

path, seconds = sys.argv[1], float(sys.argv[2])
random.seed(5)
OPEN, LINE, HELP, COMPLETE, ANSWER, ABORT, END, PASTE, REQUEST = range(1, 10)


def frame(kind, data=b""):
    return struct.pack(">BI", kind, len(data)) + data


config = b"".join(b"interface GigabitEthernet0/%d\n ip address 10.%d.1.1 255.255.255.0\n! tail\nwrapped\n" % (i % 8, i) for i in range(120))
lines = [b"show running-config", b"configure terminal", b"interface GigabitEthernet0/2", b"end", b"exit", b"terminal monitor",
         b"ping 10.1.1.77 repeat 100 timeout 1", b"show ?", b"x" * 65536, b"\xff\0\x1b?", b"copy running-config startup-config"]
end = time.time() + seconds
while time.time() < end:
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    try:
        s.connect(path)
    except OSError as e:
        sys.exit("connect: %s" % e)
    data = frame(OPEN, bytes([random.choice([1, 1, 2, 3])])) if random.random() < 0.9 else b""
    for _ in range(random.randint(0, 7)):
        pick = random.random()
        if pick < 0.5:
            data += frame(LINE, random.choice(lines))
        elif pick < 0.7:
            data += frame(PASTE, random.choice([b"\0", b"\1"]) + config)
        elif pick < 0.8:
            data += frame(random.choice([HELP, COMPLETE]), random.choice(lines)[: random.randint(0, 12)])
        elif pick < 0.9:
            data += frame(random.choice([ABORT, END, ANSWER]), random.choice([b"", b"\0", b"\1y"]))
        elif pick < 0.95:
            data += frame(REQUEST, random.choice([b"status", b"fault", b"keys", b""]))
        else:
            data += random.choice([os.urandom(50), frame(random.randint(0, 255), b"?"), b"\5\xff\xff\xff\xff"])
    if random.random() < 0.4:
        data = data[: random.randint(0, len(data))]
    try:
        s.sendall(data)
        if random.random() < 0.3:
            s.shutdown(socket.SHUT_WR)
        if random.random() < 0.6:
            s.settimeout(random.random() * 0.02 + 0.0001)
            s.recv(random.choice([1, 100, 65536]))
    except OSError:
        pass
    s.close()
