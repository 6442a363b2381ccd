/* The standby side of synchronisation: checks who sent a record (an ACTIVE peer of this session, of a term not older
 * than ours), applies objects through their classes, marks and sweeps around a snapshot, compares digests,
 * acknowledges. Also the count, digest and disposal of what is held. Called by redundancy_session.c and redundancy.c.
 */
#include "modules/redundancy/redundancy_int.h"
#include <stdio.h>
#include <string.h>

#define RECV_ACK_DELAY (50 * NS_PER_MS) /* state-sync 4.3 */
#define RECV_ACK_EVERY 64
#define RECV_RESYNC_AGAIN NS_PER_S
#define RECV_MISMATCHES 3

static void ack_send(void *arg)
{
    struct redundancy *rd = arg;
    uint8_t buf[64];
    timer_stop(&rd->recv.ack);
    rd->recv.unacked = 0;
    if (!rd->session.up)
        return;
    struct builder b = builder_make(buf, sizeof buf);
    redundancy_record_begin(&b, REDUNDANCY_ACK, 0, rd->session.my_epoch, 0);
    redundancy_tlv_u32(&b, REDUNDANCY_TLV_APPLIED, rd->recv.applied);
    redundancy_session_send(rd, IPC_STREAM_STATE, &b);
}

static void resync_ask(struct redundancy *rd, const char *reason)
{
    struct redundancy_receiver *v = &rd->recv;
    nstime now = loop_now(rd->router->loop);
    if (v->resync_asked && now - v->resync_at < RECV_RESYNC_AGAIN)
        return;
    v->resync_asked = true;
    v->resync_at = now;
    rd->count.resyncs++;
    log_event(rd->router, rd->cause, "redundancy", "resync", "%s", reason);
    redundancy_debug(rd, REDUNDANCY_DEBUG_ERRORS, "RF: asking for a new bulk sync: %s", reason);
    redundancy_session_say(rd, REDUNDANCY_RESYNC_REQ, reason);
}

/* ---- what is held ---- */

struct digest {
    struct router *r;
    const struct sync_class *cls;
    uint64_t sum;
    unsigned n;
};

static void digest_one(void *ctx, const struct sync_key *key)
{
    struct digest *d = ctx;
    d->n++;
    d->sum += redundancy_digest_share(d->cls->add, key, d->cls->version ? d->cls->version(d->r, key) : 0);
}

uint64_t redundancy_recv_digest(struct redundancy *rd, unsigned *objects)
{
    unsigned n;
    const struct sync_class *const *list = sync_classes(rd->router, &n);
    struct digest d = {.r = rd->router};
    for (unsigned i = 0; i < n; i++) {
        d.cls = list[i];
        if (list[i]->snapshot && list[i]->enumerate)
            list[i]->enumerate(rd->router, digest_one, &d);
    }
    *objects = d.n;
    return d.sum;
}

static void count_one(void *ctx, const struct sync_key *key)
{
    (void)key;
    ++*(unsigned *)ctx;
}

/* Asked for in the middle of a takeover: counts, without the digest's lookups. */
unsigned redundancy_recv_objects(struct redundancy *rd)
{
    unsigned n, objects = 0;
    const struct sync_class *const *list = sync_classes(rd->router, &n);
    for (unsigned i = 0; i < n; i++) {
        if (!list[i]->snapshot || !list[i]->enumerate)
            continue;
        if (list[i]->count)
            objects += list[i]->count(rd->router);
        else
            list[i]->enumerate(rd->router, count_one, &objects);
    }
    return objects;
}

void redundancy_recv_stale(struct redundancy *rd)
{
    unsigned n;
    const struct sync_class *const *list = sync_classes(rd->router, &n);
    for (unsigned i = 0; i < n; i++)
        if (list[i]->snapshot && list[i]->mark_stale)
            list[i]->mark_stale(rd->router);
}

