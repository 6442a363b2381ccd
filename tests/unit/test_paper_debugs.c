/* The eight debug rows of the paper's first table on both gateways: what each prints while a pair elects, synchronises
 * an IKE and an IPsec SA, updates counters, fails over and changes roles (reference 1.9, 2.5, 5.7); and nothing while
 * it is off. */
#include "tests/unit/lib_paper.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct paper p;

static const char *const rows[] = {
    "debug standby errors", "debug standby events",         "debug standby packets",        "debug redundancy all",
    "debug crypto ha",      "debug crypto ipsec ha detail", "debug crypto ipsec ha update", "debug crypto isakmp ha",
};
#define ROWS (sizeof rows / sizeof *rows)

struct run {
    struct paper_lines active, standby, reborn; /* of the first active, its heir, the first active's next life */
};

static void on(const char *node, int row)
{
    for (unsigned i = 0; i < ROWS; i++)
        if (row < 0 || row == (int)i)
            free(paper_exec(&p, node, rows[i]));
}

/* Everything that can happen, with one row on (-1: all, -2: none). */
static void story(struct run *r, int row)
{
    memset(r, 0, sizeof *r);
    paper_open(&p);
    const char *first = p.active, *heir = p.standby;
    paper_listen(&p, first, &r->active);
    paper_listen(&p, heir, &r->standby);
    if (row > -2) {
        on(first, row);
        on(heir, row);
    }
    cr_assert_geq(paper_ping(&p, 15), 14);
    /* an error for debug standby errors */
    world_config(p.w, heir, "interface Ethernet1/1\nstandby 1 authentication wrong\nend\n");
    world_run(p.w, 2);
    world_config(p.w, heir, "interface Ethernet1/1\nno standby 1 authentication\nend\n");
    cr_assert_geq(paper_ping(&p, 5), 4);
    world_kill(p.w, first);
    paper_ping(&p, 12);
    cr_assert_eq(paper_ping(&p, 5), 5);
    world_start(p.w, first);
    paper_listen(&p, first, &r->reborn);
    if (row > -2)
        on(first, row);
    paper_settle(&p);
    paper_ping(&p, 15);
}

static void done(struct run *r)
{
    paper_close(&p);
    free(r->active.text);
    free(r->standby.text);
    free(r->reborn.text);
}
static void want(const struct paper_lines *l, const char *who, const char *const *patterns)
{
    for (unsigned i = 0; patterns[i]; i++)
        cr_assert(paper_line(l, patterns[i]), "%s does not print `%s` but\n%.6000s", who, patterns[i],
                  l->text ? l->text : "nothing");
}
#define WANT(l, ...) want(&r.l, #l, (const char *const[]){__VA_ARGS__, NULL})

/* Nothing that does not begin with one of the prefixes: one row does not turn another on. */
static void only(const struct paper_lines *l, const char *who, const char *prefix, const char *other)
{
    for (const char *s = l->text; s && *s; s += strcspn(s, "\n") + 1)
        cr_assert(!strncmp(s, prefix, strlen(prefix)) || (other && !strncmp(s, other, strlen(other))),
                  "%s: `%.*s` is of another row", who, (int)strcspn(s, "\n"), s);
}

static struct run r;

Test(paper_debugs, off_means_silent)
{
    story(&r, -2);
    cr_assert_eq(r.active.n + r.standby.n + r.reborn.n, 0, "%s%s%s", r.active.text, r.standby.text, r.reborn.text);
    done(&r);
}

