/* show crypto session [active | standby] [brief | detail] (reference 5.3): the flows of IPsec with the IKE SAs of their
 * peers. */
#include "ike_cmd.h"
#include "modules/core/ifname.h"
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct view {
    struct ike *k;
    struct args_show_crypto_session *a;
    struct ipsec_flow_view *flows;
    unsigned n, cap;
};

static void collect(void *ctx, const struct ipsec_flow_view *v)
{
    struct view *x = ctx;
    if ((x->a->kw_active && !(v->stateful && v->active_sas)) || (x->a->kw_standby && !(v->stateful && v->standby_sas)))
        return;
    if ((x->a->has_local && !addr_equal(&x->a->local, &v->local)) ||
        (x->a->has_remote && !addr_equal(&x->a->remote, &v->peer)) ||
        (x->a->has_ifname && strcmp(x->a->ifname.text, v->interface) != 0))
        return;
    if (x->n == x->cap) {
        unsigned cap = x->cap ? 2 * x->cap : 64;
        struct ipsec_flow_view *more = cap > 65536 ? NULL : realloc(x->flows, cap * sizeof *more);
        if (!more)
            return;
        x->flows = more;
        x->cap = cap;
    }
    x->flows[x->n++] = *v;
}

static struct ike_sa *any_sa(struct ike *k, const struct addr *local, const struct addr *peer)
{
    struct ike_sa *sa = ike_sa_best(k, local, peer);
    return sa ? sa : ike_sa_next_of(k, NULL, local, peer);
}

static const char *status(const struct ike *k, const struct ipsec_flow_view *v, const struct ike_sa *sa)
{
    (void)k;
    if (v->standby_sas)
        return "UP-STANDBY";
    if (v->active_sas)
        return sa && sa->established ? "UP-ACTIVE" : "UP-NO-IKE";
    if (sa && sa->standby)
        return "UP-STANDBY";
    return !sa ? "DOWN" : sa->established ? "UP-IDLE" : "DOWN-NEGOTIATING";
}

static void side(struct out *o, const struct prefix *p)
{
    struct addr mask = addr_v4(mask_from_len(p->len));
    if (p->len == 32)
        out_text(o, "host %s ", IKE_ADDR(&p->addr));
    else
        out_text(o, "%s/%s ", IKE_ADDR(&p->addr), IKE_ADDR(&mask));
}

static void flow_values(struct out *o, const struct ipsec_flow_view *v)
{
    out_object(o, NULL);
    out_int(o, "protocol", v->ident.proto);
    out_fmt(o, "local", "%s/%u", IKE_ADDR(&v->ident.local.addr), v->ident.local.len);
    out_fmt(o, "remote", "%s/%u", IKE_ADDR(&v->ident.remote.addr), v->ident.remote.len);
    out_int(o, "active_sas", v->active_sas + v->standby_sas);
    out_str(o, "origin", v->dynamic ? "dynamic crypto map" : "crypto map");
    out_object(o, "inbound");
    out_int(o, "packets", (int64_t)v->in_packets);
    out_int(o, "drop", (int64_t)v->in_drops);
    out_int(o, "life_kb", v->in_kb_left);
    out_int(o, "life_ms", (int64_t)v->in_s_left * 1000);
    out_end(o);
    out_object(o, "outbound");
    out_int(o, "packets", (int64_t)v->out_packets);
    out_int(o, "drop", (int64_t)v->out_drops);
    out_int(o, "life_kb", v->out_kb_left);
    out_int(o, "life_ms", (int64_t)v->out_s_left * 1000);
    out_end(o);
    out_end(o);
}

