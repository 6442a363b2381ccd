/* The active side of synchronisation, state based (state-sync 4.6): objects on a dirty list in the order of change;
 * when the association takes more, the first one's current state is encoded and sent. A slow standby only coalesces.
 * Deletes are tombstones in the same list. Called through core/sync.h by the modules that own the objects, and by
 * redundancy_session.c. */
#include "modules/crypto/crypto.h"
#include "modules/redundancy/redundancy_int.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEND_BATCH_BYTES 16384
#define SEND_BATCH_OBJECTS 400           /* state-sync 4.3, REPLAY */
#define SEND_LAG_DEGRADED (5 * NS_PER_S) /* state-sync 4.6 */
#define SEND_LAG_ABORT (60 * NS_PER_S)
#define SEND_DIGEST_WAIT (10 * NS_PER_S) /* a snapshot among constant change ends without a digest */

static bool sending(const struct redundancy *rd)
{
    return rd->state == RF_ACTIVE && rd->session.up && rd->session.compatible && redundancy_in_force(rd);
}

/* ---- lists and table ---- */

static unsigned bucket_of(const struct sync_class *cls, const struct sync_key *key)
{
    uint32_t h = 2166136261u ^ cls->add;
    for (unsigned i = 0; i < key->len; i++)
        h = (h ^ key->b[i]) * 16777619u;
    return (h ^ h >> 15) % REDUNDANCY_BUCKETS;
}

static struct redundancy_item *item_find(struct redundancy_sender *s, const struct sync_class *cls,
                                         const struct sync_key *key)
{
    struct redundancy_item *it = s->bucket[bucket_of(cls, key)];
    while (it && (it->cls != cls || it->key.len != key->len || memcmp(it->key.b, key->b, key->len)))
        it = it->hash_next;
    return it;
}

static void dirty_add(struct redundancy_sender *s, struct redundancy_item *it)
{
    it->dirty = true;
    it->next = NULL;
    it->prev = s->dirty.tail;
    if (s->dirty.tail)
        s->dirty.tail->next = it;
    else
        s->dirty.head = it;
    s->dirty.tail = it;
    s->dirty.n++;
    s->dirty_snap += it->cls->snapshot;
}

static void dirty_del(struct redundancy_sender *s, struct redundancy_item *it)
{
    *(it->prev ? &it->prev->next : &s->dirty.head) = it->next;
    *(it->next ? &it->next->prev : &s->dirty.tail) = it->prev;
    it->dirty = false;
    s->dirty.n--;
    s->dirty_snap -= it->cls->snapshot;
}

static void flying_add(struct redundancy_sender *s, struct redundancy_item *it)
{
    it->flying = true;
    it->fly_next = NULL;
    it->fly_prev = s->flying.tail;
    if (s->flying.tail)
        s->flying.tail->fly_next = it;
    else
        s->flying.head = it;
    s->flying.tail = it;
    s->flying.n++;
}

static void flying_del(struct redundancy_sender *s, struct redundancy_item *it)
{
    *(it->fly_prev ? &it->fly_prev->fly_next : &s->flying.head) = it->fly_next;
    *(it->fly_next ? &it->fly_next->fly_prev : &s->flying.tail) = it->fly_prev;
    it->flying = false;
    s->flying.n--;
}

static void item_free(struct redundancy_sender *s, struct redundancy_item *it)
{
    struct redundancy_item **pp = &s->bucket[bucket_of(it->cls, &it->key)];
    while (*pp != it)
        pp = &(*pp)->hash_next;
    *pp = it->hash_next;
    s->items--;
    free(it);
}

static struct redundancy_item *item_get(struct redundancy *rd, const struct sync_class *cls, const struct sync_key *key)
{
    struct redundancy_sender *s = &rd->send;
    struct redundancy_item *it = item_find(s, cls, key);
    if (it)
        return it;
    if (s->items >= REDUNDANCY_ITEMS_MAX || !key->len || key->len > SYNC_KEY_MAX || !(it = calloc(1, sizeof *it))) {
        rd->count.items_refused++;
        return NULL;
    }
    it->cls = cls;
    it->key = *key;
    unsigned b = bucket_of(cls, key);
    it->hash_next = s->bucket[b];
    s->bucket[b] = it;
    s->items++;
    return it;
}

