"""Types at `tapir console` through a pty and looks at the screen: TAB, `?`, history, Ctrl-Z, Ctrl-C, --More--, log lines.
keys.py TAPIR ROUTER; prints ok / not ok lines."""
import os, pty, re, select, sys, time

tapir, name = sys.argv[1:3]
bad = 0


class Screen:
    def __init__(self):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "vt100"
            os.execv(tapir, [tapir, "console", name])
        self.pid = pid
        self.text = ""

    def read(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            if select.select([self.fd], [], [], 0.02)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    return
                if not data:
                    return
                text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07", "", data.decode("utf-8", "replace"))
                self.text += text

    def until(self, want, seconds=5):
        end = time.time() + seconds
        while time.time() < end:
            if re.search(want, self.text):
                return True
            self.read(0.05)
        return False

    def type(self, keys, want, what):
        global bad
        self.text = ""
        os.write(self.fd, keys.encode())
        if self.until(want):
            print("ok keys: " + what)
        else:
            bad = 1
            print("screen: %r" % self.text[-300:])
            print("not ok keys: " + what)


s = Screen()
s.until("Router>$", 3) or os.write(s.fd, b"\r") and s.until("Router>$")
s.type("ena\t", r"enable $", "TAB completes a word and adds a blank")
s.type("\r", r"Router#$", "RETURN runs it")
s.type("conf\t", r"configure $", "TAB again")
s.type("t\t", r"terminal $", "TAB on the second word")
s.type("\r", r"Router\(config\)#$", "into configuration")
s.type("int\t", r"interface $", "TAB in configuration")
s.type("gi\t", r"GigabitEthernet ?$", "TAB completes interface types")
s.type("0/0\r", r"Router\(config-if\)#$", "the interface exists")
s.type("standby 2 ti?", r"timers\s+(\r?\n)+Router\(config-if\)#standby 2 ti$", "? acts at once and gives the line back")
s.type("\x15", r"", "Ctrl-U takes the line away")
s.type("duplex ?", r"auto +\S.*\r?\n(.*\r?\n)+Router\(config-if\)#duplex $", "? behind a blank lists the next words")
s.type("\x03", r"Router#$", "Ctrl-C drops the line and leaves configuration")
s.type("conf t\r", r"Router\(config\)#$", "back in configuration")
s.type("\x1a", r"Router#$", "Ctrl-Z leaves configuration")
s.type("show clock\r", r"UTC[^#]*Router#$", "show clock")
s.type("\x1b[A", r"show clock$", "up recalls the line")
s.type("\r", r"UTC[^#]*Router#$", "and RETURN runs it again")
s.type("terminal length 10\r", r"Router#$", "terminal length")
s.type("show running-config\r", r"--More--", "a long output stops at --More--")
s.type(" ", r"--More--", "a blank shows the next page")
s.type("\r", r"--More--", "RETURN shows a line")
s.type("q", r"Router#$", "q ends it")
s.type("ping 10.9.9.9 timeout 10\r", r"Sending 5", "a ping runs")
s.type("\x03", r"Router#$", "Ctrl-C stops it")
s.type("show run", r"run$", "half a line is typed")
os.system("printf 'interface GigabitEthernet0/7\\n' | %s paste %s - >/dev/null" % (tapir, name))
s.type("", r"GigabitEthernet0/7, changed state to up(.|\r|\n)*Router#show run$", "a log line comes in between and the line is given back")
s.type("\x15exit\r", r"", "exit leaves")
end = time.time() + 5
while time.time() < end:
    s.read(0.1)
    pid, status = os.waitpid(s.pid, os.WNOHANG)
    if pid:
        print("ok keys: the console ends with status 0" if status == 0 else "not ok keys: status %d" % status)
        bad |= status != 0
        break
else:
    print("not ok keys: exit does not end the console")
    os.kill(s.pid, 9)
    bad = 1
sys.exit(bad)
