"""Sessions on the vty lines through real sockets, beside each other: logins, refusals, half-open clients, floods.
lines.py TELNET_PORT SSH_PORT PID. Prints one line per check."""
import os, subprocess, sys, time
import vty

TELNET, SSH, PID = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
rc = 0


def Client(port=TELNET):
    return vty.Client(port)


def check(name, good, got=""):
    global rc
    print(("ok " if good else "not ok ") + name + ("" if good else ": %r" % (got,)))
    rc |= not good


def login(user, password, prompt=b"#"):
    c = Client()
    c.until(b"Username: ")
    c.say(user + b"\r\n", b"Password: ")
    c.say(password + b"\r\n", prompt)
    return c


c = Client()
text = c.until(b"Username: ")
want = b"\r\nWelcome\r\n\r\n\r\nUser Access Verification\r\n\r\nUsername: "
check("banner and heading", text.endswith(want), text)
text = c.say(b"admin\r\n", b"Password: ")
check("the user name is echoed", text.startswith(b"admin"), text)
start = time.time()
text = c.say(b"wrong\r\n", b"Username: ")
check("a wrong password is not echoed", text == b"\r\n% Login invalid\r\n\r\nUsername: ", text)
check("and costs time", time.time() - start > 0.9, time.time() - start)
c.say(b"admin\r\n", b"Password: ")
text = c.say(b"adminpw\r\n", b"#")
check("a right one opens at privilege 15", text == b"\r\nR1#", text)
text = c.say(b"show users\r\n", b"Peer Address")
check("show users names him", b"*  2 vty 0     admin      idle                 00:00:00   127.0.0.1" in text, text)
c.until(b"#")
c.s.sendall(bytes([255, 250, 31, 0, 100, 0, 50, 255, 240]) + b"show terminal\r\n")
text = c.until(b"columns")
check("the window is the terminal", b"Length: 50 lines, Width: 100 columns" in text, text)
c.until(b"#")
c.say(b"terminal length 0\r\n", b"#")
c.s.sendall(bytes([255, 250, 31, 0, 90, 0, 40, 255, 240]) + b"show terminal\r\n")
text = c.until(b"columns")
check("but for what was set by hand", b"Length: 0 lines, Width: 90 columns" in text, text)
c.until(b"#")
c.say(b"terminal default length\r\n", b"#")
text = c.say(b"show terminal\r\n", b"columns")
check("until that is taken back", b"Length: 40 lines, Width: 90 columns" in text, text)
c.until(b"#")
c.s.sendall(b"exit\r\n")
check("exit ends it", c.closed())

c = login(b"joe", b"joepw", b">")
check("a user without privilege", c.seen.endswith(b"R1>"), c.seen[-50:])
text = c.say(b"configure terminal\r\n", b"R1>")
text += c.until(b"R1>", 0.5)
check("may not configure", b"% Invalid input" in text, text)
c.say(b"enable\r\n", b"Password: ")
start = time.time()
text = c.say(b"no\r\n", b"Password: ")
check("a wrong enable secret asks again, later", text.endswith(b"Password: ") and time.time() - start > 0.9, text)
c.say(b"no\r\n", b"Password: ")
text = c.say(b"no\r\n", b">")
check("three are bad secrets", b"% Bad secrets" in text, text)
c.say(b"enable\r\n", b"Password: ")
text = c.say(b"sesame\r\n", b"#")
check("the right one", text.endswith(b"R1#"), text)
c.s.close()

# a name without end before anybody has logged in, a subnegotiation without end
c = Client()
c.until(b"Username: ")
start = time.time()
c.s.sendall(b"\xff\xfa" + b"\x18" * 500000 + b"\xff\xf0" + b"n" * 300000 + b"\xff\xff" * 100000 + b"\r\n")
text = c.until(b"Login invalid")
check("a user name of 400 KB is one wrong name", b"% Login invalid" in text and len(text) < 2000, len(text))
check("soon", time.time() - start < 6, time.time() - start)
c.s.close()

