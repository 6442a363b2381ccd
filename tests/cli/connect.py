"""From a host into R1 by telnet, and from R1's prompt on to R2 and to servers of the host: what telnet, ssh, resume,
where, disconnect and exit say and do. connect.py R1 R2 OWN FAR-AND-SILENT. Prints one line per check."""
import os, re, socket, sys, threading, time
import vty

R1, R2, OWN, SILENT = sys.argv[1:5]
rc = 0


def check(name, good, got=""):
    global rc
    print(("ok " if good else "not ok ") + name + ("" if good else ": %r" % (got,)))
    rc |= not good


def plain(text):
    return re.sub(rb"\xff[\xfb-\xfe].", b"", text).replace(b"\r\n", b"\n")


def login(host=R1):
    c = vty.Client(23, host)
    c.until(b"Username: ")
    c.say(b"admin\r\n", b"Password: ")
    c.say(b"adminpw\r\n", b"#")
    return c


def says(c, name, typed, want, until=b"R1#"):
    got = plain(c.say(typed, until))
    check(name, got == want, got)


ESC = b"\x1ex"
c = login()
says(c, "telnet opens", b"telnet %s\r" % R2.encode(), b"telnet %s\nTrying %s ... Open\n\nWelcome to R2\n\n\nUser Access Verification\n\nUsername: "
     % (R2.encode(), R2.encode()), b"Username: ")
c.say(b"admin\r", b"Password: ")
got = c.say(b"adminpw\r", b"R2#")
check("the password is not echoed", b"adminpw" not in got, got)
says(c, "the far router knows from where", b"show users | include admin\r",
     b"show users | include admin\n*  2 vty 0     admin      idle                 00:00:00   %s\nR2#" % R1.encode(), b"R2#")
says(c, "the escape character and x suspend it", ESC, b"\nR1#")
says(c, "where lists it", b"where\r",
     b"where\nConn Host                Address             Byte  Idle Conn Name\n*  1 %-19s %-19s    0     0 %s\nR1#"
     % (R2.encode(), R2.encode(), R2.encode()))
got = c.say(b"show users\r", b"R1#")
check("show users has the host", re.search(rb"\*  2 vty 0     admin      %s +00:00:00" % R2.encode(), got), got)
says(c, "RETURN resumes", b"\r", b"\n[Resuming connection 1 to %s ... ]\n" % R2.encode(), b"]\r\n")
says(c, "and it goes on", b"\r", b"\nR2#", b"R2#")
says(c, "two escape characters are one", b"\x1e\x1e\r", b"\nR2#", b"R2#")
got = c.say(b"\x1e?", b"suspends the session")
check("help behind the escape character", b"B  sends a break" in got, got)
c.s.sendall(b"\x1e")
time.sleep(0.3)
c.s.sendall(b"o")
time.sleep(0.3)
says(c, "a key behind it, typed by hand, and it goes on", b"\r", b"\nR2#", b"R2#")
c.say(ESC, b"R1#")
says(c, "a second one, by a name alone", b"r2\r", b"r2\nTrying r2 (%s)... Open\n\nWelcome to R2\n\n\nUser Access Verification\n\nUsername: "
     % R2.encode(), b"Username: ")
c.say(ESC, b"R1#")
got = c.say(b"show sessions\r", b"R1#")
check("the newest is marked", b"\n   1 " in got and b"\n*  2 r2" in got, got)
says(c, "resume N", b"resume 1\r", b"resume 1\n[Resuming connection 1 to %s ... ]\n" % R2.encode(), b"]\r\n")
c.say(b"\r", b"R2#")
says(c, "the far side closes", b"exit\r", b"exit\n\n[Connection to %s closed by foreign host]\nR1#" % R2.encode())
says(c, "exit asks", b"exit\r", b"exit\n(You have open connections) [confirm]", b"[confirm]")
says(c, "and stays", b"n", b"n\nR1#")
says(c, "disconnect asks", b"disconnect 2\r", b"disconnect 2\nClosing connection to r2 [confirm]", b"[confirm]")
c.say(b"\r", b"R1#")
says(c, "nothing is left", b"where\r", b"where\n% No connections open\nR1#")
says(c, "nor to resume", b"resume\r", b"resume\n% No connections open\nR1#")
says(c, "RETURN is RETURN again", b"\r", b"\nR1#")

who = R2.encode()
says(c, "refused", b"telnet %s 81\r" % who, b"telnet %s 81\nTrying %s, 81 ... \n%% Connection refused by remote host\n\nR1#" % (who, who))
says(c, "no route", b"telnet 192.0.2.1\r",
     b"telnet 192.0.2.1\nTrying 192.0.2.1 ... \n% Destination unreachable; gateway or host down\n\nR1#")
says(c, "the namespace's loopback is nobody's", b"telnet 127.0.0.1\r",
     b"telnet 127.0.0.1\nTrying 127.0.0.1 ... \n% Destination unreachable; gateway or host down\n\nR1#")
says(c, "an unknown name", b"telnet nobody\r", b"telnet nobody\nTranslating \"nobody\"\n\n% Unknown command or computer name, "
     b"or unable to find computer address\n\nR1#")
c.say(b"telnet %s\r" % SILENT.encode(), b"... ")
time.sleep(0.6)
start = time.time()
says(c, "the escape character gives up an attempt", b"\x1e", b"\nR1#")
check("at once", time.time() - start < 1)
c.say(b"configure terminal\rip tcp synwait-time 5\rend\r", b"R1#")
start = time.time()
says(c, "nobody answers", b"telnet %s\r" % SILENT.encode(), b"telnet %s\nTrying %s ... \n%% Connection timed out; remote host not "
     b"responding\n\nR1#" % (SILENT.encode(), SILENT.encode()))
