#!/usr/bin/python3
"""Every form of every `show` command (and dir) that grammar/*.gram declares gives values to `| json`: an optional part is
left out and taken, each alternative once, arguments from a table by name or type. shows.py TAPIR ROUTER GRAMMAR_DIR"""
import glob, json, re, subprocess, sys

VALUES = {"ip": "10.1.11.2", "ifname": "Ethernet1/1", "mask": "255.255.0.0", "line": "interface", "word": "x1"}
NAMED = {"file": "nvram:startup-config", "url": "/all", "of": "flash:", "mode": "exec", "ms": "0", "first": "nvram:startup-config", "second": "system:running-config",
         "object": "1", "console": "0", "vty": "0", "number": "0", "group": "1", "interface": "Ethernet1/1"}
LINES = {  # what is text by nature, and why
    "show running-config": "a configuration is its lines",
    "show startup-config": "a configuration is its lines",
    "show configuration": "a configuration is its lines",
    "show archive config differences": "the lines to be typed",
    "show archive config incremental-diffs": "the lines to be typed",
    "show tech-support": "other commands' output for people to send",
}
SKIP = {"show running-config section interface": "its argument is the rest of the line, the pipe included"}


def tokens(text):
    return re.findall(r"<[^>]*>|[][{}|]|[^][{}|\s]+", text)


def sequence(toks, stop):
    """Forms of a sequence up to one of `stop`: all of its parts' first forms, and each part's others once."""
    forms = [""]
    while toks and toks[0] not in stop:
        t = toks.pop(0)
        if t == "[":
            new = [""] + alternatives(toks, "]")
        elif t == "{":
            new = alternatives(toks, "}")
        elif t[0] == "<":
            name, _, kind = t[1:-1].partition(":")
            kind = kind.split()[0]
            new = [NAMED.get(name) or VALUES.get(kind) or re.sub(r"^.*\b(\d+)\.\.\d+.*$", r"\1", t)]
        else:
            new = [re.split("[~=]", t)[0]]
        forms = [(f + " " + new[0]).strip() for f in forms] + [(forms[0] + " " + n).strip() for n in new[1:]]
    return forms


def alternatives(toks, end):
    forms = []
    while True:
        forms += sequence(toks, ("|", end))
        if toks.pop(0) == end:
            return forms


def all_forms(folder):
    forms = []
    for path in sorted(glob.glob(folder + "/*.gram")):
        text = open(path).read().replace("\\\n", " ")
        for syntax in re.findall(r"^\s+syntax\s+(show\s.*|dir\b.*)$", text, re.M):
            forms += sequence(tokens(syntax), ())
    return [f for f in dict.fromkeys(forms) if f not in SKIP]


def wrong(form, answer):
    """What is wrong with the answer; None: nothing."""
    try:
        d = json.loads(answer)
    except ValueError:
        return "no JSON: " + answer[:80]
    data = d.get("data")
    if form.split()[0] not in d.get("command", ""):
        return "of another command: " + d.get("command", "")
    if any(form.startswith(f) for f in LINES):
        return None if data.get("lines") else "no lines"
    if data == {} or data is None:
        return "nothing"
    if isinstance(data, dict) and list(data) == ["lines"] and all(isinstance(x, str) for x in data["lines"]):
        return "lines"
    for key in re.findall(r'"([^"\\]*)":', answer[answer.index('"data"'):]):
        if not re.fullmatch(r"[a-z0-9_]+", key):
            return "key " + key
    return None


def main():
    tapir, router, folder = sys.argv[1:4]
    forms = all_forms(folder)
    bad = 0
    for form in forms:
        p = subprocess.run([tapir, "exec", router, form + " | json"], capture_output=True, text=True)
        text = subprocess.run([tapir, "exec", router, form], capture_output=True, text=True)
        why = wrong(form, p.stdout) if p.returncode == 0 else "rejected: " + p.stdout[:80]
        if not why and text.stdout.startswith("{"):
            why = "JSON without being asked"
        if why:
            bad += 1
            print("%s | json: %s" % (form, why))
    print("%d forms" % len(forms))
    return bad or len(forms) < 150


sys.exit(bool(main()))
