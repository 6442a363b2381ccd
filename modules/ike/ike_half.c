/* What a responder keeps of a peer that has not proved itself: small records (1,000; 8 per address; the oldest is
 * recycled (DESIGN 4). */
#include "modules/ike/ike_int.h"
#include <stdlib.h>
#include <string.h>

void ike_half_free(struct ike *k, struct ike_half *h)
{
    struct ike_half **at = &k->half_peers[ike_peer_hash(&h->at.peer)];
    while (*at != h)
        at = &(*at)->peer_next;
    *at = h->peer_next;
    *(h->prev ? &h->prev->next : &k->half_first) = h->next;
    *(h->next ? &h->next->prev : &k->half_last) = h->prev;
    k->n_half--;
    free(h);
}

void ike_half_expire(struct ike *k)
{
    nstime now = loop_now(k->r->loop);
    while (k->half_first && now - k->half_first->born > 2 * IKE_UNPROVEN_LIFE)
        ike_half_free(k, k->half_first);
}

void ike_half_fire(void *arg)
{
    struct ike *k = arg;
    ike_half_expire(k);
    if (k->half_first)
        timer_start(&k->half_timer, 2 * IKE_UNPROVEN_LIFE);
}

struct ike_half *ike_half_new(struct ike *k, const struct ike_endpoint *at)
{
    unsigned of_peer = 0;
    struct ike_half *oldest_of_peer = NULL;
    struct ike_half **bucket = &k->half_peers[ike_peer_hash(&at->peer)];
    for (struct ike_half *h = *bucket; h; h = h->peer_next) /* newest first */
        if (addr_equal(&h->at.peer, &at->peer)) {
            of_peer++;
            oldest_of_peer = h;
        }
    struct ike_half *victim = of_peer >= IKE_HALF_PER_PEER ? oldest_of_peer
                              : k->n_half >= IKE_HALF_MAX  ? k->half_first
                                                           : NULL;
    if (victim) {
        k->count.half_recycled++;
        ike_half_free(k, victim);
    }
    struct ike_half *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->born = loop_now(k->r->loop);
    h->at = *at;
    h->peer_next = *bucket;
    *bucket = h;
    h->prev = k->half_last;
    *(k->half_last ? &k->half_last->next : &k->half_first) = h;
    k->half_last = h;
    k->n_half++;
    if (!timer_armed(&k->half_timer))
        timer_start(&k->half_timer, 2 * IKE_UNPROVEN_LIFE + NS_PER_S);
    return h;
}

struct ike_half *ike_half_find(struct ike *k, const uint8_t ci[8], const uint8_t cr[8], const struct ike_endpoint *at)
{
    for (struct ike_half *h = k->half_peers[ike_peer_hash(&at->peer)]; h; h = h->peer_next)
        if (memcmp(h->ci, ci, 8) == 0 && (!cr || memcmp(h->cr, cr, 8) == 0) && addr_equal(&h->at.peer, &at->peer) &&
            addr_equal(&h->at.local, &at->local) && h->at.pport == at->pport)
            return h;
    return NULL;
}
