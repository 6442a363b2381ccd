/* show ip traffic: the counters of the stack in IOS's layout; what this stack never counts is 0. Called by the parser.
 */
#include "ip_cmd.h"
#include "modules/net/stack.h"

static void ip_text(struct out *o, const struct ip_stats *s)
{
#define N(x) (unsigned long long)s->x
    out_text(o, "IP statistics:\n  Rcvd:  %llu total, %llu local destination\n", N(received), N(delivered));
    out_text(o, "         %llu format errors, %llu checksum errors, %llu bad hop count\n", N(bad_header),
             N(bad_checksum), N(bad_ttl));
    out_text(o,
             "         0 unknown protocol, 0 not a gateway\n         0 security failures, 0 bad options, %llu with "
             "options\n",
             N(options));
    out_text(o,
             "  Opts:  0 end, 0 nop, 0 basic security, 0 loose source route\n"
             "         0 timestamp, 0 extended security, 0 record route\n"
             "         0 stream ID, 0 strict source route, 0 alert, 0 cipso, 0 ump\n"
             "         %llu other\n",
             N(options));
    out_text(o, "  Frags: %llu reassembled, %llu timeouts, %llu couldn't reassemble\n", N(reassembled),
             N(reass_timeout), N(reass_fail));
    out_text(o, "         %llu fragmented, %llu fragments, %llu couldn't fragment\n", N(fragmented), N(frags_out),
             N(cant_fragment));
    out_text(o, "  Bcast: %llu received, 0 sent\n  Mcast: %llu received, 0 sent\n", N(bcast_in), N(mcast_in));
    out_text(o, "  Sent:  %llu generated, %llu forwarded\n", N(sent), N(forwarded));
    out_text(o, "  Drop:  %llu encapsulation failed, 0 unresolved, 0 no adjacency\n", N(encap_failed));
    out_text(o, "         %llu no route, 0 unicast RPF, 0 forced drop\n         0 options denied\n", N(no_route));
    out_text(o,
             "  Drop:  %llu packets with source IP address zero\n"
             "  Drop:  0 packets with internal loop back IP address\n",
             N(bad_source));
}

static void icmp_text(struct out *o, const struct ip_stats *s)
{
    out_text(o, "\nICMP statistics:\n  Rcvd: 0 format errors, %llu checksum errors, 0 redirects, %llu unreachable\n",
             N(icmp_bad), N(icmp_unreach_in));
    out_text(o, "        %llu echo, %llu echo reply, 0 mask requests, 0 mask replies, 0 quench\n", N(icmp_echo_in),
             N(icmp_reply_in));
    out_text(o, "        0 parameter, 0 timestamp, 0 timestamp replies, 0 info request, %llu other\n",
             N(icmp_other_in));
    out_text(o, "        0 irdp solicitations, 0 irdp advertisements\n        %llu time exceeded, 0 info replies\n",
             N(icmp_time_in));
    out_text(o, "  Sent: %llu redirects, %llu unreachable, %llu echo, %llu echo reply\n", N(icmp_redirect_out),
             N(icmp_unreach_out), N(icmp_echo_out), N(icmp_reply_out));
    out_text(o,
             "        0 mask requests, 0 mask replies, 0 quench, 0 timestamp, 0 timestamp replies\n"
             "        0 info reply, %llu time exceeded, 0 parameter problem\n"
             "        0 irdp solicitations, 0 irdp advertisements\n",
             N(icmp_time_out));
}

static void values(struct out *o, const struct ip_stats *s)
{
#define V(name, x) out_int(o, name, (int64_t)s->x)
    out_object(o, NULL);
    out_object(o, "ip");
    V("received", received), V("local_destination", delivered), V("format_errors", bad_header);
    V("checksum_errors", bad_checksum), V("bad_hop_count", bad_ttl), V("with_options", options);
    V("reassembled", reassembled), V("reassembly_timeouts", reass_timeout), V("could_not_reassemble", reass_fail);
    V("fragmented", fragmented), V("fragments", frags_out), V("could_not_fragment", cant_fragment);
    V("broadcasts_received", bcast_in), V("multicasts_received", mcast_in);
    V("generated", sent), V("forwarded", forwarded), V("encapsulation_failed", encap_failed), V("no_route", no_route);
    V("bad_source", bad_source);
    out_end(o);
    out_object(o, "icmp");
    V("received", icmp_in), V("checksum_errors", icmp_bad), V("unreachable_received", icmp_unreach_in);
    V("echo_received", icmp_echo_in), V("echo_reply_received", icmp_reply_in);
    V("time_exceeded_received", icmp_time_in), V("other_received", icmp_other_in);
    V("sent", icmp_out), V("unreachable_sent", icmp_unreach_out), V("echo_sent", icmp_echo_out);
    V("echo_reply_sent", icmp_reply_out), V("redirects_sent", icmp_redirect_out),
        V("time_exceeded_sent", icmp_time_out), V("rate_limited", icmp_limited);
    out_end(o);
    out_object(o, "udp");
    V("received", udp_in), V("checksum_errors", udp_bad), V("no_port", udp_no_port), V("sent", udp_out);
    out_end(o);
    out_object(o, "arp");
    V("requests_received", arp_req_in), V("replies_received", arp_rep_in), V("requests_sent", arp_req_out);
    V("replies_sent", arp_rep_out);
    V("proxy_replies_sent", arp_proxy_out);
    out_end(o);
    out_end(o);
}

int interface_show_ip_traffic(struct cmd *c, struct args_show_ip_traffic *a)
{
    const struct ip_stats all = net_stats(net_of(c->router)), *s = &all;
    struct out *o = c->out;
    (void)a;
    ip_text(o, s);
    icmp_text(o, s);
    out_text(o, "\nUDP statistics:\n  Rcvd: %llu total, %llu checksum errors, %llu no port 0 finput\n", N(udp_in),
             N(udp_bad), N(udp_no_port));
    out_text(o, "  Sent: %llu total, 0 forwarded broadcasts\n", N(udp_out));
    out_text(o, "\nARP statistics:\n  Rcvd: %llu requests, %llu replies, 0 reverse, 0 other\n", N(arp_req_in),
             N(arp_rep_in));
    out_text(o, "  Sent: %llu requests, %llu replies (%llu proxy), 0 reverse\n  Drop due to input queue full: 0\n",
             N(arp_req_out), N(arp_rep_out), N(arp_proxy_out));
    values(o, s);
    return CMD_OK;
}