# a locked terminal: nothing but its password opens it, neither Ctrl-C nor RETURN
c = login(b"admin", b"adminpw")
text = c.say(b"lock\r\n", b"R1#")
check("not every line can be locked", b"% This line is not lockable" in text, text)
c.s.sendall(b"configure terminal\r\nline vty 0 4\r\nlockable\r\nend\r\n")
c.until(b"R1#")
text = c.say(b"lock\r\n", b"Password: ") + c.say(b"abc\r\n", b"Again: ") + c.say(b"abc\r\n", b"Password: ")
check("lock", text.endswith(b"Again: \r\n\r\n                     Locked\r\n\r\nPassword: "), text)
text = c.say(b"\x03", b"Password: ") + c.say(b"\x1a", b"Password: ") + c.say(b"\r\n", b"Password: ") + c.say(b"no\r\n", b"Password: ")
check("it stays locked", text == b"\r\nPassword: " * 4, text)
text = c.say(b"abc\r\n", b"R1#")
check("and opens", text == b"\r\nR1#", text)
text = c.say(b"show history\r\n", b"R1#")
check("no password in the history", b"abc" not in text, text)
c.say(b"lock\r\n", b"Password: ")
c.say(b"abc\r\n", b"Again: ")
c.say(b"abc\r\n", b"Password: ")
c.s.close()  # a locked session may go

c, d = login(b"admin", b"adminpw"), login(b"admin", b"adminpw")
c.say(b"send vty 1\r\n", b"CTRL/C:")
time.sleep(0.3)
text = c.say(b"hello\x1b[2J\r\nthere\x1a", b"[confirm]")
check("send asks", text.endswith(b"hello[2J\r\nthere^Z\r\nSend message? [confirm]"), text)
c.say(b"\r", b"R1#")
text = d.until(b"R1#")
check("the other terminal gets it", b"\r\n***\r\n***\r\n*** Message from tty2 to this terminal:\r\n***\r\nhello[2J\r\nthere\r\n" in text, text)
for line in (b"configure terminal", b"aaa new-model", b"aaa authentication login default local", b"aaa authorization exec default local",
             b"aaa authentication attempts login 2", b"aaa authentication username-prompt \"Who: \"",
             b"aaa authentication password-prompt \"Prove it: \"", b"aaa authentication fail-message %Not you%", b"line vty 0 4",
             b"no motd-banner", b"timeout login response 2"):
    c.say(line + b"\r\n", b"#")
e = Client()
text = e.until(b"Who: ") + e.say(b"admin\r\n", b"it: ") + e.say(b"no\r\n", b"Who: ") + e.say(b"admin\r\n", b"it: ")
check("AAA's own words", text.endswith(b"\r\n\r\nUser Access Verification\r\n\r\nWho: admin\r\nProve it: \r\n\r\nNot you\r\nWho: admin\r\nProve it: ")
      and b"Welcome" not in text, text)
e.s.sendall(b"no\r\n")
check("two attempts", e.closed())
e = Client()
e.until(b"Who: ")
start = time.time()
check("timeout login response", e.closed() and e.seen.endswith(b"\r\n% Username:  timeout expired!\r\n") and time.time() - start < 4, e.seen)
for line in (b"motd-banner", b"no timeout login response", b"exit", b"no aaa authentication username-prompt",
             b"no aaa authentication password-prompt", b"no aaa authentication fail-message", b"no aaa authentication attempts login",
             b"no aaa authorization exec default", b"no aaa authentication login default", b"no aaa new-model", b"line vty 0 4",
             b"login local", b"end"):
    c.say(line + b"\r\n", b"#")
c.s.close()
d.s.close()

# every option four times over, thousands of times: answered once each
c = Client()
c.until(b"Username: ")
flood = b"".join(bytes([255, verb, option]) for verb in (251, 252, 253, 254) for option in range(256))
for _ in range(300):
    c.s.sendall(flood)
