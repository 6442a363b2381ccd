"""Plays a file of keystrokes through one door and prints the screen that a terminal of 80 columns shows in the end.
replay.py console TAPIR ROUTER FILE | replay.py telnet HOST PORT FILE | replay.py ssh HOST PORT USER FILE

A line of the file is typed and ended by RETURN; without it when it ends in `{}`. {TAB} {ESC} {UP} {DOWN} {LEFT} {RIGHT}
{HOME} {END} {DEL} {BS} {SP} are keys, {^A} is Ctrl-A; {until TEXT} waits until the screen shows TEXT behind what was
there, {wait S} waits S seconds. {MONITOR TEXT} is typed except at the console, whose log needs no `terminal monitor`.
Everything else is typed at once: a door must not lose or mix up what is typed ahead."""
import os, pty, re, select, socket, struct, sys, tempfile, time
import fcntl, termios

KEYS = {"TAB": b"\t", "ESC": b"\x1b", "UP": b"\x1b[A", "DOWN": b"\x1b[B", "RIGHT": b"\x1b[C", "LEFT": b"\x1b[D",
        "HOME": b"\x1b[1~", "END": b"\x1b[4~", "DEL": b"\x1b[3~", "BS": b"\x08", "SP": b" ", "LF": b"\n", "": b""}


class Screen:
    """Lines without end; CR, LF, BS, BEL, and a wrap at the last column."""

    def __init__(self, width=80):
        self.width, self.lines, self.col = width, [""], 0

    def feed(self, data):
        for ch in data:
            if ch == "\r":
                self.col = 0
            elif ch == "\n":
                self.lines.append("")
                self.col = 0
            elif ch == "\b":
                self.col = max(0, self.col - 1)
            elif ch == "\x07" or ch == "\0":
                pass
            else:
                if self.col == self.width:
                    self.lines.append("")
                    self.col = 0
                row = self.lines[-1].ljust(self.col)
                shown = ch if ch >= " " and ch != "\x7f" else "<%02x>" % ord(ch)
                self.lines[-1] = row[:self.col] + shown + row[self.col + 1:]
                self.col += 1

    def text(self):
        return "\n".join(l.rstrip() for l in self.lines).rstrip("\n") + "\n"


class Pty:
    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self):
        try:
            return os.read(self.fd, 65536)
        except OSError:
            return b""

    def write(self, data):
        return os.write(self.fd, data)


class Telnet:
    def __init__(self, host, port):
        self.s = socket.create_connection((host, int(port)), 5)
        self.fd = self.s.fileno()
        self.rest = b""

    def read(self):
        """Options are refused by silence: the router asks for nothing that matters."""
        try:
            data = self.s.recv(65536)
        except OSError:
            data = b""
        if not data:
            return b""
        data = self.rest + data
        if b"\xff" not in data:
            self.rest = b""
            return data
        out, i, self.rest = b"", 0, b""
        while i < len(data):
            if data[i] != 255:
                out += data[i:i + 1]
                i += 1
            elif data[i:i + 2] == b"\xff\xff":
                out += b"\xff"
                i += 2
            elif len(data) - i < 3:
                self.rest = data[i:]
                break
            else:
                i += 3
        return out or b"\0"

    def write(self, data):
        return self.s.send(data)


class Player:
    def __init__(self, door, console):
        self.console = console
        self.door, self.screen, self.raw, self.mark, self.ended = door, Screen(), "", 0, False

    def turn(self, seconds, data=b""):
        """Reads what there is and writes what the door takes; what is left of data."""
        fd = self.door.fd
        r, w, _ = select.select([fd], [fd] if data else [], [], seconds)
        if r:
            got = self.door.read()
            if not got:
                self.ended = True
            text = re.sub("\x1b\\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", got.decode("utf-8", "replace"))
            self.raw += text
            self.screen.feed(text)
        if w and not self.ended:
            data = data[self.door.write(data[:512]):]
        return data

    def send(self, data):
        end = time.time() + 20
        while data and not self.ended and time.time() < end:
            data = self.turn(0.5, data)

    def until(self, text, seconds=10):
        end = time.time() + seconds
        while text not in self.raw[self.mark:] and not self.ended and time.time() < end:
            self.turn(0.05)
        found = self.raw.find(text, self.mark)
        if found < 0:
            sys.exit("waited for %r in vain; the screen:\n%s" % (text, self.screen.text()))
        self.mark = found + len(text)

    def play(self, line):
        if line.startswith("{MONITOR "):
            if self.console:
                return
            line = line[9:-1]
        end = b"" if line.endswith("{}") else b"\r"
        data = b""
        for part in re.split(r"(\{[^{}]*\})", line):
            key = part[1:-1] if part.startswith("{") and part.endswith("}") else None
            if key is None:
                data += part.encode()
            elif key in KEYS:
                data += KEYS[key]
            elif re.fullmatch(r"\^.", key, re.S):
                data += bytes([ord(key[1]) & 31])
            elif key.startswith("until "):
                self.send(data)
                data = b""
                self.until(key[6:])
            elif key.startswith("wait "):
                self.send(data)
                data = b""
                stop = time.time() + float(key[5:])
                while time.time() < stop:
                    self.turn(0.02)
            else:
                data += part.encode()
        self.send(data + end)


def open_door(kind, *args):
    if kind == "console":
        return Pty([args[0], "console", args[1]])
    if kind == "telnet":
        return Telnet(args[0], args[1])
    # the unmodified client of OpenSSH; it asks a program for the password (pw)
    ask = tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False)
    ask.write("#!/bin/sh\necho pw\n")
    ask.close()
    os.chmod(ask.name, 0o700)
    os.environ.update(SSH_ASKPASS=ask.name, SSH_ASKPASS_REQUIRE="force")
    return Pty(["ssh", "-tt", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                "LogLevel=ERROR", "-o", "PubkeyAuthentication=no", "-e", "none", "-p", args[1], args[2] + "@" + args[0]])


def main():
    kind, args = sys.argv[1], sys.argv[2:]
    p = Player(open_door(kind, *args[:-1]), kind == "console")
    p.until("Router")
    for line in open(args[-1]).read().split("\n")[:-1]:
        p.play(line)
    end = time.time() + 15
    while not p.ended and time.time() < end:
        p.turn(0.1)
    if not p.ended:
        print("the session did not end")
    sys.stdout.write(p.screen.text())


if __name__ == "__main__":
    main()
