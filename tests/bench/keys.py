#!/usr/bin/env python3
# Types 100 keys at `tapir console NAME` on a terminal of its own, by turns a letter and a `?`, and prints how long the
# slowest but one (p99) and the slowest answer took, in ms (`keys P99 WORST P50`). Called by tests/bench/keys.sh: keys.py TAPIR NAME.
import os
import pty
import select
import sys
import time

pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "vt100"
    os.execv(sys.argv[1], [sys.argv[1], "console", sys.argv[2]])

seen = b""


def wait_for(what, seconds=10):
    """Reads until `what` has come; what came is gone then."""
    global seen
    end = time.monotonic() + seconds
    while what not in seen:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            sys.exit("no answer: %r" % seen[-200:])
        seen += os.read(fd, 65536)
    seen = b""


def key(text, answer):
    start = time.monotonic()
    os.write(fd, text)
    wait_for(answer)
    return (time.monotonic() - start) * 1000


wait_for(b">")
key(b"enable\r", b"#")
key(b"show cl", b"show cl")
took = []
for _ in range(50):
    took.append(key(b"?", b"clock"))
    time.sleep(0.01)
    while select.select([fd], [], [], 0)[0]:  # the line again, behind the help
        os.read(fd, 65536)
    took.append(key(b"o", b"o"))
    os.write(fd, b"\x08")
    time.sleep(0.01)
    while select.select([fd], [], [], 0)[0]:
        os.read(fd, 65536)
took.sort()
print("keys %.2f %.2f %.2f" % (took[-2], took[-1], took[len(took) // 2]))
os.kill(pid, 9)