text = c.say(b"admin\r\n", b"Password: ")
answers = text.count(b"\xff")
check("an option flood is answered within bounds", 0 < answers <= 512, answers)
text = c.say(b"adminpw\r\n", b"#")
check("and the session lives", text.endswith(b"R1#"), text[-100:])
c.s.close()


def figures():
    kb = [int(l.split()[1]) for l in open("/proc/%d/status" % PID) if l.startswith("VmRSS")][0]
    return kb, len(os.listdir("/proc/%d/fd" % PID)), len(os.listdir("/proc/%d/task" % PID))


def settled(fds):
    for _ in range(50):
        if figures()[1:] == (fds, 1):
            break
        time.sleep(0.2)
    return figures()


time.sleep(2.5)
fds = figures()[1]
first = None
for turn in range(4):
    held = [Client(port) for port in (TELNET, SSH) for _ in range(50)]
    time.sleep(0.3)
    threads = figures()[2]
    for h in held:
        h.s.close()
    kb, after, tasks = settled(fds)
    first = first or kb
check("50 half-open clients at each port: no more threads than lines allow", threads < 80, threads)
check("nothing of them is left", (after, tasks) == (fds, 1), (after, fds, tasks))
# a sanitizer keeps what is freed for a while
check("memory is flat", kb - first < (40000 if "ASAN_OPTIONS" in os.environ else 1500), (first, kb))

c = [login(b"admin", b"adminpw") for _ in range(5)]
check("five sessions at once", all(x.seen.endswith(b"R1#") for x in c))
d = Client()
check("the sixth is refused", d.closed(2) and b"Username" not in d.seen, d.seen)
c[0].s.sendall(b"clear line vty 4\r\n")
c[0].until(b"[confirm]")
text = c[0].say(b"\r", b"#")
check("clear line", b"[OK]" in text, text)
check("ends the other session", c[4].closed())
for x in c:
    x.s.close()

askpass = os.path.join(os.environ["TAPIR_RUN"], "askpass")
with open(askpass, "w") as f:
    f.write("#!/bin/sh\necho $PW\n")
os.chmod(askpass, 0o700)


def ssh(user, password, *command, typed=b""):
    try:
        return subprocess.run(
            ["ssh", "-p", str(SSH), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
             "-o", "PubkeyAuthentication=no", "-o", "LogLevel=ERROR", user + "@127.0.0.1", *command],
            env=dict(os.environ, SSH_ASKPASS=askpass, SSH_ASKPASS_REQUIRE="force", DISPLAY=":0", PW=password),
            input=typed, capture_output=True, timeout=20)
    except FileNotFoundError:
        return None


r = ssh("admin", "adminpw", "show privilege")
if r is None:
    print("skip ssh: no openssh-client")
else:
    check("ssh runs a command", r.returncode == 0 and r.stdout == b"Current privilege level is 15\r\n", (r.stdout, r.stderr))
    r = ssh("admin", "adminpw", "show nonsense")
    check("and says that it was rejected", r.returncode == 1 and b"% Invalid input" in r.stdout, r.stdout)
    r = ssh("admin", "adminpw", "-o", "PreferredAuthentications=keyboard-interactive", "show privilege")
    check("ssh asks by keyboard-interactive too", r.returncode == 0 and b"level is 15" in r.stdout, (r.stdout, r.stderr))
    # what was typed before the end of input is run, and all of its output arrives, session after session
    for last in (b"exit\n", b""):
        typed = b"terminal length 0\n" + 10 * b"show running-config\n" + b"show privilege\n" + last
        got = [ssh("admin", "adminpw", "-T", typed=typed) for _ in range(4)]
        check("a shell fed from a pipe runs it all" + (", exit too" if last else ""),
              all(r.returncode == 0 and r.stdout.count(b"\r\nend\r\n") == 10 and b"Current privilege level is 15" in r.stdout for r in got),
              [(r.returncode, len(r.stdout), r.stderr) for r in got])
    start = time.time()
    r = ssh("admin", "wrong", "show privilege")
    check("a wrong password is refused", r.returncode == 255 and not r.stdout, (r.returncode, r.stdout))
    check("three times, a second each", 2.5 < time.time() - start < 15, time.time() - start)