Test(paper_debugs, undebug_ends_it)
{
    memset(&r, 0, sizeof r);
    paper_open(&p);
    on(p.active, -1);
    on(p.standby, -1);
    static const char *const shown[] = {"HSRP Errors debugging is on\n",
                                        "HSRP Events debugging is on\n",
                                        "HSRP Packets debugging is on\n",
                                        "Crypto High Availability debugging is on\n",
                                        "Crypto IPSEC High Availability debugging is on\n",
                                        "Crypto IPSEC High Availability updates debugging is on\n",
                                        "Crypto ISAKMP High Availability debugging is on\n"};
    for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++) {
        paper_has(&p, p.active, "show debugging", shown[i]);
        paper_has(&p, p.standby, "show debugging", shown[i]);
    }
    paper_has(&p, p.active, "show redundancy states", "RF debug mask = 0xff   \n");
    paper_ping(&p, 3);
    free(paper_exec(&p, p.active, "undebug all"));
    free(paper_exec(&p, p.standby, "undebug all"));
    paper_listen(&p, p.standby, &r.standby);
    world_kill(p.w, p.active);
    paper_ping(&p, 15);
    cr_assert_eq(r.standby.n, 0, "%s", r.standby.text);
    done(&r);
}

Test(paper_debugs, echo_of_each_row)
{
    static const char *const echo[] = {
        "HSRP Errors debugging is on\n",
        "HSRP Events debugging is on\n",
        "HSRP Packets debugging is on\n",
        NULL,
        "Crypto High Availability debugging is on\n",
        "Crypto IPSEC High Availability debugging is on\n",
        "Crypto IPSEC High Availability updates debugging is on\n",
        "Crypto ISAKMP High Availability debugging is on\n",
    };
    int status;
    paper_open(&p);
    for (unsigned i = 0; i < ROWS; i++)
        for (unsigned k = 0; k < 2 && echo[i]; k++)
            paper_is(&p, k ? p.standby : p.active, rows[i], echo[i]);
    paper_is(&p, p.active, "debug standby packets terse", "HSRP Packets debugging is on\n");
    for (unsigned k = 0; k < 2; k++) { /* the paper's table prints it bare: a keyword parent (reference 2.5) */
        char *s = world_exec(p.w, k ? p.standby : p.active, "debug redundancy", &status);
        cr_assert(strstr(s, "% Incomplete command.") && status == 1, "%s", s);
        free(s);
    }
    paper_close(&p);
}

Test(paper_debugs, standby_errors)
{
    story(&r, 0);
    WANT(active, "HSRP: Et1/1 Grp 1 Auth failed for Hello pkt from 10.1.11.@, Text auth failed\n");
    WANT(standby, "HSRP: Et1/1 Grp 1 Auth failed for Hello pkt from 10.1.11.@, Text auth failed\n");
    only(&r.active, "active", "HSRP: Et1/1 Grp 1 Auth", NULL);
    only(&r.standby, "standby", "HSRP: Et1/1 Grp 1 Auth", NULL);
    done(&r);
}

Test(paper_debugs, standby_events)
{
    story(&r, 1);
    WANT(standby,
         "HSRP: Gi0/3 Grp 2 Standby: c/Active timer expired (10.2.1.@)\n"
         "HSRP: Gi0/3 Grp 2 Active router is local, was 10.2.1.@\n"
         "HSRP: Gi0/3 Grp 2 Standby router is unknown, was local\n"
         "HSRP: Gi0/3 Grp 2 Standby -> Active\n"
         "HSRP: Gi0/3 Grp 2 Redundancy \"ha-in\" state Standby -> Active\n",
         "HSRP: Et1/1 Grp 1 Standby: c/Active timer expired (10.1.11.@)\n"
         "HSRP: Et1/1 Grp 1 Active router is local, was 10.1.11.@\n"
         "HSRP: Et1/1 Grp 1 Standby router is unknown, was local\n"
         "HSRP: Et1/1 Grp 1 Standby -> Active\n"
         "HSRP: Et1/1 Grp 1 Redundancy \"ha-out\" state Standby -> Active\n",
         "HSRP: Gi0/3 Grp 2 Redundancy group ha-in state Active -> Active\n", "HSRP: Et1/1 Nbr 10.1.11.@ is passive\n",
         "HSRP: Et1/1 Grp 1 Standby router is 10.1.11.@\n");
    WANT(reborn,
         "HSRP: Et1/1 Interface reload delay expired\nHSRP: Et1/1 Grp 1 Init: a/HSRP enabled\n"
         "HSRP: Et1/1 Grp 1 Init -> Listen\n",
         "HSRP: Et1/1 Nbr 10.1.11.@ created\n", "HSRP: Et1/1 Nbr 10.1.11.@ active for group 1\n",
         "HSRP: Et1/1 Grp 1 Listen: d/Standby timer expired (unknown)\nHSRP: Et1/1 Grp 1 Listen -> Speak\n",
         "HSRP: Et1/1 Grp 1 Speak: d/Standby timer expired (unknown)\nHSRP: Et1/1 Grp 1 Standby router is local\n"
         "HSRP: Et1/1 Grp 1 Speak -> Standby\nHSRP: Et1/1 Grp 1 Redundancy \"ha-out\" state Speak -> Standby\n");
    only(&r.standby, "standby", "HSRP: ", NULL);
    cr_assert(!paper_line(&r.standby, "Hello  in"));
    done(&r);
}