static void mark(struct redundancy *rd, const struct sync_class *cls, const struct sync_key *key, bool tomb,
                 uint8_t reason)
{
    if (!sending(rd))
        return;
    struct redundancy_item *it = item_get(rd, cls, key);
    if (!it)
        return;
    it->tomb = tomb;
    it->reason = reason;
    if (!it->dirty)
        dirty_add(&rd->send, it);
    loop_defer(rd->router->loop, &rd->send.pump);
}

/* ---- records ---- */

static struct builder record_begin(struct redundancy *rd, uint8_t type)
{
    struct builder b = builder_make(rd->send.record, sizeof rd->send.record);
    redundancy_record_begin(&b, type, 0, rd->session.my_epoch, ++rd->send.seq);
    return b;
}

/* 0; or -EAGAIN: the record is kept and goes first, once there is room. */
static int record_end(struct redundancy *rd, struct builder *b)
{
    int rc = redundancy_session_send(rd, IPC_STREAM_STATE, b);
    if (rc == -EAGAIN) {
        rd->send.pending = b->len;
        rd->send.blocked = true;
        rd->count.tx_blocked++;
    }
    return rc;
}

static bool put_object(struct redundancy *rd, struct builder *b, struct redundancy_item *it)
{
    size_t start = b->len;
    size_t tlv = redundancy_tlv_begin(b, REDUNDANCY_TLV_OBJECT);
    builder_u8(b, it->key.len);
    builder_bytes(b, it->key.b, it->key.len);
    builder_u32(b, it->cls->version ? it->cls->version(rd->router, &it->key) : 0);
    enum sync_result res = it->cls->encode(rd->router, &it->key, b);
    redundancy_tlv_end(b, tlv);
    if (res == SYNC_OK && builder_ok(b))
        return true;
    b->len = start; /* gone meanwhile, or too long for what is left of the record */
    b->error = false;
    return false;
}

static void put_tomb(struct builder *b, const struct redundancy_item *it)
{
    size_t tlv = redundancy_tlv_begin(b, REDUNDANCY_TLV_TOMB);
    builder_u8(b, it->key.len);
    builder_bytes(b, it->key.b, it->key.len);
    builder_u8(b, it->reason);
    redundancy_tlv_end(b, tlv);
}

static void item_sent(struct redundancy *rd, struct redundancy_item *it)
{
    struct redundancy_sender *s = &rd->send;
    it->seq = s->seq;
    it->sent = loop_now(rd->router->loop);
    if (it->flying)
        flying_del(s, it);
    flying_add(s, it);
    if (it->tomb)
        rd->count.deletes_sent++;
    else
        rd->count.objects_sent++;
}

/* One record from the head of the dirty list: one object, or a batch of counters. */
static int send_objects(struct redundancy *rd)
{
    struct redundancy_sender *s = &rd->send;
    const struct sync_class *cls = s->dirty.head->cls;
    bool tomb = s->dirty.head->tomb;
    struct builder b = record_begin(rd, tomb && cls->del ? cls->del : cls->add);
    unsigned n = 0, most = cls->snapshot ? 1 : SEND_BATCH_OBJECTS;
    struct redundancy_item *it;
    while ((it = s->dirty.head) && it->cls == cls && it->tomb == tomb && n < most && b.len < SEND_BATCH_BYTES) {
        bool put = true;
        dirty_del(s, it);
        if (tomb)
            put_tomb(&b, it);
        else
            put = put_object(rd, &b, it);
        if (put) {
            item_sent(rd, it);
            n++;
        } else if (!it->flying) {
            item_free(s, it);
        }
    }
    if (!n) {
        s->seq--;
        return 0;
    }
    return record_end(rd, &b);
}