void redundancy_recv_discard(struct redundancy *rd, event_id cause)
{
    unsigned n;
    const struct sync_class *const *list = sync_classes(rd->router, &n);
    for (unsigned i = n; i-- > 0;)
        if (list[i]->discard_all)
            list[i]->discard_all(rd->router, cause);
}

static unsigned recv_sweep(struct redundancy *rd)
{
    unsigned n, swept = 0;
    const struct sync_class *const *list = sync_classes(rd->router, &n);
    for (unsigned i = n; i-- > 0;)
        if (list[i]->snapshot && list[i]->sweep_stale)
            swept += list[i]->sweep_stale(rd->router, rd->cause);
    return swept;
}

/* ---- snapshots ---- */

static void snap_begin(struct redundancy *rd, struct cursor *c)
{
    struct redundancy_receiver *v = &rd->recv;
    struct redundancy_control r;
    if (!redundancy_control_read(c, &r, NULL, NULL) || !r.has_snap) {
        rd->count.rx_errors++;
        return;
    }
    v->snap_running = true;
    v->resync_asked = false;
    v->generation = r.generation;
    v->snap_objects = v->refused = 0;
    redundancy_recv_stale(rd);
    redundancy_event(rd, RF_EV_SNAP_BEGIN, 0);
}

static void snap_mismatch(struct redundancy *rd, const char *what)
{
    struct redundancy_receiver *v = &rd->recv;
    if (++v->mismatches >= RECV_MISMATCHES) {
        v->mismatches = 0;
        log_event(rd->router, rd->cause, "redundancy", "sync-abort", "%s, for the third time", what);
        ipc_reset(rd->ipc, what);
        return;
    }
    resync_ask(rd, what);
}

static void snap_end(struct redundancy *rd, struct cursor *c)
{
    struct redundancy_receiver *v = &rd->recv;
    struct redundancy_control r;
    unsigned objects;
    if (!redundancy_control_read(c, &r, NULL, NULL) || !r.has_snap) {
        rd->count.rx_errors++;
        return;
    }
    if (!v->snap_running || r.generation != v->generation) {
        resync_ask(rd, "end of another bulk sync");
        return;
    }
    v->snap_running = false;
    unsigned swept = recv_sweep(rd);
    uint64_t sum = redundancy_recv_digest(rd, &objects);
    if (r.has_digest && (v->refused ? objects + v->refused < r.objects : sum != r.digest)) {
        snap_mismatch(rd, "digest of the bulk sync differs");
        return;
    }
    v->mismatches = 0;
    v->synced = true;
    v->synced_at = loop_now(rd->router->loop);
    rd->count.snapshots_applied++;
    log_event(rd->router, rd->cause, "redundancy", "bulk-sync", "%u objects, %u refused, %u stale ones removed",
              objects, v->refused, swept);
    redundancy_event(rd, RF_EV_SNAP_DONE, 0);
    ack_send(rd);
}

/* ---- objects ---- */

struct apply {
    struct redundancy *rd;
    const struct sync_class *cls;
    uint8_t type;
    const char *resync; /* why a snapshot is needed; NULL: not */
};

static bool apply_one(void *ctx, struct redundancy_object *o)
{
    struct apply *a = ctx;
    struct redundancy *rd = a->rd;
    if (o->tomb) {
        if (a->cls->remove)
            a->cls->remove(rd->router, &o->key, o->reason, rd->cause);
        rd->count.deletes_applied++;
        return true;
    }
    if (a->cls->snapshot && rd->recv.snap_running && ++rd->recv.snap_objects > 2 * REDUNDANCY_OBJECTS_MAX) {
        a->resync = "too many objects";
        return false;
    }
    switch (a->cls->apply(rd->router, &o->key, &o->body, rd->cause)) {
    case SYNC_OK:
        rd->count.objects_applied++;
        break;
    case SYNC_REFUSED:
        rd->count.objects_refused++;
        if (a->cls->snapshot && rd->recv.snap_running)
            rd->recv.refused++;
        break;
    case SYNC_GONE:
        break;
    case SYNC_RESYNC:
        a->resync = a->cls->name;
        return false;
    }
    return true;
}

