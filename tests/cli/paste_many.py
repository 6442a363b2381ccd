"""Pastes N configuration lines into every door at once, as fast as each takes them: paste_many.py N DOOR...
DOOR: console:TAPIR:ROUTER telnet:HOST:PORT ssh:HOST:PORT:USER. The k-th door types routes to (10+k).x.y.0/24. Ends when
every door is back at its prompt; prints the seconds."""
import os, select, sys, time
sys.argv, argv = ["replay.py", "none"], sys.argv
import importlib.util

spec = importlib.util.spec_from_file_location("replay", os.path.join(os.path.dirname(os.path.abspath(__file__)), "replay.py"))
replay = importlib.util.module_from_spec(spec)
spec.loader.exec_module(replay)

n = int(argv[1])
doors = []
for k, word in enumerate(argv[2:]):
    door = replay.open_door(*word.split(":"))
    lines = ["enable", "pw", "terminal length 0", "configure terminal"]
    lines += ["ip route %d.%d.%d.0 255.255.255.0 Null0" % (10 + k, i // 250, i % 250) for i in range(n)]
    lines += ["end", "show privilege | include level", "exit"]
    seen = b""
    while b">" not in seen: # a terminal that is not raw yet would keep what is typed
        seen += door.read()
    doors.append({"door": door, "data": ("\r".join(lines) + "\r").encode(), "seen": b"", "end": False})
start = time.time()
while not all(d["end"] for d in doors) and time.time() - start < 120:
    live = [d for d in doors if not d["end"]]
    r, w, _ = select.select([d["door"].fd for d in live], [d["door"].fd for d in live if d["data"]], [], 1)
    for d in live:
        if d["door"].fd in r:
            got = d["door"].read()
            d["end"] = not got
            d["seen"] += got
        if d["door"].fd in w and not d["end"]:
            d["data"] = d["data"][d["door"].write(d["data"][:4096]):]
bad = [d for d in doors if not d["end"] or d["data"]]
print("%d doors, %.1f s, echoed %s" % (len(doors), time.time() - start, " ".join(str(d["seen"].count(b"(config)#ip route")) for d in doors)))
for d in bad:
    print("a door did not come back: %r" % d["seen"][-200:])
sys.exit(bool(bad))
