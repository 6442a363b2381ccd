"""A line of 64 KB and one of 300 KB through every door: the first is run whole, the second refused whole, and the line
behind each is run. long_line.py DOOR... (see paste_many.py)"""
import importlib.util, os, sys

doors, sys.argv = sys.argv[1:], ["replay.py"]
spec = importlib.util.spec_from_file_location("replay", os.path.join(os.path.dirname(os.path.abspath(__file__)), "replay.py"))
replay = importlib.util.module_from_spec(spec)
spec.loader.exec_module(replay)
for word in doors:
    kind = word.split(":")[0]
    p = replay.Player(replay.open_door(*word.split(":")), False)
    p.until(">")
    p.send(b"enable\rpw\rterminal length 0\r" + b"A" * 65536 + b"\rshow privilege\r")
    p.until("privilege level is 15", 30)
    whole = 'Translating "' + "A" * 65536 + '"' in p.raw
    p.send(b"show " + b"B" * 300000 + b"\rshow privilege\r")
    p.until("privilege level is 15", 30)
    refused = "% Input line is too long: it was not run" in p.raw
    p.send(b"exit\r")
    print("%s %s: 64 KB are run whole, 300 KB refused whole" % ("ok" if whole and refused else "not ok", kind))
