/* Diffie-Hellman at the router's worker thread: an exchange draws its secret here, goes on with other things, and gets
 * IKE_EV_DH_DONE when its values are there. A computation belongs to the worker while it runs and to its exchange
 * before and after; an exchange that ends meanwhile gives it up. Called by ike_main*.c and ike_quick.c. */
#include "modules/core/meter.h"
#include "modules/core/worker.h"
#include "modules/ike/ike_int.h"
#include <stdlib.h>
#include <string.h>

struct ike_dh {
    struct router *r;
    unsigned group;
    uint8_t secret[CRYPTO_DH_MAX], peer[CRYPTO_DH_MAX], pub[CRYPTO_DH_MAX], shared[CRYPTO_DH_MAX];
    size_t secret_len;
    bool has_peer, ok;
    struct dh *dh;          /* made by the first job, used by the second; touched by the worker only */
    struct worker_job *job; /* NULL: it is at rest */
    struct ike_sa *sa;      /* whom to tell: the SA, or */
    struct ike_qm *qm;      /* its quick mode */
    bool unproven;
};

static void run(void *arg)
{
    struct ike_dh *d = arg;
    if (!d->dh) {
        d->dh = dh_new(d->group, d->secret, d->secret_len);
        crypto_wipe(d->secret, sizeof d->secret);
        d->ok = d->dh && dh_public(d->dh, d->pub) == 0;
    }
    if (d->ok && d->has_peer)
        d->ok = dh_shared(d->dh, d->peer, dh_len(d->group), d->shared) == 0;
}

static void drop(void *arg)
{
    struct ike_dh *d = arg;
    dh_free(d->dh);
    crypto_wipe(d, sizeof *d);
    free(d);
}

static void done(void *arg)
{
    struct ike_dh *d = arg;
    d->job = NULL;
    if (d->unproven)
        ike_of(d->r)->n_unproven_dh--;
    if (d->qm)
        ike_fsm_quick(d->qm, IKE_EV_DH_DONE, NULL);
    else
        ike_fsm_main(d->sa, IKE_EV_DH_DONE, NULL);
}

static bool submit(struct ike_dh *d)
{
    static const struct worker_ops ops = {run, done, drop};
    struct ike *k = d->sa->ike;
    unsigned part = meter_enter(d->r->loop, module_part(d->r, &ike_module)); /* sim: the task is ours */
    int rc = worker_submit(d->r->worker, &ops, d, &d->job);
    meter_leave(d->r->loop, part);
    if (rc) {
        k->count.dh_dropped++;
        ip_drop_count(d->r, "ike-dh-queue", 1);
        return false;
    }
    if (d->unproven)
        k->n_unproven_dh++;
    return true;
}

bool ike_dh_start(struct ike_dh **slot, struct ike_sa *sa, struct ike_qm *qm, unsigned group, const uint8_t *peer)
{
    size_t n = dh_secret_len(group), len = dh_len(group);
    struct ike_dh *d = len && n <= CRYPTO_DH_MAX && !*slot ? calloc(1, sizeof *d) : NULL;
    if (!d)
        return false;
    d->r = sa->ike->r;
    d->group = group;
    d->secret_len = n;
    d->sa = sa;
    d->qm = qm;
    d->unproven = !qm && !sa->initiator;
    rng_bytes(d->r, RNG_DH, d->secret, n);
    if (peer)
        memcpy(d->peer, peer, len);
    d->has_peer = peer != NULL;
    if (!submit(d)) {
        drop(d);
        return false;
    }
    *slot = d;
    return true;
}

bool ike_dh_peer(struct ike_dh *d, const uint8_t *peer)
{
    if (!d || d->job || !d->ok)
        return false;
    memcpy(d->peer, peer, dh_len(d->group));
    d->has_peer = true;
    return submit(d);
}

bool ike_dh_busy(const struct ike_dh *d)
{
    return d && d->job;
}

const uint8_t *ike_dh_public(const struct ike_dh *d)
{
    return d && !d->job && d->ok ? d->pub : NULL;
}

const uint8_t *ike_dh_shared(const struct ike_dh *d)
{
    return d && !d->job && d->ok && d->has_peer ? d->shared : NULL;
}

void ike_dh_end(struct ike_dh **slot)
{
    struct ike_dh *d = *slot;
    *slot = NULL;
    if (!d)
        return;
    if (!d->job) {
        drop(d);
        return;
    }
    if (d->unproven)
        d->sa->ike->n_unproven_dh--;
    worker_cancel(d->r->worker, d->job);
}
