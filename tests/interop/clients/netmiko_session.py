"""An unmodified netmiko from a host of the lab: login, enable, show, configuration, save. One line per check.
netmiko_session.py DEVICE_TYPE HOST PORT USER PASSWORD ENABLE"""
import sys, tempfile
from netmiko import ConnectHandler

kind, host, port, user, password, enable = sys.argv[1:7]
rc = 0


def check(name, good, got=""):
    global rc
    print("%s %s %s" % ("ok" if good else "not ok", kind, name) + ("" if good else ": " + repr(got)))
    rc |= not good


c = ConnectHandler(device_type=kind, host=host, port=int(port), username=user, password=password, secret=enable)
c.enable()
check("enable", c.check_enable_mode(), c.find_prompt())
check("prompt", c.find_prompt() == "R1#", c.find_prompt())
text = c.send_command("show version")
check("show version", "Cisco IOS Software" in text, text)
text = c.send_command("show nonsense")
check("an error is the router's", "% Invalid input detected" in text, text)
text = c.send_config_set(["interface Loopback9", "description netmiko", "ip address 10.9.9.9 255.255.255.255"])
check("send_config_set", "R1(config-if)#" in text and "%" not in text, text)
text = c.send_command("show running-config interface Loopback9")
check("what was configured is there", " description netmiko" in text, text)
text = c.send_command("show running-config")
check("a long show is whole", text.rstrip().endswith("end"), text[-200:])
with tempfile.NamedTemporaryFile("w", suffix=".cfg") as f:
    f.write("interface Loopback9\n description from a file\nbad line\n")
    f.flush()
    text = c.send_config_from_file(f.name)
check("send_config_from_file, and a bad line is named", "R1(config-if)#" in text and text.count("% Invalid input") == 1, text)
text = c.send_command("show terminal")
check("the width it asked for", "Width: 511 columns" in text, text)
text = c.send_command("clear counters Loopback9", expect_string=r"confirm\]")
text = c.send_command("\n", expect_string=r"R1#")
check("a question is answered", "%" not in text, text)
c.send_config_set(["no interface Loopback9"])
text = c.save_config()
check("save_config", "[OK]" in text, text)
text = c.send_command("show users")
check("show users", user in text and "vty" in text, text)
c.disconnect()
sys.exit(rc)