Test(paper_debugs, standby_packets)
{
    story(&r, 2);
    WANT(active, "HSRP: Gi0/3 Grp 2 Hello  in  10.2.1.@ Standby pri 100 vIP 10.2.1.254\n",
         "HSRP: Et1/1 Grp 1 Hello  out 10.1.11.@ Active  pri 100 vIP 10.1.11.254\n");
    WANT(standby, "HSRP: Gi0/3 Grp 2 Hello  out 10.2.1.@ Standby pri 100 vIP 10.2.1.254\n",
         "HSRP: Et1/1 Grp 1 Hello  in  10.1.11.@ Active  pri 100 vIP 10.1.11.254\n",
         "HSRP: Et1/1 Redirect adv out, Active, active 1 passive 0\n",
         "HSRP: Et1/1 Grp 1 Hello  out 10.1.11.@ Active  pri 100 vIP 10.1.11.254\n");
    WANT(reborn, "HSRP: Et1/1 Redirect adv out, Passive, active 0 passive 1\n",
         "HSRP: Et1/1 Grp 1 Hello  out 10.1.11.@ Speak   pri 100 vIP 10.1.11.254\n");
    only(&r.standby, "standby", "HSRP: ", NULL);
    cr_assert(!paper_line(&r.standby, "Standby -> Active"));
    done(&r);
}

/* Terse: everything but hellos and advertisements. A tracked interface lost, with pre-emption: the other's Coup. */
Test(paper_debugs, standby_packets_terse)
{
    memset(&r, 0, sizeof r);
    paper_open(&p);
    const char *first = p.active, *heir = p.standby;
    paper_listen(&p, first, &r.active);
    paper_listen(&p, heir, &r.standby);
    free(paper_exec(&p, first, "debug standby packets terse"));
    free(paper_exec(&p, heir, "debug standby packets terse"));
    world_run(p.w, 12);
    cr_assert_eq(r.active.n + r.standby.n, 0, "%s", r.active.text);
    free(paper_exec(&p, first, "terminal length 0"));
    world_config(p.w, first, "interface Ethernet1/1\nshutdown\nend\n");
    world_run(p.w, 2);
    cr_assert(paper_line(&r.active, "HSRP: Et1/1 Grp 1 Resign out 10.1.11.@ "), "%s", r.active.text);
    cr_assert(paper_line(&r.standby, "HSRP: Et1/1 Grp 1 Resign in  10.1.11.@ "), "%s", r.standby.text);
    cr_assert(!paper_line(&r.active, "Hello") && !paper_line(&r.standby, "Hello"));
    cr_assert(!paper_line(&r.active, "adv") && !paper_line(&r.standby, "adv"));
    done(&r);
}

