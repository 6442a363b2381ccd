/* The anti-replay window of an inbound SA (RFC 4303 3.4.3, as the ring of RFC 6479) and the arithmetic of
 * sequence numbers across a takeover (DESIGN 4.1). Pure functions: no clock, no packets. Called by the data path
 * and by ipsec_ha.c. */
#include "modules/ipsec/ipsec_internal.h"
#include <string.h>

void ipsec_replay_init(struct replay_window *w, uint32_t size)
{
    memset(w, 0, sizeof *w);
    w->size = size;
}

bool ipsec_replay_check(const struct replay_window *w, uint32_t seq)
{
    if (w->size == 0)
        return true;
    if (seq == 0 || seq <= w->floor)
        return false;
    uint32_t top = STAT_GET(&w->top);
    if (seq > top)
        return true;
    if (top - seq >= w->size)
        return false;
    return (w->bits[(seq / 64) % REPLAY_WORDS] >> (seq % 64) & 1) == 0;
}

bool ipsec_replay_advance(struct replay_window *w, uint32_t seq)
{
    uint64_t bit = UINT64_C(1) << (seq % 64), *word = &w->bits[(seq / 64) % REPLAY_WORDS];
    uint32_t top = STAT_GET(&w->top);
    if (seq > top) {
        uint32_t from = top / 64, to = seq / 64;
        if (to - from >= REPLAY_WORDS)
            memset(w->bits, 0, sizeof w->bits);
        else
            for (uint32_t i = from + 1; i <= to; i++)
                w->bits[i % REPLAY_WORDS] = 0;
        STAT_SET(&w->top, seq);
    }
    bool fresh = (*word & bit) == 0;
    *word |= bit;
    return fresh;
}

void ipsec_replay_refuse_to(struct replay_window *w, uint32_t edge)
{
    /* Numbers up to the edge are refused whatever their bits say, and the words above are cleared when the window gets
     * there: the edge's own word is left, of which the bits behind the edge must be 0. */
    w->bits[(edge / 64) % REPLAY_WORDS] = 0;
    w->top = edge;
    w->floor = edge;
}

/* The highest number the data path may use: never beyond what was handed to SCTP, and never more than P per
 * second beyond what the peer has applied. The half second and the 2M of slack keep a burst within one instant
 * moving; the successor's own 2M and whole second stay above them. */
uint32_t ipsec_reserve_allowed(const struct reservation *v, nstime now, uint32_t m)
{
    if (v->unacked_at == 0 || v->sent <= v->acked)
        return v->sent;
    nstime lag = now - v->unacked_at + NS_PER_S / 2;
    uint64_t cap = v->acked + 2 * (uint64_t)m + (uint64_t)(lag / NS_PER_US) * IPSEC_RATE / 1000000;
    return cap < v->sent ? (uint32_t)cap : v->sent;
}

/* M/2 of the block is used: time for the next one. */
bool ipsec_reserve_wanted(const struct reservation *v, uint32_t seq, uint32_t m)
{
    return (uint64_t)seq + m / 2 >= v->sent;
}

void ipsec_reserve_handed(struct reservation *v, uint32_t limit, nstime now)
{
    if (limit > v->sent)
        v->sent = limit;
    if (v->unacked_at == 0 && v->sent > v->acked)
        v->unacked_at = now > 0 ? now : 1;
}

/* Counting anew from this acknowledgement when more is outstanding errs on the safe side: the cap gets smaller. */
void ipsec_reserve_acked(struct reservation *v, uint32_t limit, nstime now)
{
    if (limit > v->acked)
        v->acked = limit;
    v->unacked_at = v->acked >= v->sent ? 0 : now > 0 ? now : 1;
}

uint32_t ipsec_successor_out(uint32_t limit, uint32_t m, nstime since, bool *rekey)
{
    if (since < 0)
        since = 0;
    uint64_t start = limit + 2 * (uint64_t)m + (uint64_t)((since + NS_PER_S) / NS_PER_US) * IPSEC_RATE / 1000000;
    *rekey = start > IPSEC_SEQ_REKEY;
    return start > UINT32_MAX ? UINT32_MAX : (uint32_t)start;
}

uint32_t ipsec_successor_in(uint32_t edge, uint32_t n, uint32_t rate, nstime t)
{
    uint64_t skip = 1 + 2 * (uint64_t)rate * (uint64_t)(t / NS_PER_MS) / 1000;
    if (skip > 2 * (uint64_t)n)
        skip = 2 * (uint64_t)n;
    uint64_t to = edge + skip;
    return to > UINT32_MAX ? UINT32_MAX : (uint32_t)to;
}
