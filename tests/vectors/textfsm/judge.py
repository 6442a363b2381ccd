#!/usr/bin/python3
"""Judges printed output with the TextFSM templates that network engineers' tools use.

  judge.py 'show standby brief' < output       (or a template name, or a FILE argument)
  judge.py --list                              what can be judged

Prints the number of records, the fields of each, and every line that the template refuses
("uncaught": with the plain template the first of them aborts the parse). Templates without such a
refusal pass over lines they do not know; those are listed as "ignored" with --ignored and do not
count against the output. Exit 0: at least one record and nothing uncaught; 1: otherwise; 2: wrong usage. Needs Debian's python3-textfsm.
"""
import argparse, io, json, os, re, sys

try:
    import textfsm
except ImportError:
    sys.exit("textfsm_judge: python3-textfsm is missing: apt-get install python3-textfsm")

HERE = os.path.dirname(os.path.abspath(__file__))
NTC = os.path.join(HERE, "templates")
ALIAS = {"show access-lists": "show access-list", "show ip access-list": "show ip access-lists",
         "show crypto ipsec sa": "show crypto ipsec sa detail", "show crypto session": "show crypto session detail",
         "show interface": "show interfaces", "show ip int brief": "show ip interface brief",
         "show running-config | section access-list": "show running-config partition access-list"}


class Judge(textfsm.TextFSM):
    """A TextFSM that notes uncaught lines where the template would raise an error."""

    def __init__(self, template):
        super().__init__(template)
        self.uncaught, self.ignored = [], []

    def _CheckLine(self, line):
        self._line, hit = line, False
        for rule in self._cur_state:
            m = self._CheckRule(rule, line)
            if not m:
                continue
            hit = True
            for v in m.groupdict():
                self._AssignVar(m, v)
            if rule.line_op == "Error":
                self.uncaught.append(line)
                return
            if self._Operations(rule, line):
                if rule.new_state:
                    if rule.new_state not in ("End", "EOF"):
                        self._cur_state = self.states[rule.new_state]
                    self._cur_state_name = rule.new_state
                return
        if not hit and line.strip():
            self.ignored.append(line)


def template_path(cmd):
    c = " ".join(cmd.split())
    c = ALIAS.get(c, c)
    c = re.sub(r"^cisco_ios_|\.textfsm$", "", c)
    p = os.path.join(NTC, "cisco_ios_" + c.replace(" ", "_") + ".textfsm")
    return p if os.path.isfile(p) else None


def run(path, text):
    j = Judge(open(path))
    rows = j.ParseText(text.replace("\r", ""))
    head = [h.lower() for h in j.header]
    return [dict(zip(head, r)) for r in rows], j.uncaught, j.ignored


def main():
    ap = argparse.ArgumentParser(epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("command", nargs="?", help="the CLI command (or template name)")
    ap.add_argument("file", nargs="?", help="its output (default: standard input)")
    ap.add_argument("--json", action="store_true", help="print the records as JSON")
    ap.add_argument("--ignored", action="store_true", help="also list the lines the template passes over")
    ap.add_argument("--list", action="store_true")
    a = ap.parse_args()
    if a.list:
        print("\n".join(sorted(f[10:-8].replace("_", " ") for f in os.listdir(NTC) if f.endswith(".textfsm"))))
        return 0
    if not a.command:
        ap.print_usage(sys.stderr)
        return 2
    path = template_path(a.command)
    if not path:
        print("textfsm_judge: no template for '%s' (see --list)" % a.command, file=sys.stderr)
        return 2
    try:
        text = open(a.file, errors="replace").read() if a.file else sys.stdin.read()
    except OSError as e:
        print("textfsm_judge: %s" % e, file=sys.stderr)
        return 2
    try:
        rows, unc, ign = run(path, text)
    except textfsm.TextFSMError as e:
        print("FAIL %s: %s" % (a.command, e))
        return 1
    if a.json:
        json.dump(rows, sys.stdout, indent=1)
        print()
    else:
        print("%s: %d records" % (a.command, len(rows)))
        for i, r in enumerate(rows, 1):
            print("  %d: %s" % (i, ", ".join("%s=%s" % (k, v) for k, v in r.items() if v not in ("", []))))
            empty = [k for k, v in r.items() if v in ("", [])]
            if empty:
                print("     empty: " + " ".join(empty))
    for u in unc:
        print("  uncaught: %r" % u)
    if a.ignored:
        for u in ign:
            print("  ignored: %r" % u)
    ok = rows and not unc
    print("%s %s: %d records, %d uncaught lines" % ("PASS" if ok else "FAIL", a.command, len(rows), len(unc)), file=sys.stderr if a.json else sys.stdout)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