static const struct sync_class *class_of(struct redundancy *rd, uint8_t type)
{
    unsigned n;
    const struct sync_class *const *list = sync_classes(rd->router, &n);
    for (unsigned i = 0; i < n; i++)
        if (type && (list[i]->add == type || list[i]->update == type || list[i]->del == type))
            return list[i];
    return NULL;
}

static void apply_objects(struct redundancy *rd, uint8_t type, struct cursor *c)
{
    struct apply a = {.rd = rd, .cls = class_of(rd, type), .type = type};
    char why[80];
    if (!a.cls || !a.cls->apply)
        return; /* of a class this build does not have: the digest tells whether that matters */
    if (!redundancy_objects_read(c, apply_one, &a)) {
        rd->count.rx_errors++;
        resync_ask(rd, "malformed record");
    } else if (a.resync) {
        snprintf(why, sizeof why, "cannot apply: %s", a.resync);
        resync_ask(rd, why);
    }
}

/* Standby accepts state only from a peer that says ACTIVE with a term not older than its own (state-sync 4.5.7). */
static bool from_active(struct redundancy *rd)
{
    return rd->session.up && rd->session.compatible && !redundancy_rf_is_active(rd->state) &&
           redundancy_rf_is_active(rd->peer_state) && (int32_t)(rd->session.peer.term - rd->term) >= 0;
}

static void state_record(struct redundancy *rd, const struct redundancy_header *h, struct cursor *c)
{
    struct redundancy_receiver *v = &rd->recv;
    if (!from_active(rd)) {
        rd->count.rx_not_active++;
        if (redundancy_rf_is_active(rd->state) && log_ratelimit(rd->router, "redundancy-role", 1))
            redundancy_session_role(rd);
        return;
    }
    v->heard = loop_now(rd->router->loop);
    if (h->seq != v->applied + 1) {
        rd->count.rx_gaps++;
        resync_ask(rd, "gap in the sequence of records");
    }
    v->applied = h->seq;
    if (h->type == REDUNDANCY_SNAP_BEGIN)
        snap_begin(rd, c);
    else if (h->type == REDUNDANCY_SNAP_END)
        snap_end(rd, c);
    else
        apply_objects(rd, h->type, c);
    if (++v->unacked >= RECV_ACK_EVERY)
        ack_send(rd);
    else if (!timer_armed(&v->ack))
        timer_start(&v->ack, RECV_ACK_DELAY);
}

void redundancy_recv_record(struct redundancy *rd, const struct redundancy_header *h, struct cursor *c)
{
    struct redundancy_control r;
    switch (h->type) {
    case REDUNDANCY_ACK:
        if (redundancy_control_read(c, &r, NULL, NULL) && r.has_applied)
            redundancy_send_acked(rd, r.applied);
        else
            rd->count.rx_errors++;
        return;
    case REDUNDANCY_RESYNC_REQ:
        if (redundancy_control_read(c, &r, NULL, NULL))
            log_event(rd->router, rd->cause, "redundancy", "resync-asked", "%s", r.reason);
        redundancy_send_snapshot(rd);
        return;
    case REDUNDANCY_ERROR:
        rd->count.rx_errors++;
        return;
    default:
        state_record(rd, h, c);
    }
}

void redundancy_recv_reset(struct redundancy *rd)
{
    struct redundancy_receiver *v = &rd->recv;
    timer_stop(&v->ack);
    v->applied = 0;
    v->unacked = 0;
    v->snap_running = false;
    v->resync_asked = false;
    v->mismatches = 0;
}

void redundancy_recv_init(struct redundancy *rd)
{
    timer_init(&rd->recv.ack, rd->router->loop, ack_send, rd);
}

void redundancy_recv_fini(struct redundancy *rd)
{
    timer_stop(&rd->recv.ack);
}
