"""A client of the vty lines: raw bytes, what has been seen so far, waiting for a text."""
import socket, time


class Client:
    def __init__(self, port, host="127.0.0.1"):
        self.s = socket.create_connection((host, port))
        self.seen = b""

    def until(self, what, wait=8):
        end, start = time.time() + wait, len(self.seen)
        while what not in self.seen[start:] and time.time() < end:
            self.s.settimeout(max(0.01, end - time.time()))
            try:
                data = self.s.recv(65536)
            except OSError:
                break
            if not data:
                break
            self.seen += data
        return self.seen[start:]

    def say(self, text, what):
        self.s.sendall(text)
        return self.until(what)

    def closed(self, wait=5):
        self.s.settimeout(wait)
        try:
            while True:
                data = self.s.recv(65536)
                if not data:
                    return True
                self.seen += data
        except socket.timeout:
            return False
        except OSError:
            return True
