#!/usr/bin/python3
"""Prints a playbook: every state of Ansible's resource modules changes something once and then nothing, as against a
router, and the older modules do so too. Run by test_clients."""
import json


def ace(seq, proto, **more):
    """permit PROTO 192.0.2.0/24 -> 192.0.3.0/24 and what more says."""
    a = {"sequence": seq, "grant": "permit", "protocol_options": proto, "source": {"address": "192.0.2.0", "wildcard_bits": "0.0.0.255"},
         "destination": {"address": "192.0.3.0", "wildcard_bits": "0.0.0.255"}}
    a["destination"].update(more.pop("port", {}))
    a.update(more)
    return a


def acl(name, *aces):
    return {"name": name, "acl_type": "extended", "aces": list(aces)}


def groups(*acls):
    return [{"name": "Loopback5", "access_groups": [{"afi": "ipv4", "acls": [{"name": n, "direction": d} for n, d in acls]}]}]


def routes(*hops):
    return [{"address_families": [{"afi": "ipv4", "routes": [{"dest": "198.51.100.0/24", "next_hops": list(hops)}]}]}]


def entry(seq, prefix, **more):
    return dict({"action": "permit", "sequence": seq, "prefix": prefix}, **more)


def lists(*of):
    return [{"afi": "ipv4", "prefix_lists": [{"name": n, "description": d, "entries": list(e)} for n, d, *e in of]}]


SNMP = {"communities": [{"acl_v4": "testACL", "name": "comm", "rw": True}, {"name": "pub", "ro": True}], "contact": "somebody", "location": "rack 5",
        "hosts": [{"community_string": "pub", "host": "172.16.2.99", "informs": True, "traps": ["hsrp"], "version": "2c"}],
        "packet_size": 500, "trap_source": "Loopback0", "trap_timeout": 2, "system_shutdown": True,
        "traps": {"config": True, "hsrp": True, "snmp": {"authentication": True, "linkdown": True, "linkup": True, "coldstart": True}}}
NTP = {"authenticate": True, "authentication_keys": [{"algorithm": "md5", "encryption": 7, "id": 2, "key": "0822455D0A16"}],
       "trusted_keys": [{"range_start": 2}], "logging": True, "source": "Loopback0", "update_calendar": True, "peers": [{"peer": "172.16.1.10", "version": 2, "prefer": True}],
       "servers": [{"server": "172.16.1.12", "key_id": 2, "minpoll": 4, "maxpoll": 6, "prefer": True, "version": 2}, {"server": "time.lab.example"}]}
LOGGING = {"buffered": {"size": 50000, "severity": "notifications"}, "console": {"severity": "critical"}, "monitor": {"severity": "warnings"},
           "facility": "local5", "trap": "errors", "source_interface": [{"interface": "Loopback0"}], "userinfo": True, "count": True,
           "hosts": [{"hostname": "10.1.0.5"}, {"hostname": "10.1.0.6", "transport": {"udp": {"port": 1514}}}, {"hostname": "10.1.0.7", "transport": {"tcp": {"port": 6514}}}]}
