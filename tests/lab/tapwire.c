/* A wire between two taps, through nothing but the links seam: what a data-plane thread does without a router round it.
 *   tapwire TAP TAP [--no-offload] [--cut] [--join]
 * --cut sends every super-packet as segments, --join joins what was read in one go. On SIGTERM it prints one line of
 * counters: frames and super-packets received, frames sent, what the links dropped by name; status 1 if a frame is
 * neither sent nor counted. Used by tests/lab/test_super and as the bare copy of the benches. */
#include "modules/net/link.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t stop;
static void on_term(int sig)
{
    (void)sig;
    stop = 1;
}

struct wire {
    struct loop *loop;
    struct frame_pool *pool;
    struct link *l[2];
    bool cut, join;
    uint64_t in, in_super, cut_into, joined, sent, sent_super;
};

static void send_on(struct wire *w, struct link *to, struct frame_vec *v)
{
    if (!v->n)
        return;
    for (unsigned i = 0; i < v->n; i++)
        w->sent_super += v->f[i]->gso != 0;
    w->sent += v->n;
    to->ops->tx(to, v);
}

/* Segments of all super-packets; the link header goes in front of each. */
static void cut_all(struct wire *w, struct link *to, struct frame_vec *v)
{
    struct frame_vec out;
    out.n = 0;
    for (unsigned i = 0; i < v->n; i++) {
        struct frame *f = v->f[i], *p;
        struct super_cut c;
        uint8_t ether[ETHER_HLEN];
        if (!f->gso) {
            out.f[out.n++] = f;
            if (out.n == FRAME_VEC)
                send_on(w, to, &out);
            continue;
        }
        memcpy(ether, f->data, sizeof ether);
        frame_pull(f, ETHER_HLEN);
        if (!super_cut_begin(&c, f, 0))
            abort();
        w->cut_into += c.n - 1;
        while ((p = super_cut_next(&c, w->pool, 0))) {
            memcpy(frame_push(p, ETHER_HLEN), ether, sizeof ether);
            out.f[out.n++] = p;
            if (out.n == FRAME_VEC)
                send_on(w, to, &out);
        }
        frame_free(f);
    }
    v->n = 0;
    send_on(w, to, &out);
}

static void join_all(struct wire *w, struct frame_vec *v)
{
    struct frame_vec ip, other;
    ip.n = other.n = 0;
    for (unsigned i = 0; i < v->n; i++) {
        struct frame *f = v->f[i];
        bool is_ip = f->len > ETHER_HLEN && be16(f->data + 12) == ETHERTYPE_IP_ && frame_csum_complete(f);
        if (is_ip)
            frame_pull(f, ETHER_HLEN);
        if (is_ip)
            ip.f[ip.n++] = f;
        else
            other.f[other.n++] = f;
    }
    unsigned n = ip.n;
    super_join(&ip);
    w->joined += n - ip.n;
    v->n = 0;
    for (unsigned i = 0; i < ip.n; i++) {
        frame_push(ip.f[i], ETHER_HLEN);
        v->f[v->n++] = ip.f[i];
    }
    for (unsigned i = 0; i < other.n; i++)
        v->f[v->n++] = other.f[i];
}

static unsigned turn(struct wire *w, unsigned from)
{
    struct frame_vec v;
    struct link *l = w->l[from], *to = w->l[!from];
    unsigned n = l->ops->rx(l, w->pool, 0, &v);
    w->in += n;
    for (unsigned i = 0; i < v.n; i++)
        w->in_super += v.f[i]->gso != 0;
    if (w->join)
        join_all(w, &v);
    if (w->cut)
        cut_all(w, to, &v);
    else
        send_on(w, to, &v);
    return n;
}

static int report(const struct wire *w)
{
    printf("in %llu supers %llu cut %llu joined %llu out %llu outsupers %llu", (unsigned long long)w->in,
           (unsigned long long)w->in_super, (unsigned long long)w->cut_into, (unsigned long long)w->joined,
           (unsigned long long)w->sent, (unsigned long long)w->sent_super);
    for (unsigned k = 0; k < 2; k++)
        for (enum link_drop d = 0; d < LINK_DROPS; d++)
            if (link_drop_get(w->l[k], d))
                printf(" %s %llu", link_drop_name(d), (unsigned long long)link_drop_get(w->l[k], d));
    printf("\n");
    return w->in + w->cut_into - w->joined == w->sent ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct wire w = {0};
    bool offload = true;
    char err[256] = "";
    const char *dev[2] = {NULL, NULL};
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--no-offload"))
            offload = false;
        else if (!strcmp(argv[i], "--cut"))
            w.cut = true;
        else if (!strcmp(argv[i], "--join"))
            w.join = true;
        else
            dev[dev[0] != NULL] = argv[i];
    }
    signal(SIGTERM, on_term);
    w.loop = loop_new_real();
    w.pool = frame_pool_new();
    if (!w.loop || !w.pool || !dev[1])
        return 2;
    frame_pool_adopt(w.pool);
    for (unsigned k = 0; k < 2; k++) {
        w.l[k] = link_tap_open(w.loop, dev[k], offload, err, sizeof err);
        if (!w.l[k]) {
            fprintf(stderr, "%s\n", err);
            return 2;
        }
        w.l[k]->ops->set_carrier(w.l[k], true);
        w.l[k]->ops->pull(w.l[k], true);
    }
    printf("ready tso %d %d\n", w.l[0]->tso, w.l[1]->tso);
    fflush(stdout);
    while (!stop) {
        struct pollfd p[2];
        unsigned n = turn(&w, 0) + turn(&w, 1);
        if (n)
            continue;
        for (unsigned k = 0; k < 2; k++)
            p[k] = (struct pollfd){.fd = w.l[k]->ops->fd(w.l[k]), .events = POLLIN};
        if (p[0].fd < 0 && p[1].fd < 0)
            break;
        poll(p, 2, 1000);
    }
    int rc = report(&w);
    for (unsigned k = 0; k < 2; k++) {
        w.l[k]->ops->pull(w.l[k], false);
        link_close(w.l[k]);
    }
    frame_pool_free(w.pool);
    loop_free(w.loop);
    return rc;
}
