/* Numbers that have names (see named.h). Called by the parser and by the access lists. */
#include "modules/core/named.h"
#include <ctype.h>

const struct named named_tcp_ports[] = {{"bgp", "Border Gateway Protocol (179)", 179},
                                        {"chargen", "Character generator (19)", 19},
                                        {"cmd", "Remote commands (rcmd, 514)", 514},
                                        {"daytime", "Daytime (13)", 13},
                                        {"discard", "Discard (9)", 9},
                                        {"domain", "Domain Name Service (53)", 53},
                                        {"echo", "Echo (7)", 7},
                                        {"exec", "Exec (rsh, 512)", 512},
                                        {"finger", "Finger (79)", 79},
                                        {"ftp", "File Transfer Protocol (21)", 21},
                                        {"ftp-data", "FTP data connections (20)", 20},
                                        {"gopher", "Gopher (70)", 70},
                                        {"hostname", "NIC hostname server (101)", 101},
                                        {"ident", "Ident Protocol (113)", 113},
                                        {"irc", "Internet Relay Chat (194)", 194},
                                        {"klogin", "Kerberos login (543)", 543},
                                        {"kshell", "Kerberos shell (544)", 544},
                                        {"login", "Login (rlogin, 513)", 513},
                                        {"lpd", "Printer service (515)", 515},
                                        {"nntp", "Network News Transport Protocol (119)", 119},
                                        {"pim-auto-rp", "PIM Auto-RP (496)", 496},
                                        {"pop2", "Post Office Protocol v2 (109)", 109},
                                        {"pop3", "Post Office Protocol v3 (110)", 110},
                                        {"smtp", "Simple Mail Transport Protocol (25)", 25},
                                        {"sunrpc", "Sun Remote Procedure Call (111)", 111},
                                        {"tacacs", "TAC Access Control System (49)", 49},
                                        {"talk", "Talk (517)", 517},
                                        {"telnet", "Telnet (23)", 23},
                                        {"time", "Time (37)", 37},
                                        {"uucp", "Unix-to-Unix Copy Program (540)", 540},
                                        {"whois", "Nicname (43)", 43},
                                        {"www", "World Wide Web (HTTP, 80)", 80},
                                        {NULL, NULL, 0}};
const struct named named_udp_ports[] = {{"biff", "Biff (mail notification, comsat, 512)", 512},
                                        {"bootpc", "Bootstrap Protocol (BOOTP) client (68)", 68},
                                        {"bootps", "Bootstrap Protocol (BOOTP) server (67)", 67},
                                        {"discard", "Discard (9)", 9},
                                        {"dnsix", "DNSIX security protocol auditing (195)", 195},
                                        {"domain", "Domain Name Service (DNS, 53)", 53},
                                        {"echo", "Echo (7)", 7},
                                        {"isakmp", "Internet Security Association and Key Management (500)", 500},
                                        {"mobile-ip", "Mobile IP registration (434)", 434},
                                        {"nameserver", "IEN116 name service (obsolete, 42)", 42},
                                        {"netbios-dgm", "NetBios datagram service (138)", 138},
                                        {"netbios-ns", "NetBios name service (137)", 137},
                                        {"netbios-ss", "NetBios session service (139)", 139},
                                        {"non500-isakmp", "ISAKMP behind NAT (4500)", 4500},
                                        {"ntp", "Network Time Protocol (123)", 123},
                                        {"pim-auto-rp", "PIM Auto-RP (496)", 496},
                                        {"rip", "Routing Information Protocol (router, in.routed, 520)", 520},
                                        {"snmp", "Simple Network Management Protocol (161)", 161},
                                        {"snmptrap", "SNMP Traps (162)", 162},
                                        {"sunrpc", "Sun Remote Procedure Call (111)", 111},
                                        {"syslog", "System Logger (514)", 514},
                                        {"tacacs", "TAC Access Control System (49)", 49},
                                        {"talk", "Talk (517)", 517},
                                        {"tftp", "Trivial File Transfer Protocol (69)", 69},
                                        {"time", "Time (37)", 37},
                                        {"who", "Who service (rwho, 513)", 513},
                                        {"xdmcp", "X Display Manager Control Protocol (177)", 177},
                                        {NULL, NULL, 0}};

const struct named named_dscp[] = {{"default", "default dscp (000000)", 0},
                                   {"cs1", "CS1(precedence 1) dscp (001000)", 8},
                                   {"cs2", "CS2(precedence 2) dscp (010000)", 16},
                                   {"cs3", "CS3(precedence 3) dscp (011000)", 24},
                                   {"cs4", "CS4(precedence 4) dscp (100000)", 32},
                                   {"cs5", "CS5(precedence 5) dscp (101000)", 40},
                                   {"cs6", "CS6(precedence 6) dscp (110000)", 48},
                                   {"cs7", "CS7(precedence 7) dscp (111000)", 56},
                                   {"af11", "AF11 dscp (001010)", 10},
                                   {"af12", "AF12 dscp (001100)", 12},
                                   {"af13", "AF13 dscp (001110)", 14},
                                   {"af21", "AF21 dscp (010010)", 18},
                                   {"af22", "AF22 dscp (010100)", 20},
                                   {"af23", "AF23 dscp (010110)", 22},
                                   {"af31", "AF31 dscp (011010)", 26},
                                   {"af32", "AF32 dscp (011100)", 28},
                                   {"af33", "AF33 dscp (011110)", 30},
                                   {"af41", "AF41 dscp (100010)", 34},
                                   {"af42", "AF42 dscp (100100)", 36},
                                   {"af43", "AF43 dscp (100110)", 38},
                                   {"ef", "EF dscp (101110)", 46},
                                   {NULL, NULL, 0}};
const struct named named_precedence[] = {{"routine", "Match packets with routine precedence (0)", 0},
                                         {"priority", "Match packets with priority precedence (1)", 1},
                                         {"immediate", "Match packets with immediate precedence (2)", 2},
                                         {"flash", "Match packets with flash precedence (3)", 3},
                                         {"flash-override", "Match packets with flash override precedence (4)", 4},
                                         {"critical", "Match packets with critical precedence (5)", 5},
                                         {"internet", "Match packets with internet precedence (6)", 6},
                                         {"network", "Match packets with network precedence (7)", 7},
                                         {NULL, NULL, 0}};
const struct named named_tos[] = {{"normal", "Match packets with normal TOS (0)", 0},
                                  {"min-monetary-cost", "Match packets with minimum monetary cost TOS (1)", 1},
                                  {"max-reliability", "Match packets with maximum reliable TOS (2)", 2},
                                  {"max-throughput", "Match packets with maximum throughput TOS (4)", 4},
                                  {"min-delay", "Match packets with minimum delay TOS (8)", 8},
                                  {NULL, NULL, 0}};

const struct named *named_find(const struct named *list, const char *word, size_t len, unsigned *hits, size_t *common)
{
    const struct named *found = NULL;
    unsigned n = 0;
    size_t most = 0;
    for (; list->name; list++) {
        size_t i = 0;
        while (i < len && list->name[i] && tolower((unsigned char)word[i]) == list->name[i])
            i++;
        most = i > most ? i : most;
        if (i < len)
            continue;
        found = list;
        n++;
        if (!list->name[len]) { /* the whole name */
            n = 1;
            break;
        }
    }
    if (hits)
        *hits = n;
    if (common)
        *common = most;
    return n == 1 ? found : NULL;
}

const char *named_of(const struct named *list, int number)
{
    for (; list->name; list++)
        if (list->number == number)
            return list->name;
    return NULL;
}