STATES = [
    ("interfaces", "merged", [{"name": "Loopback5", "description": "one", "enabled": True}, {"name": "Loopback6", "enabled": False}]),
    ("interfaces", "replaced", [{"name": "Loopback5", "description": "two", "mtu": 1400, "enabled": True}]),
    ("l3_interfaces", "merged", [{"name": "Loopback5", "ipv4": [{"address": "10.5.5.5/24"}, {"address": "10.5.6.5/24", "secondary": True}]}]),
    ("l3_interfaces", "replaced", [{"name": "Loopback5", "ipv4": [{"address": "10.5.7.5/24"}]}]),
    ("acls", "merged", [{"afi": "ipv4", "acls": [
        {"name": "std1", "acl_type": "standard", "aces": [{"grant": "deny", "sequence": 10, "source": {"address": "192.168.2.0", "wildcard_bits": "0.0.0.255"}}]},
        acl("110", ace(10, {"icmp": {"echo": True}}, dscp="ef"), ace(20, {"tcp": {"ack": True}}, port={"port_protocol": {"eq": "telnet"}})),
        acl("test", ace(10, {"tcp": {"established": True}}), {"remarks": ["a remark"]})]}]),
    ("acls", "replaced", [{"afi": "ipv4", "acls": [acl("110", ace(10, {"tcp": {"syn": True}}, port={"port_protocol": {"eq": "www"}}))]}]),
    ("acl_interfaces", "merged", groups(("110", "in"), ("test", "out"))),
    ("acl_interfaces", "overridden", groups(("110", "out"))),
    ("acl_interfaces", "deleted", [{"name": "Loopback5"}]),
    ("acls", "overridden", [{"afi": "ipv4", "acls": [acl("150", ace(10, {"tcp": {"fin": True}}))]}]),
    ("acls", "deleted", [{"afi": "ipv4", "acls": [{"name": "150"}]}]),
    ("l3_interfaces", "deleted", [{"name": "Loopback5"}]),
    ("interfaces", "deleted", [{"name": "Loopback5"}]),
    ("static_routes", "merged", routes({"forward_router_address": "10.1.0.5", "name": "r1"}, {"forward_router_address": "10.1.0.6", "distance_metric": 110, "tag": 40},
                                       {"forward_router_address": "10.1.0.9", "track": 5})),
    ("static_routes", "replaced", routes({"forward_router_address": "10.1.0.5", "name": "r4", "distance_metric": 175, "tag": 50})),
    ("static_routes", "overridden", routes({"forward_router_address": "10.1.0.6", "name": "r5"})),
    ("static_routes", "deleted", [{"address_families": [{"afi": "ipv4", "routes": [{"dest": "198.51.100.0/24"}]}]}]),
    ("logging_global", "merged", LOGGING),
    ("logging_global", "replaced", {"buffered": {"size": 60000}, "hosts": [{"hostname": "10.1.0.5"}], "trap": "alerts"}),
    ("logging_global", "deleted", None),
    ("ntp_global", "merged", NTP),
    ("ntp_global", "deleted", None),
    ("snmp_server", "merged", SNMP),
    ("snmp_server", "replaced", {"communities": [{"name": "pub2", "ro": True}], "location": "rack 6"}),
    ("prefix_lists", "merged", lists(("p10", "this is", entry(5, "1.0.0.0/8", le=15), entry(10, "35.0.0.0/8", ge=10)), ("p20", "that is", entry(5, "0.0.0.0/0")))),
    ("prefix_lists", "overridden", lists(("p30", "new", entry(5, "3.0.0.0/8")))),
    ("prefix_lists", "deleted", [{"afi": "ipv4"}]),
    ("lldp_global", "merged", {"holdtime": 10, "enabled": True, "reinit": 3, "timer": 10}),
    ("lldp_global", "deleted", None),
    ("hostname", "replaced", {"hostname": "R1x"}),
    ("hostname", "merged", {"hostname": "R1"}),
]
PLAIN = [
    ("user", {"name": "ansible", "configured_password": "pw1x", "privilege": 15, "update_password": "on_create"}),
    ("user", {"aggregate": [{"name": "ansible"}], "state": "absent"}),
    ("banner", {"banner": "login", "text": "a login banner\nof two lines", "state": "present"}),
    ("system", {"domain_name": "test.example", "domain_search": ["a.example", "b.example"], "lookup_enabled": False, "name_servers": ["8.8.8.8", "8.8.4.4"]}),
    ("system", {"domain_name": "lab.example", "lookup_enabled": True}),
]


def twice(module, args, name):
    return [{"name": "%s %s" % (name, n), "cisco.ios.ios_" + module: args, "register": "r", "failed_when": "r.failed | default(false) or r is %s" % bad}
            for n, bad in (("changes", "not changed"), ("again", "changed"))]


def main():
    tasks = []
    for module, state, config in STATES:
        tasks += twice(module, {"state": state, "config": config} if config is not None else {"state": state}, module + " " + state)
    for module, args in PLAIN:
        tasks += twice(module, args, module)
    print(json.dumps([{"hosts": "ios", "gather_facts": False, "tasks": tasks}], indent=1))


main()