static void count_one(void *ctx, const struct sync_key *key)
{
    (void)key;
    ++*(unsigned *)ctx;
}

static int send_snap(struct redundancy *rd, uint8_t type, bool digest)
{
    struct redundancy_sender *s = &rd->send;
    unsigned n = 0, classes;
    uint64_t sum = 0;
    if (digest) {
        sum = redundancy_recv_digest(rd, &n);
    } else {
        const struct sync_class *const *list = sync_classes(rd->router, &classes);
        for (unsigned i = 0; i < classes; i++)
            if (list[i]->snapshot && list[i]->enumerate)
                list[i]->enumerate(rd->router, count_one, &n);
    }
    struct builder b = record_begin(rd, type);
    size_t tlv = redundancy_tlv_begin(&b, REDUNDANCY_TLV_SNAP);
    builder_u32(&b, s->generation);
    builder_u32(&b, n);
    builder_u8(&b, digest);
    builder_u64(&b, sum);
    redundancy_tlv_end(&b, tlv);
    s->snap_objects = n;
    return record_end(rd, &b);
}

struct snap_mark {
    struct redundancy *rd;
    const struct sync_class *cls;
};

static void snap_mark_one(void *ctx, const struct sync_key *key)
{
    struct snap_mark *m = ctx;
    mark(m->rd, m->cls, key, false, 0);
}

/* SNAP_BEGIN goes before anything that is still dirty: what the standby gets after it is fresh. */
static int snap_begin(struct redundancy *rd)
{
    struct redundancy_sender *s = &rd->send;
    unsigned n;
    const struct sync_class *const *list = sync_classes(rd->router, &n);
    s->snap_wanted = false;
    s->snap_running = true;
    s->snap_at = loop_now(rd->router->loop);
    s->generation++;
    rd->count.snapshots_sent++;
    redundancy_debug(rd, REDUNDANCY_DEBUG_PROGRESSION, "RF: bulk sync %u begins", s->generation);
    int rc = send_snap(rd, REDUNDANCY_SNAP_BEGIN, false);
    for (unsigned i = 0; i < n; i++) {
        struct snap_mark m = {rd, list[i]};
        if (list[i]->snapshot && list[i]->enumerate)
            list[i]->enumerate(rd->router, snap_mark_one, &m);
    }
    return rc;
}

static int snap_end(struct redundancy *rd, bool digest)
{
    rd->send.snap_running = false;
    redundancy_debug(rd, REDUNDANCY_DEBUG_PROGRESSION, "RF: bulk sync %u sent", rd->send.generation);
    return send_snap(rd, REDUNDANCY_SNAP_END, digest);
}

/* Sends up to `most` records; true if more could follow at once. */
static bool pump(struct redundancy *rd, unsigned most)
{
    struct redundancy_sender *s = &rd->send;
    for (unsigned i = 0; i < most && sending(rd) && !s->blocked; i++) {
        int rc = 0;
        if (s->snap_wanted)
            rc = snap_begin(rd);
        else if (s->snap_running && !s->dirty_snap)
            rc = snap_end(rd, true);
        else if (s->snap_running && loop_now(rd->router->loop) - s->snap_at > SEND_DIGEST_WAIT)
            rc = snap_end(rd, false);
        else if (s->dirty.head)
            rc = send_objects(rd);
        else
            return false;
        if (rc)
            return false;
    }
    return sending(rd) && !s->blocked && (s->dirty.head || s->snap_wanted || s->snap_running);
}

static void pump_turn(void *arg)
{
    struct redundancy *rd = arg;
    if (pump(rd, REDUNDANCY_TURN))
        loop_defer(rd->router->loop, &rd->send.pump);
}

void redundancy_send_writable(struct redundancy *rd)
{
    struct redundancy_sender *s = &rd->send;
    if (s->pending) {
        if (ipc_send(rd->ipc, IPC_STREAM_STATE, s->record, s->pending) == -EAGAIN)
            return;
        s->pending = 0;
        rd->count.tx++;
    }
    s->blocked = false;
    loop_defer(rd->router->loop, &s->pump);
}

