/* Packets that a map protects while there is no SA yet: a few are held, the key manager is asked, and they leave
 * under the new SA; after a failure there is a pause before it is asked again. Called by the data path, by the
 * SA database and by ike (failure). */
#include "modules/ipsec/ipsec_internal.h"
#include <stdlib.h>
#include <string.h>

#define ACQUIRE_LIFE (75 * NS_PER_S) /* a little more than IKE's five retransmissions */
#define ACQUIRE_PAUSE (1 * NS_PER_S)

static void held_drop(struct ipsec *st, struct held *h, const char *why)
{
    while (h->head != NULL) {
        struct frame *f = h->head;
        h->head = f->next;
        f->next = NULL;
        ip_drop(st->r, why, f);
    }
    h->tail = &h->head;
    h->n = 0;
}

static void acquire_free(struct acquire *a)
{
    struct ipsec *st = a->st;
    for (struct acquire **at = &st->acquires; *at != NULL; at = &(*at)->next)
        if (*at == a) {
            *at = a->next;
            st->n_acquires--;
            break;
        }
    timer_stop(&a->expire);
    held_drop(st, &a->held, "ipsec-no-sa");
    free(a);
}

static void acquire_expired(void *arg)
{
    acquire_free(arg);
}

static struct acquire *acquire_find(struct binding *b, uint32_t seq, const struct ipsec_ident *ident)
{
    for (struct acquire *a = b->st->acquires; a != NULL; a = a->next)
        if (a->b == b && a->prop.seq == seq && ipsec_ident_equal(&a->prop.ident, ident))
            return a;
    return NULL;
}

static struct acquire *acquire_new(struct binding *b, uint32_t seq, const struct ipsec_ident *ident)
{
    struct ipsec *st = b->st;
    struct acquire *a = st->n_acquires < IPSEC_ACQUIRES_MAX ? calloc(1, sizeof *a) : NULL;
    if (a == NULL)
        return NULL;
    a->st = st;
    a->b = b;
    a->prop.seq = seq;
    a->prop.ident = *ident;
    a->held.tail = &a->held.head;
    timer_init(&a->expire, st->r->loop, acquire_expired, a);
    a->next = st->acquires;
    st->acquires = a;
    st->n_acquires++;
    return a;
}

static void acquire_ask(struct acquire *a, struct map_entry *e)
{
    struct ipsec *st = a->st;
    struct ipsec_ident ident = a->prop.ident;
    a->pending = true;
    a->asked = loop_now(st->r->loop);
    timer_start(&a->expire, ACQUIRE_LIFE);
    ipsec_proposal_fill(a->b, e, e, "", &ident, &e->peers[e->peer_at % e->n_peers], &a->prop);
    ipsec_debug_proposal(st, "sa_request", &a->prop.local, &a->prop.peer, &ident,
                         a->prop.n_transforms ? &a->prop.transforms[0] : NULL);
    struct ipsec_proposal p = a->prop; /* IKE may fail at once and free a */
    if (p.n_transforms == 0)
        ipsec_acquire_failed(st->r, &p, "no usable transform set");
    else if (addr_is_none(&p.local))
        ipsec_acquire_failed(st->r, &p, "no local address");
    else if (st->km == NULL || st->km->acquire == NULL)
        ipsec_acquire_failed(st->r, &p, "no key manager");
    else
        st->km->acquire(st->km_ctx, &p, 0);
}

/* Consumes f. */
void ipsec_acquire_hold(struct binding *b, struct map_entry *e, const struct ipsec_ident *ident, struct frame *f)
{
    struct ipsec *st = b->st;
    struct acquire *a = acquire_find(b, e->seq, ident);
    if (a == NULL)
        a = acquire_new(b, e->seq, ident);
    if (a == NULL || a->held.n >= IPSEC_HELD_MAX || (!a->pending && a->retry_at > loop_now(st->r->loop))) {
        ip_drop(st->r, "ipsec-no-sa", f);
        return;
    }
    f->next = NULL;
    *a->held.tail = f;
    a->held.tail = &f->next;
    a->held.n++;
    if (!a->pending)
        acquire_ask(a, e);
}

void ipsec_acquire_failed(struct router *r, const struct ipsec_proposal *p, const char *reason)
{
    struct ipsec *st = ipsec_of(r);
    ipsec_sa_rekey_failed(st, p);
    for (struct acquire *a = st->acquires; a != NULL; a = a->next)
        if (a->prop.seq == p->seq && strcmp(a->prop.map, p->map) == 0 && ipsec_ident_equal(&a->prop.ident, &p->ident)) {
            DEBUG(st, DBG_IPSEC, "IPSEC(key_engine): request failed: %s", reason);
            held_drop(st, &a->held, "ipsec-no-sa");
            a->pending = false;
            a->retry_at = loop_now(r->loop) + ACQUIRE_PAUSE;
            timer_start(&a->expire, ACQUIRE_LIFE);
            struct crypto_map *m = ipsec_map_find(st, p->map);
            struct map_entry *e = m != NULL ? ipsec_entry_find(m, p->seq, false) : NULL;
            if (e != NULL && e->n_peers > 1)
                e->peer_at = (e->peer_at + 1) % e->n_peers;
            return;
        }
}

/* The flow can send now: what waited for it leaves, in order. */
void ipsec_acquire_satisfied(struct ipsec *st, struct flow *flow)
{
    for (struct acquire *a = st->acquires, *next; a != NULL; a = next) {
        next = a->next;
        if (a->b != flow->b || a->prop.seq != flow->seq || !ipsec_ident_equal(&a->prop.ident, &flow->ident))
            continue;
        struct frame *f = a->held.head;
        a->held.head = NULL;
        a->held.n = 0;
        a->held.tail = &a->held.head;
        struct netif *out = a->b->nif;
        acquire_free(a);
        while (f != NULL) {
            struct frame *n = f->next;
            struct frame_vec v = {.n = 1, .f = {f}};
            f->next = NULL;
            ipsec_esp_output(st, out, &v);
            if (v.n != 0) /* no longer protected: the policy changed meanwhile */
                ip_drop(st->r, "ipsec-no-sa", v.f[0]);
            f = n;
        }
        return;
    }
}

void ipsec_acquires_drop(struct ipsec *st, struct binding *b)
{
    for (struct acquire *a = st->acquires, *next; a != NULL; a = next) {
        next = a->next;
        if (b == NULL || a->b == b)
            acquire_free(a);
    }
}