Test(paper_debugs, redundancy)
{
    story(&r, 3);
    WANT(standby, "RF: group ha-in state Standby -> Active\n", "RF: my state = STANDBY HOT(8) -> ACTIVE-FAST(9)\n",
         "RF_PROG_ACTIVE_FAST(200) CHKPT RF(25) op=9 rc=11\n", "RF: my state = ACTIVE-FAST(9) -> ACTIVE-DRAIN(10)\n",
         "RF: my state = ACTIVE-DRAIN(10) -> ACTIVE_PRECONFIG(11)\n",
         "RF: my state = ACTIVE_PRECONFIG(11) -> ACTIVE_POSTCONFIG(12)\n",
         "RF: my state = ACTIVE_POSTCONFIG(12) -> ACTIVE(13)\n", "RF_PROG_ACTIVE(204) CHKPT RF(25) op=13 rc=11\n",
         "RF_STATUS_PEER_COMM(401) op=0\n", "RF_STATUS_PEER_COMM(401) op=1\n",
         "RF: peer state = STANDBY COLD-BULK(7) -> STANDBY HOT(8)\n");
    WANT(reborn, "RF_STATUS_PEER_COMM(401) op=1\n", "RF: my state = NEGOTIATION(3) -> STANDBY COLD(4)\n",
         "RF: my state = STANDBY COLD(4) -> STANDBY COLD-BULK(7)\n",
         "RF: my state = STANDBY COLD-BULK(7) -> STANDBY HOT(8)\n",
         "RF_PROG_STANDBY_HOT(105) CHKPT RF(25) op=8 rc=11\n");
    WANT(active, "RF: sending keepalive, applied *\n");
    only(&r.standby, "standby", "RF", NULL);
    done(&r);
}

static const char *const dump[] = {"HA Message 0: flags=0x01 len=*",
                                   " HA_IKE_MSG_ADD_SA (2)\n  ID: 0A010BFE\n",
                                   "  attr HA_IKE_ATT_MY_COOKIE (2) len 8\n    @@ @@ @@ @@ @@ @@ @@ @@ \n",
                                   "  attr HA_IKE_ATT_HIS_COOKIE (3) len 8\n    @@ @@ @@ @@ @@ @@ @@ @@ \n",
                                   "  attr HA_IKE_ATT_SRC (4) len 4\n    0A 01 0B FE \n",
                                   "  attr HA_IKE_ATT_DST (5) len 4\n    0A 01 0B 0B \n",
                                   "  attr HA_IKE_ATT_PEER_PORT (6) len 2\n    01 F4 \n",
                                   "  attr HA_IKE_ATT_F_VRF (7) len 1\n    00 \n",
                                   "  attr HA_IKE_ATT_INIT_OR_RESP (8) len 1\n",
                                   "  attr HA_IKE_ATT_NAT_DISCOVERY (9) len 1\n    02 \n",
                                   "  attr HA_IKE_ATT_IDTYPE (38) len 1\n",
                                   "  attr HA_IKE_ATT_PROTOCOL (39) len 1\n",
                                   "  attr HA_IKE_ATT_PORT (40) len 2\n",
                                   "  attr HA_IKE_ATT_ADDR (41) len 4\n    0A 01 0B 0B \n",
                                   "  attr HA_IKE_ATT_MASK (42) len 4\n",
                                   "  attr HA_IKE_ATT_ID_STR (44) len 4\n",
                                   "  attr HA_IKE_ATT_PEERS_CAPABILITIES (11) len 4\n",
                                   "  attr HA_IKE_ATT_MY_CAPABILITIES (12) len 4\n",
                                   "  attr HA_IKE_ATT_STATE_MASK (13) len 4\n",
                                   "  attr HA_IKE_ATT_ENCRYPT",
                                   "  attr HA_IKE_ATT_HASH",
                                   "  attr HA_IKE_ATT_GROUP",
                                   "  attr HA_IKE_ATT_LIFETIME",
                                   NULL};

