/* What IKE asks of IPsec: pairs that it agreed on are installed, enabled, moved and deleted here, and it learns when a
 * peer was last heard. Declared in ipsec.h; called by modules/ike. */
#include "modules/ipsec/ipsec_internal.h"
#include <errno.h>
#include <string.h>

int ipsec_pair_install(struct router *r, const struct ipsec_pair *p, event_id cause)
{
    struct ipsec *st = ipsec_of(r);
    struct binding *b = ipsec_binding_find(st, p->prop.interface);
    if (b == NULL || strcmp(b->map, p->prop.map) != 0)
        return -EINVAL;
    int err;
    struct sa *s = ipsec_sa_create(st, p, b, &err);
    if (s == NULL)
        return err;
    s->active = b->active;
    ipsec_sa_start_timers(s, (nstime)(p->life_s != 0 ? p->life_s : IPSEC_LIFE_S) * NS_PER_S);
    ipsec_debug_sa_created(s);
    char peer[ADDR_STRLEN];
    log_event(r, cause, "ipsec", "sa-install", "spi 0x%X out 0x%X peer %s", p->in_spi, p->out_spi,
              addr_format(&p->prop.peer, peer));
    ipsec_rri_install(s);
    if (s->ha) { /* output commit: handed over before the quick mode message leaves (state-sync 4.5 (4)) */
        struct sync_key key = ipsec_ha_key(p->in_spi);
        DEBUG(st, DBG_HA, "IPSec HA (crypto_ha_ipsec_notify_add_sa): called");
        DEBUG(st, DBG_HA, "IPSec HA (crypto_ha_ipsec_notify_add_sa): New IPsec SA added... notifying HA Mgr");
        sync_dirty(r, &ipsec_sync_sa, &key);
        sync_flush(r);
    }
    return 0;
}

static unsigned newer_pairs(const struct sa *o)
{
    unsigned n = 0;
    for (struct sa *s = o->flow_next; s != NULL; s = s->flow_next)
        n += s->active && s->enabled && !s->dying;
    return n;
}

/* Pairs that the new one replaces live on for their inbound packets, then go (reference 6.6: about 30 s). When both
 * sides rekeyed at once there are two new pairs, and each side may find the other one older: both are kept. */
static void retire_older(struct sa *s)
{
    for (struct sa *o = s->flow->pairs; o != NULL && o != s; o = o->flow_next)
        if (o->active && o->enabled && !o->dying) {
            o->rekeying = true;
            nstime overlap = (s->p.initiator ? 30 : 60) * NS_PER_S;
            if ((s->born - o->born >= 20 * NS_PER_S || newer_pairs(o) > 1) && timer_left(&o->hard) > overlap)
                timer_start(&o->hard, overlap);
        }
}

void ipsec_pair_enable(struct router *r, uint32_t in_spi)
{
    struct ipsec *st = ipsec_of(r);
    struct sa *s = ipsec_sa_by_spi(st, in_spi);
    if (s == NULL || s->enabled)
        return;
    s->enabled = true;
    DEBUG(st, DBG_IPSEC, "IPSEC(key_engine_enable_outbound): rec'd enable notify from ISAKMP");
    DEBUG(st, DBG_IPSEC, "IPSEC(key_engine_enable_outbound): enable SA with spi %u/50", s->p.out_spi);
    retire_older(s);
    ipsec_flow_choose(s->flow);
    if (s->ha && s->active) {
        struct sync_key key = ipsec_ha_key(in_spi);
        sync_dirty(r, &ipsec_sync_sa, &key);
    }
    ipsec_acquire_satisfied(st, s->flow);
}

void ipsec_pair_delete_by_out(struct router *r, const struct addr *peer, uint32_t out_spi, const char *reason,
                              event_id cause)
{
    struct ipsec *st = ipsec_of(r);
    struct sa *s = ipsec_sa_by_out(st, peer, out_spi);
    if (s == NULL)
        return;
    DEBUG(st, DBG_IPSEC, "IPSEC(key_engine_delete_sas): rec'd delete notify from ISAKMP");
    ipsec_sa_delete(s, reason, false, true, cause);
}

void ipsec_pair_delete_by_cookies(struct router *r, const uint8_t cookies[16], const char *reason, event_id cause)
{
    struct ipsec *st = ipsec_of(r);
    for (struct sa *s = st->first, *next; s != NULL; s = next) {
        next = s->next;
        if (memcmp(s->p.cookies, cookies, 16) == 0)
            ipsec_sa_delete(s, reason, false, true, cause);
    }
}

void ipsec_pair_clear(struct router *r, const struct addr *local, const struct addr *peer)
{
    struct ipsec *st = ipsec_of(r);
    for (struct sa *s = st->first, *next; s != NULL; s = next) {
        next = s->next;
        if (addr_equal(&s->p.prop.peer, peer) && addr_equal(&s->p.prop.local, local))
            ipsec_sa_delete(s, "cleared by operator", true, true, 0);
    }
}

void ipsec_pair_delete_by_peer(struct router *r, const struct addr *local, const struct addr *peer, const char *reason,
                               event_id cause)
{
    struct ipsec *st = ipsec_of(r);
    if (ipsec_pair_count(r, local, peer) == 0) /* a new peer among ten thousand */
        return;
    for (struct sa *s = st->first, *next; s != NULL; s = next) {
        next = s->next;
        if (addr_equal(&s->p.prop.peer, peer) && addr_equal(&s->p.prop.local, local))
            ipsec_sa_delete(s, reason, false, true, cause);
    }
}

void ipsec_pair_peer_moved(struct router *r, const uint8_t cookies[16], const struct addr *peer, uint16_t port)
{
    struct ipsec *st = ipsec_of(r);
    for (struct sa *s = st->first; s != NULL; s = s->next)
        if (memcmp(s->p.cookies, cookies, 16) == 0 && addr_equal(&s->p.prop.peer, peer)) {
            ipsec_policy_changed(s->st);
            net_dp_quiet(r); /* the port stands in headers that are being written */
            s->p.peer_port = s->flow->peer_port = port;
            struct sync_key key = ipsec_ha_key(s->p.in_spi);
            if (s->ha && s->active)
                sync_dirty(r, &ipsec_sync_sa, &key);
        }
}

nstime ipsec_last_in(struct router *r, const struct addr *local, const struct addr *peer)
{
    nstime t = 0;
    for (struct sa *s = ipsec_sa_of_peer(ipsec_of(r), peer); s != NULL; s = s->peer_next)
        if (addr_equal(&s->p.prop.peer, peer) && addr_equal(&s->p.prop.local, local) && s->last_in > t)
            t = s->last_in;
    return t;
}

nstime ipsec_last_out(struct router *r, const struct addr *local, const struct addr *peer)
{
    nstime t = 0;
    for (struct sa *s = ipsec_sa_of_peer(ipsec_of(r), peer); s != NULL; s = s->peer_next)
        if (addr_equal(&s->p.prop.peer, peer) && addr_equal(&s->p.prop.local, local) && s->last_out > t)
            t = s->last_out;
    return t;
}

unsigned ipsec_pair_count(struct router *r, const struct addr *local, const struct addr *peer)
{
    unsigned n = 0;
    for (struct sa *s = ipsec_sa_of_peer(ipsec_of(r), peer); s != NULL; s = s->peer_next)
        n += addr_equal(&s->p.prop.peer, peer) && addr_equal(&s->p.prop.local, local);
    return n;
}