def with_key(kind, user):
    return subprocess.run(
        ["ssh", "-p", str(SSH), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
         "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR", "-i", os.path.join(keys, kind), user + "@127.0.0.1",
         "show privilege"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)


if r is not None:
    keys = os.environ["TAPIR_RUN"]
    lines = ["enable", "sesame", "configure terminal", "ip ssh pubkey-chain"]
    for kind, user in (("rsa", "admin"), ("ed25519", "joe"), ("ecdsa", "admin")):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", os.path.join(keys, kind)], check=True)
        text = open(os.path.join(keys, kind + ".pub")).read().strip()
        lines += ["username " + user, "key-string", *[text[i:i + 70] for i in range(0, len(text), 70)], "exit"]
    c = login(b"joe", b"joepw", b">")
    c.s.sendall(("\r\n".join(lines) + "\r\nend\r\nshow running-config | section pubkey\r\n").encode())
    text = c.until(b"R1#show running", 8) + c.until(b"R1#", 4)
    check("keys are stored as hashes", text.count(b"  key-hash ") == 3 and b"AAAA" not in text[text.rindex(b"R1#show"):], text)
    level = {"admin": b"Current privilege level is 15\r\n", "joe": b"Current privilege level is 1\r\n"}
    for kind, owner in (("rsa", "admin"), ("ed25519", "joe"), ("ecdsa", "admin")):
        for user in ("admin", "joe"):
            r = with_key(kind, user)
            check("the %s key of %s, as %s" % (kind, owner, user),
                  (r.returncode, r.stdout) == ((0, level[user]) if user == owner else (255, b"")), (r.stdout, r.stderr))
    c.say(b"configure terminal\r\n", b"(config)#")
    c.say(b"ip ssh server algorithm authentication keyboard\r\n", b"(config)#")
    check("no key where keys do not count", with_key("rsa", "admin").returncode == 255)
    c.say(b"no ip ssh server algorithm authentication\r\n", b"(config)#")
    c.say(b"no ip ssh pubkey-chain\r\n", b"(config)#")
    check("no key where none is kept", with_key("rsa", "admin").returncode == 255)
    c.s.close()

# two people in overlapping ranges of lines: what one cuts, the other still has whole
a, b = login(b"admin", b"adminpw"), login(b"admin", b"adminpw")
for who, text in ((a, b"configure terminal"), (a, b"line vty 0 15"), (b, b"configure terminal"), (b, b"line vty 2 8"),
                  (b, b"exec-timeout 7"), (a, b"history size 30")):
    who.say(text + b"\r\n", b")#")
text = a.say(b"do show running-config | section ^line vty\r\n", b"(config-line)#")
check("a range cut meanwhile is still whole", text.count(b"history size 30") == 4 and text.count(b"exec-timeout 7") == 2, text)

# a word alone is a host or not, by the line it is typed on
for who, text in ((a, b"end"), (b, b"end"), (a, b"configure terminal"), (a, b"line vty 1 15"), (a, b"transport preferred none"),
                  (a, b"end")):
    who.say(text + b"\r\n", b"#")
text = a.say(b"nobody\r\n", b"R1#")
check("vty 0 prefers telnet", b"Translating" in text, text)
text = b.say(b"nobody\r\n", b"R1#")
check("vty 1 does not", b"Translating" not in text and b"% Invalid input" in text, text)
b.s.close()

# a command that asked questions first is no idle line
for text in (b"end", b"configure terminal", b"line vty 0 15", b"exec-timeout 0 2"):
    a.say(text + b"\r\n", b"#")
a.say(b"end\r\n", b"R1#")
for text in (b"ping", b"", b"192.0.2.1", b"2", b"", b"2", b""):
    a.say(text + b"\r\n", b": ")
text = a.say(b"\r\n", b"R1#")
check("exec-timeout waits for a command that asked first", b"Success rate is 0 percent (0/2)" in text, text)
a.s.close()
sys.exit(rc)