static void flow(struct out *o, const struct ipsec_flow_view *v, bool detail)
{
    char proto[8];
    snprintf(proto, sizeof proto, "%u", v->ident.proto);
    out_text(o, "  IPSEC FLOW: permit %s ", v->ident.proto == 0 ? "ip" : proto);
    side(o, &v->ident.local);
    side(o, &v->ident.remote);
    out_text(o, "\n        Active SAs: %u, origin: %s\n", v->active_sas + v->standby_sas,
             v->dynamic ? "dynamic crypto map" : "crypto map");
    if (detail)
        out_text(o,
                 "        Inbound:  #pkts dec'ed %llu drop %llu life (KB/Sec) %u/%u\n"
                 "        Outbound: #pkts enc'ed %llu drop %llu life (KB/Sec) %u/%u\n",
                 (unsigned long long)v->in_packets, (unsigned long long)v->in_drops, v->in_kb_left, v->in_s_left,
                 (unsigned long long)v->out_packets, (unsigned long long)v->out_drops, v->out_kb_left, v->out_s_left);
    flow_values(o, v);
}

static void peer_id(const struct ike_sa *sa, char *buf, size_t cap)
{
    if (sa && sa->established)
        ike_id_text(sa->his_id, sa->his_id_len, buf, cap);
    else
        snprintf(buf, cap, "(none)");
}

static void ike_line(struct view *x, struct out *o, const struct ipsec_flow_view *v, bool detail)
{
    struct ike *k = x->k;
    if (detail) /* IOS 15's words, which the public TextFSM template reads */
        out_text(o, "  Session ID: 0  \n");
    out_array(o, "ike_sas");
    for (struct ike_sa *sa = ike_sa_next_of(k, NULL, &v->local, &v->peer); sa;
         sa = ike_sa_next_of(k, sa, &v->local, &v->peer)) {
        out_text(o, "  %s SA: local %s/%u remote %s/%u %s \n", detail ? "IKEv1" : "IKE", IKE_ADDR(&sa->at.local),
                 sa->at.lport, IKE_ADDR(&sa->at.peer), sa->at.pport, sa->established ? "Active" : "Inactive");
        nstime left = sa->established ? sa->life_end - loop_now(k->r->loop) : 0;
        long long s = left > 0 ? left / NS_PER_S : 0;
        char cap[4] = "";
        snprintf(cap, sizeof cap, "%s%s", k->keepalive_s && sa->caps.dpd ? "D" : "", ike_natt_used(sa) ? "N" : "");
        out_object(o, NULL);
        out_addr(o, "local", &sa->at.local);
        out_int(o, "local_port", sa->at.lport);
        out_addr(o, "remote", &sa->at.peer);
        out_int(o, "remote_port", sa->at.pport);
        out_str(o, "state", sa->established ? "Active" : "Inactive");
        out_str(o, "capabilities", cap);
        out_int(o, "conn_id", sa->conn_id);
        out_int(o, "lifetime_ms", left > 0 ? left / NS_PER_MS : 0);
        out_end(o);
        if (detail)
            out_text(o, "          Capabilities:%s connid:%u lifetime:%02lld:%02lld:%02lld\n", cap[0] ? cap : "(none)",
                     sa->conn_id, s / 3600, s / 60 % 60, s % 60);
    }
    out_end(o);
}

static bool same_session(const struct ipsec_flow_view *a, const struct ipsec_flow_view *b)
{
    return addr_equal(&a->local, &b->local) && addr_equal(&a->peer, &b->peer) &&
           strcmp(a->interface, b->interface) == 0;
}

static bool first_of_session(const struct view *x, unsigned i)
{
    for (unsigned j = 0; j < i; j++)
        if (same_session(&x->flows[i], &x->flows[j]))
            return false;
    return true;
}

/* The flow that speaks for the session: one with SAs, if any. */
static const struct ipsec_flow_view *speaker(const struct view *x, unsigned i)
{
    for (unsigned j = i; j < x->n; j++)
        if (same_session(&x->flows[i], &x->flows[j]) && x->flows[j].active_sas + x->flows[j].standby_sas)
            return &x->flows[j];
    return &x->flows[i];
}

