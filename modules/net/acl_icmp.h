/* The ICMP messages that IOS has names for in access lists and service groups: X(member of the args, name, type, code).
 * Code -1: any. In the order of their names. */
#ifndef TAPIR_NET_ACL_ICMP_H
#define TAPIR_NET_ACL_ICMP_H
#define ACL_ICMP_NAMES(X)                                                                                              \
    X(administratively_prohibited, "administratively-prohibited", 3, 13)                                               \
    X(alternate_address, "alternate-address", 6, -1)                                                                   \
    X(conversion_error, "conversion-error", 31, -1)                                                                    \
    X(dod_host_prohibited, "dod-host-prohibited", 3, 10)                                                               \
    X(dod_net_prohibited, "dod-net-prohibited", 3, 9)                                                                  \
    X(echo, "echo", 8, -1)                                                                                             \
    X(echo_reply, "echo-reply", 0, -1)                                                                                 \
    X(general_parameter_problem, "general-parameter-problem", 12, 0)                                                   \
    X(host_isolated, "host-isolated", 3, 8)                                                                            \
    X(host_precedence_unreachable, "host-precedence-unreachable", 3, 14)                                               \
    X(host_redirect, "host-redirect", 5, 1)                                                                            \
    X(host_tos_redirect, "host-tos-redirect", 5, 3)                                                                    \
    X(host_tos_unreachable, "host-tos-unreachable", 3, 12)                                                             \
    X(host_unknown, "host-unknown", 3, 7)                                                                              \
    X(host_unreachable, "host-unreachable", 3, 1)                                                                      \
    X(information_reply, "information-reply", 16, -1)                                                                  \
    X(information_request, "information-request", 15, -1)                                                              \
    X(mask_reply, "mask-reply", 18, -1)                                                                                \
    X(mask_request, "mask-request", 17, -1)                                                                            \
    X(mobile_redirect, "mobile-redirect", 32, -1)                                                                      \
    X(net_redirect, "net-redirect", 5, 0)                                                                              \
    X(net_tos_redirect, "net-tos-redirect", 5, 2)                                                                      \
    X(net_tos_unreachable, "net-tos-unreachable", 3, 11)                                                               \
    X(net_unreachable, "net-unreachable", 3, 0)                                                                        \
    X(network_unknown, "network-unknown", 3, 6)                                                                        \
    X(no_room_for_option, "no-room-for-option", 12, 2)                                                                 \
    X(option_missing, "option-missing", 12, 1)                                                                         \
    X(packet_too_big, "packet-too-big", 3, 4)                                                                          \
    X(parameter_problem, "parameter-problem", 12, -1)                                                                  \
    X(port_unreachable, "port-unreachable", 3, 3)                                                                      \
    X(precedence_unreachable, "precedence-unreachable", 3, 15)                                                         \
    X(protocol_unreachable, "protocol-unreachable", 3, 2)                                                              \
    X(reassembly_timeout, "reassembly-timeout", 11, 1)                                                                 \
    X(redirect, "redirect", 5, -1)                                                                                     \
    X(router_advertisement, "router-advertisement", 9, -1)                                                             \
    X(router_solicitation, "router-solicitation", 10, -1)                                                              \
    X(source_quench, "source-quench", 4, -1)                                                                           \
    X(source_route_failed, "source-route-failed", 3, 5)                                                                \
    X(time_exceeded, "time-exceeded", 11, -1)                                                                          \
    X(timestamp_reply, "timestamp-reply", 14, -1)                                                                      \
    X(timestamp_request, "timestamp-request", 13, -1)                                                                  \
    X(traceroute, "traceroute", 30, -1)                                                                                \
    X(ttl_exceeded, "ttl-exceeded", 11, 0)                                                                             \
    X(unreachable, "unreachable", 3, -1)
#endif