Test(paper_debugs, crypto_ha)
{
    story(&r, 4);
    WANT(active, "Sending IKE Add SA Message\nHA Message 0: ");
    want(&r.active, "active", dump);
    WANT(standby, "Received IKE Add SA Message\nHA Message 0: ");
    want(&r.standby, "standby", dump);
    static const char *const bundle[] = {" HA_IPSEC_MSG_ADD_BUNDLE (2)\n  ID: 0A010BFE\n",
                                         "  attr HA_IPSEC_ATT_SRC (4) len 4\n    0A 01 0B FE \n",
                                         "  attr HA_IPSEC_ATT_DST (5) len 4\n    0A 01 0B 0B \n",
                                         "  attr HA_IPSEC_ATT_LOCAL_PROXY (8) len 4\n    0A 02 01 FE \n",
                                         "  attr HA_IPSEC_ATT_REMOTE_PROXY (10) len 4\n    0A 01 0B 0B \n",
                                         NULL};
    WANT(active, "Sending IPSec Add Bundle Message\nHA Message 0: ");
    want(&r.active, "active", bundle);
    WANT(standby, "Received IPSec Add Bundle Message\nHA Message 0: ");
    want(&r.standby, "standby", bundle);
    WANT(reborn, "Received IPSec Add Bundle Message\nHA Message 0: ");
    WANT(standby, "Sending IKE Add SA Message\nHA Message 0: "); /* its own bulk, for the reborn */
    WANT(reborn, "Received IKE Add SA Message\nHA Message 0: ");
    done(&r);
}

Test(paper_debugs, crypto_ipsec_ha_detail)
{
    story(&r, 5);
    WANT(active, "IPSec HA (crypto_ha_ipsec_notify_add_sa): called\n",
         "IPSec HA (crypto_ha_ipsec_notify_add_sa): New IPsec SA added... notifying HA Mgr\n");
    WANT(standby, "IPSec HA (crypto_ha_ipsec_mgr_recv_add_sas): HA mgr wants to insert the following bundle\n",
         "IPSec HA (crypto_ha_ipsec_mgr_recv_add_sas): This SA is supposed to be insert into crypto map",
         "IPSec HA (crypto_ha_ipsec_mgr_set_state_common): called for vip 10.1.11.254\n");
    WANT(reborn, "IPSec HA (crypto_ha_ipsec_mgr_recv_add_sas): HA mgr wants to insert the following bundle\n");
    only(&r.standby, "standby", "IPSec HA (", NULL);
    done(&r);
}

Test(paper_debugs, crypto_ipsec_ha_update)
{
    story(&r, 6);
    WANT(active, "IPSec HA(check_seq_window): VIP 10.1.11.254 spi 0x* inbound window update sent, last seq *\n",
         "IPSec HA(send_update_struct): spi 0x* outbound seq *\n");
    WANT(standby, "IPSec HA(recv_update_struct): spi 0x* inbound last seq *, outbound seq *\n",
         "IPSec HA(check_seq_window): VIP 10.1.11.254 spi 0x* inbound window update sent, last seq *\n");
    WANT(reborn, "IPSec HA(recv_update_struct): spi 0x* inbound last seq *, outbound seq *\n");
    only(&r.standby, "standby", "IPSec HA(", NULL);
    done(&r);
}

Test(paper_debugs, crypto_isakmp_ha)
{
    story(&r, 7);
    cr_assert_eq(r.active.n, 0, "nothing on the active: %s", r.active.text); /* reference 5.7 */
    WANT(standby, "IKE HA: (10.1.11.254) Adding STANDBY IKE SA\n",
         "IKE HA: Create peer struct for local 10.1.11.254 remote 10.1.11.11 & locked\n",
         "IKE HA: IKE SA inserted on standby with src = 10.1.11.254, dst = 10.1.11.11\n",
         "IKE HA: (10.1.11.254) IKE SA with 10.1.11.11 is ACTIVE now\n");
    WANT(reborn, "IKE HA: (10.1.11.254) Adding STANDBY IKE SA\n",
         "IKE HA: IKE SA inserted on standby with src = 10.1.11.254, dst = 10.1.11.11\n");
    only(&r.standby, "standby", "IKE HA: ", NULL);
    done(&r);
}