/* The object of one session, left open for its IKE SAs and flows. */
static void session_values(const struct view *x, struct out *o, const struct ipsec_flow_view *v,
                           const struct ike_sa *sa, const char *id)
{
    out_object(o, NULL);
    out_str(o, "interface", v->interface);
    if (v->up_since)
        out_int(o, "uptime_ms", (loop_now(x->k->r->loop) - v->up_since) / NS_PER_MS);
    else
        out_null(o, "uptime_ms");
    out_str(o, "session_status", status(x->k, v, sa));
    out_addr(o, "peer", &v->peer);
    out_int(o, "port", sa ? sa->at.pport : IKE_PORT);
    out_str(o, "phase1_id", id);
}

static void session(struct view *x, struct out *o, unsigned i, bool detail)
{
    const struct ipsec_flow_view *v = speaker(x, i);
    struct ike_sa *sa = any_sa(x->k, &v->local, &v->peer);
    char id[128], up[DURATION_STRLEN];
    peer_id(sa, id, sizeof id);
    session_values(x, o, v, sa, id);
    out_text(o, "Interface: %s\n", v->interface);
    if (detail && v->up_since)
        out_text(o, "Uptime: %s\n", duration_format(loop_now(x->k->r->loop) - v->up_since, up));
    out_text(o, "Session status: %-14s\n", status(x->k, v, sa));
    out_text(o, "Peer: %s port %u", IKE_ADDR(&v->peer), sa ? sa->at.pport : IKE_PORT);
    if (detail)
        out_text(o, " fvrf: (none) ivrf: (none)\n      Phase1_id: %s\n      Desc: (none)\n", id);
    else
        out_text(o, " \n");
    ike_line(x, o, v, detail);
    out_array(o, "ipsec_flows");
    for (unsigned j = i; j < x->n; j++)
        if (same_session(&x->flows[i], &x->flows[j]))
            flow(o, &x->flows[j], detail);
    out_end(o);
    out_end(o);
    out_text(o, "\n");
}

static void brief(struct view *x, struct out *o)
{
    out_text(o, "Status: A- Active, U - Up, D - Down, I - Idle, S - Standby, N - Negotiating \n        K - No "
                "IKE\nivrf = (none)\n"
                "           Peer        I/F        Username  Group/Phase1_id   Uptime   Status\n");
    for (unsigned i = 0; i < x->n; i++) {
        if (!first_of_session(x, i))
            continue;
        const struct ipsec_flow_view *v = speaker(x, i);
        struct ike_sa *sa = any_sa(x->k, &v->local, &v->peer);
        const char *s = status(x->k, v, sa);
        char id[128], up[DURATION_STRLEN] = "", sh[24];
        peer_id(sa, id, sizeof id);
        if (v->up_since)
            duration_format(loop_now(x->k->r->loop) - v->up_since, up);
        out_text(o, "%15s %10s %15s %14s %12s    %s\n", IKE_ADDR(&v->peer), ifname_short(v->interface, sh), "", id, up,
                 strcmp(s, "UP-ACTIVE") == 0    ? "UA"
                 : strcmp(s, "UP-STANDBY") == 0 ? "US"
                 : strcmp(s, "UP-IDLE") == 0    ? "UI"
                 : strcmp(s, "UP-NO-IKE") == 0  ? "UK"
                 : strcmp(s, "DOWN") == 0       ? "D"
                                                : "DN");
        session_values(x, o, v, sa, id);
        out_end(o);
    }
}

int ike_cmd_show_session(struct cmd *c, struct args_show_crypto_session *a)
{
    struct view x = {.k = ike_of(c->router), .a = a};
    struct out *o = c->out;
    ipsec_flow_foreach(c->router, collect, &x);
    out_array(o, NULL);
    if (a->kw_brief) {
        brief(&x, o);
    } else {
        out_text(o, "Crypto session current status\n\n");
        if (a->kw_detail)
            out_text(o, "Code: C - IKE Configuration mode, D - Dead Peer Detection     \n"
                        "K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     \n"
                        "X - IKE Extended Authentication, F - IKE Fragmentation\nR - IKE Auto Reconnect\n\n");
        for (unsigned i = 0; i < x.n; i++)
            if (first_of_session(&x, i))
                session(&x, o, i, a->kw_detail);
    }
    out_end(o);
    free(x.flows);
    return CMD_OK;
}