void redundancy_send_snapshot(struct redundancy *rd)
{
    if (!sending(rd))
        return;
    rd->send.snap_wanted = true;
    loop_defer(rd->router->loop, &rd->send.pump);
}

void redundancy_send_all(struct redundancy *rd)
{
    pump(rd, 4 * REDUNDANCY_ITEMS_MAX);
}

void redundancy_send_acked(struct redundancy *rd, uint32_t seq)
{
    struct redundancy_sender *s = &rd->send;
    struct redundancy_item *it;
    if ((int32_t)(seq - s->acked) > 0 && (int32_t)(seq - s->seq) <= 0)
        s->acked = seq;
    while ((it = s->flying.head) && (int32_t)(it->seq - s->acked) <= 0) {
        flying_del(s, it);
        if (!it->tomb && it->cls->acked)
            it->cls->acked(rd->router, &it->key);
        if (!it->dirty && !it->flying)
            item_free(s, it);
    }
    if (s->degraded && !s->flying.head) {
        s->degraded = false;
        log_event(rd->router, rd->cause, "redundancy", "sync-recovered", "the standby acknowledges again");
    }
}

void redundancy_send_check(struct redundancy *rd)
{
    struct redundancy_sender *s = &rd->send;
    if (!s->flying.head)
        return;
    nstime lag = loop_now(rd->router->loop) - s->flying.head->sent;
    if (lag > SEND_LAG_ABORT) {
        log_event(rd->router, rd->cause, "redundancy", "sync-abort", "no acknowledgement for 60 s");
        ipc_reset(rd->ipc, "no acknowledgement for 60 s");
        redundancy_send_reset(rd);
    } else if (lag > SEND_LAG_DEGRADED && !s->degraded) {
        s->degraded = true;
        log_event(rd->router, rd->cause, "redundancy", "sync-degraded", "acknowledgement lags, %u objects waiting",
                  s->flying.n);
    }
}

void redundancy_send_reset(struct redundancy *rd)
{
    struct redundancy_sender *s = &rd->send;
    while (s->dirty.head)
        dirty_del(s, s->dirty.head);
    while (s->flying.head)
        flying_del(s, s->flying.head);
    for (unsigned i = 0; i < REDUNDANCY_BUCKETS && s->items; i++)
        while (s->bucket[i])
            item_free(s, s->bucket[i]);
    s->snap_running = s->snap_wanted = s->blocked = s->degraded = false;
    s->seq = s->acked = 0;
    s->pending = 0;
    crypto_wipe(s->record, sizeof s->record); /* it held keys */
}

void redundancy_send_init(struct redundancy *rd)
{
    rd->send.pump = (struct task){.run = pump_turn, .arg = rd};
}

void redundancy_send_fini(struct redundancy *rd)
{
    redundancy_send_reset(rd);
    loop_cancel(rd->router->loop, &rd->send.pump);
}

/* ---- the hub ---- */

static void hub_dirty(struct router *r, const struct sync_class *cls, const struct sync_key *key)
{
    mark(redundancy_of(r), cls, key, false, 0);
}

static void hub_deleted(struct router *r, const struct sync_class *cls, const struct sync_key *key, uint8_t reason)
{
    if (cls->del)
        mark(redundancy_of(r), cls, key, true, reason);
}

static void hub_flush(struct router *r)
{
    pump_turn(redundancy_of(r));
}

static bool hub_peer_ready(struct router *r)
{
    const struct redundancy *rd = redundancy_of(r);
    return sending(rd) && rd->peer_state == RF_STANDBY_HOT;
}

static nstime hub_last_heard(struct router *r)
{
    return redundancy_of(r)->recv.heard;
}

const struct sync_hub redundancy_hub = {
    .dirty = hub_dirty,
    .deleted = hub_deleted,
    .flush = hub_flush,
    .peer_ready = hub_peer_ready,
    .last_heard = hub_last_heard,
};