check("at the latest after synwait-time", time.time() - start < 8, time.time() - start)


def served(act):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((OWN, 8080))
    s.listen(1)
    done = []

    def run():
        k, peer = s.accept()
        k.settimeout(20)
        done.append(peer[0])
        act(k)
        k.close()
        s.close()

    t = threading.Thread(target=run, daemon=True)
    t.start()
    return done, t


# a server that is no telnet server: lines of text, echoed here
asked = []


def lines(k):
    got = b""
    while not got.endswith(b"\n"):
        got += k.recv(1000)
    asked.append(got)
    k.sendall(b"200 OK\r\n")


done, t = served(lines)
own = OWN.encode()
says(c, "another port", b"telnet %s 8080\r" % own, b"telnet %s 8080\nTrying %s, 8080 ... Open\n" % (own, own), b"Open\r\n")
c.s.sendall(b"GET /")
time.sleep(0.3)
got = c.say(b"\r", b"R1#")
t.join(5)
check("CR LF goes to a server without telnet", asked == [b"GET /\r\n"], asked)
check("its answer comes, and its end", plain(got).endswith(b"GET /\n200 OK\n\n[Connection to %s closed by foreign host]\nR1#" % own), got)
check("from the router's address", done == [R1], done)

# option storms, an endless subnegotiation, 0xFF runs
storm = b"".join(bytes([255, v, o]) for v in (251, 252, 253, 254) for o in range(256)) * 40 + b"\xff" * 5000
answers = []


def stormy(k):
    k.sendall(storm + bytes([255, 250, 24, 1, 255, 240, 255, 250]) + b"x" * 200000 + bytes([255, 240]) + b"calm\r\n")
    k.settimeout(1)
    try:
        while True:
            d = k.recv(65536)
            if not d:
                break
            answers.append(d)
    except OSError:
        pass


done, t = served(stormy)
got = c.say(b"telnet %s 8080\r" % own, b"R1#")
t.join(5)
check("a storm of options passes", b"calm" in got and b"closed by foreign host" in got, got[-200:])
check("and is answered within bounds", 0 < len(b"".join(answers)) < 5000, len(b"".join(answers)))

# 4 MB for a terminal that reads slowly; another session is served meanwhile
done, t = served(lambda k: k.sendall(b"0123456789abcdef" * 4096 * 64))
c.s.sendall(b"telnet %s 8080\r" % own)
time.sleep(1)
d = login()
start = time.time()
says(d, "a session beside one that does not read", b"show privilege\r", b"show privilege\nCurrent privilege level is 15\nR1#")
check("is answered at once", time.time() - start < 1)
got = c.until(b"closed by foreign host", 30)
c.until(b"R1#")
check("every byte arrives", got.count(b"0123456789abcdef") == 4096 * 64, got.count(b"0123456789abcdef"))

# SSH
who = R2.encode()
says(c, "ssh asks for the password", b"ssh -l admin %s\r" % who, b"ssh -l admin %s\nPassword: " % who, b"Password: ")
says(c, "a wrong one, again", b"no\r", b"\nPassword: ", b"Password: ")
got = plain(c.say(b"adminpw\r", b"R2#"))
check("the right one opens", got == b"\n\nWelcome to R2\nR2#", got)
got = c.say(b"show users\r", b"R2#")
check("the far router has it on a line", b"admin" in got and R1.encode() in got, got)
c.say(ESC, b"R1#")
c.say(b"resume\r", b"]")
says(c, "suspended and resumed, its end", b"exit\r", b"exit\n\n[Connection to %s closed by foreign host]\nR1#" % who)
got = b""
for typed, until in ((b"ssh -p 22 -l admin r2\r", b"Password: "), (b"a\r", b"Password: "), (b"b\r", b"Password: "), (b"c\r", b"R1#")):
    got = c.say(typed, until)
check("three wrong ones", b"% Authentication failed." in got, got)
c.say(b"ssh -l admin %s\r" % who, b"Password: ")
says(c, "Ctrl-C at the password", b"\x03", b"\nR1#")
says(c, "ssh refused", b"ssh -p 2222 %s\r" % who, b"ssh -p 2222 %s\n%% Connection refused by remote host\n\nR1#" % who)

# what the line allows
c.say(b"configure terminal\raccess-list 7 deny %s\raccess-list 7 permit any\rline vty 0 15\raccess-class 7 out\rend\r" % who, b"R1#")
says(c, "access-class out", b"telnet %s\r" % who,
     b"telnet %s\nTrying %s ... \n%% Connections to that host not permitted from this terminal\nR1#" % (who, who))
c.say(b"configure terminal\rline vty 0 15\rno access-class 7 out\rtransport output ssh\rsession-timeout 1\rend\r", b"R1#")
says(c, "transport output", b"telnet %s\r" % who, b"telnet %s\n%% telnet connections not permitted from this terminal\nR1#" % who)
c.say(b"ssh %s\r" % who, b"Password: ")
c.say(b"adminpw\r", b"R2#")
c.say(ESC, b"R1#")
says(c, "exit asks", b"exit\r", b"exit\n(You have open connections) [confirm]", b"[confirm]")
got = c.say(b"y", b"!")
check("and closes what is open", b"Closing: %s !" % who in got and c.closed(), got)
d.say(b"configure terminal\rline vty 0 15\rno transport output\rend\r", b"R1#")
d.say(b"telnet %s\r" % who, b"Username: ")
e = login(R2)
got = e.say(b"show users\r", b"R2#")
check("a session's connection", got.count(R1.encode()) == 1, got)
d.s.close()
time.sleep(1.5)
got = e.say(b"show users\r", b"R2#")
check("ends with it", R1.encode() not in got, got)
sys.exit(rc)
