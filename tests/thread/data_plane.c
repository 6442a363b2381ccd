/* The data plane's threads against everything that the control plane changes meanwhile: two routers in one loop, wired
 * by pipes, a generator thread that sends through both, and every millisecond a command: shutdown, access lists,
 * routes, crypto maps, SAs, counters read and cleared. Run under ThreadSanitizer and AddressSanitizer; ends with a
 * check that traffic still passes and that the invariants hold. Usage: data_plane [SECONDS] */
#include "modules/core/log.h"
#include "modules/core/router.h"
#include "modules/net/dp.h"
#include "parser/session.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- a pipe: what one side sends the other receives ---- */

enum { PIPE_SLOTS = 512, PIPE_FRAME = 1600 };
struct pipe_queue {
    pthread_mutex_t lock;
    int fd;
    unsigned head, tail;
    uint16_t len[PIPE_SLOTS];
    uint8_t bytes[PIPE_SLOTS][PIPE_FRAME];
};
struct pipe_link {
    struct link link; /* first */
    struct pipe_queue *in, *out;
};
struct node {
    struct router *r;
    struct rng *rng;
    struct storage storage;
    struct router_host host;
    struct session *session;
    bool busy;
    unsigned rejected;
    struct pipe_link port[2];
};
struct bed {
    struct loop *loop;
    struct node n[2];
    struct pipe_queue *q[6]; /* into r1 inside, r1 outside, r2 outside, r2 inside; out of r1 inside, r2 inside */
    atomic_bool stop;
    _Atomic(uint64_t) sent, got;
    unsigned step;
    struct timer tick;
    nstime end;
};

static struct pipe_queue *queue_new(void)
{
    struct pipe_queue *q = calloc(1, sizeof *q);
    pthread_mutex_init(&q->lock, NULL);
    q->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return q;
}

static void queue_put(struct pipe_queue *q, const uint8_t *p, size_t len)
{
    uint64_t one = 1;
    pthread_mutex_lock(&q->lock);
    if (q->head - q->tail < PIPE_SLOTS && len <= PIPE_FRAME) {
        memcpy(q->bytes[q->head % PIPE_SLOTS], p, len);
        q->len[q->head++ % PIPE_SLOTS] = (uint16_t)len;
    }
    pthread_mutex_unlock(&q->lock);
    if (write(q->fd, &one, sizeof one) < 0)
        return;
}

static size_t queue_get(struct pipe_queue *q, uint8_t out[PIPE_FRAME])
{
    size_t n = 0;
    pthread_mutex_lock(&q->lock);
    if (q->tail != q->head) {
        n = q->len[q->tail % PIPE_SLOTS];
        memcpy(out, q->bytes[q->tail++ % PIPE_SLOTS], n);
    }
    pthread_mutex_unlock(&q->lock);
    return n;
}

static void pipe_tx(struct link *l, struct frame_vec *v)
{
    for (unsigned i = 0; i < v->n; i++)
        queue_put(((struct pipe_link *)l)->out, v->f[i]->data, v->f[i]->len);
    frame_free_vec(v);
}

static unsigned pipe_rx(struct link *l, struct frame_pool *pool, nstime now, struct frame_vec *v)
{
    struct pipe_queue *q = ((struct pipe_link *)l)->in;
    uint8_t buf[PIPE_FRAME];
    uint64_t n;
    if (read(q->fd, &n, sizeof n) < 0)
        n = 0;
    for (v->n = 0; v->n < FRAME_VEC;) {
        size_t len = queue_get(q, buf);
        struct frame *f = len ? frame_alloc_from(pool, now) : NULL;
        if (!f)
            break;
        memcpy(frame_put(f, (uint32_t)len), buf, len);
        v->f[v->n++] = f;
    }
    return v->n;
}

static int pipe_fd(struct link *l)
{
    return ((struct pipe_link *)l)->in->fd;
}

static void pipe_pull(struct link *l, bool on)
{
    (void)l;
    (void)on;
}

static void pipe_carrier(struct link *l, bool on)
{
    (void)l;
    (void)on;
}

static void pipe_close(struct link *l)
{
    (void)l;
}

static const struct link_ops pipe_ops = {
    .tx = pipe_tx, .rx = pipe_rx, .fd = pipe_fd, .pull = pipe_pull, .set_carrier = pipe_carrier, .close = pipe_close};

static struct link *open_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct node *n = ctx;
    (void)r;
    (void)mtu;
    return strncmp(ifname, "Ethernet0/", 10) ? NULL : &n->port[ifname[10] - '0'].link;
}

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx;
    (void)r;
    (void)reason;
}

/* ---- hosts: one thread that sends at r1's inside and counts what r2's inside gives ---- */

static void put16be(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static const uint8_t host_mac[6] = {2, 0, 0, 0, 0, 9};

static void arp_answer(struct pipe_queue *to, const uint8_t *ask)
{
    uint8_t f[42];
    memcpy(f, ask, 42);
    memcpy(f, ask + 6, 6);
    memcpy(f + 6, host_mac, 6);
    f[21] = 2;
    memcpy(f + 22, host_mac, 6);
    memcpy(f + 28, ask + 38, 4);
    memcpy(f + 32, ask + 22, 10);
    queue_put(to, f, sizeof f);
}

static void send_one(struct bed *b, const uint8_t *gw, unsigned flow)
{
    uint8_t f[142] = {0}, *ip = f + 14;
    memcpy(f, gw, 6);
    memcpy(f + 6, host_mac, 6);
    put16be(f + 12, 0x0800);
    ip[0] = 0x45;
    put16be(ip + 2, 128);
    ip[8] = 64;
    ip[9] = 17;
    memcpy(ip + 12, (uint8_t[]){10, 1, 0, 10, 10, 2, 0, 10}, 8);
    if (flow % 8 == 7) /* not protected: in clear */
        memcpy(ip + 12, (uint8_t[]){10, 1, 0, 11, 10, 2, 0, 11}, 8);
    uint32_t sum = 0;
    for (unsigned i = 0; i < 20; i += 2)
        sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    put16be(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
    put16be(ip + 20, 1000 + flow);
    put16be(ip + 22, 2000);
    put16be(ip + 24, 108);
    queue_put(b->q[0], f, sizeof f);
    atomic_fetch_add(&b->sent, 1);
    if (flow % 8 == 3) { /* the same in a VLAN that comes and goes */
        uint8_t tagged[sizeof f + 4];
        memcpy(tagged, f, 12);
        put16be(tagged + 12, 0x8100);
        put16be(tagged + 14, 20);
        memcpy(tagged + 16, f + 12, sizeof f - 12);
        queue_put(b->q[0], tagged, sizeof tagged);
    }
}

static void *host_main(void *arg)
{
    struct bed *b = arg;
    uint8_t buf[PIPE_FRAME], gw[6] = {0};
    bool know = false;
    for (unsigned n = 0; !atomic_load(&b->stop); n++) {
        size_t len;
        while ((len = queue_get(b->q[4], buf)) != 0)
            if (len >= 42 && buf[12] == 8 && buf[13] == 6) {
                memcpy(gw, buf + 6, 6);
                know = true;
                if (buf[21] == 1 && buf[41] >= 10)
                    arp_answer(b->q[0], buf);
            }
        while ((len = queue_get(b->q[5], buf)) != 0) {
            if (len >= 42 && buf[12] == 8 && buf[13] == 6 && buf[21] == 1 && buf[41] >= 10)
                arp_answer(b->q[3], buf);
            else if (len >= 34 && buf[12] == 8 && buf[13] == 0)
                atomic_fetch_add(&b->got, 1);
        }
        if (know)
            for (unsigned i = 0; i < 8; i++)
                send_one(b, gw, (n + i) % 32);
        struct timespec ts = {.tv_nsec = 200000};
        nanosleep(&ts, NULL);
    }
    return NULL;
}

/* ---- the control plane's side ---- */

static void on_done(void *u, int status)
{
    struct node *n = u;
    n->busy = false;
    n->rejected += status != 0;
}

static const struct session_ops ops = {.done = on_done};

static const char *const commands[] = {
    "show crypto ipsec sa",
    "configure terminal|interface Ethernet0/0|shutdown|no shutdown|end",
    "show interfaces",
    "configure terminal|ip access-list extended in|deny udp any any eq 7777|permit ip any any|end",
    "configure terminal|interface Ethernet0/0|ip access-group in in|end",
    "configure terminal|object-group network og|host 10.1.0.10|exit|time-range tr|periodic daily 0:00 to 23:59|exit|"
    "ip access-list extended in|5 permit ip object-group og any time-range tr log|end",
    "show data-plane",
    "configure terminal|object-group network og|no host 10.1.0.10|range 10.1.0.10 10.1.0.11|end",
    "clear crypto sa",
    "configure terminal|ip access-list resequence in 100 10|time-range tr|absolute end 0:00 1 January 2020|end",
    "show access-lists",
    "configure terminal|no ip access-list extended in|end",
    "configure terminal|no object-group network og|no time-range tr|end",
    "show drops",
    "configure terminal|ip route 10.99.0.0 255.255.0.0 Null0|end",
    "clear counters",
    "show ip traffic",
    "configure terminal|interface Ethernet0/0|no ip access-group in in|ip tcp adjust-mss 1300|end",
    "clear arp-cache",
    "show processes cpu",
    "configure terminal|no ip route 10.99.0.0 255.255.0.0 Null0|end",
    "clear data-plane",
    "configure terminal|interface Ethernet0/1|shutdown|no shutdown|end",
    "show crypto engine brief",
    "configure terminal|interface Ethernet0/1.10|no crypto map m|crypto map m|end",
    "configure terminal|interface Ethernet0/0.20|encapsulation dot1Q 20|ip address 10.20.0.1 255.255.255.0|end",
    "configure terminal|interface Ethernet0/1.10|encapsulation dot1Q 11|encapsulation dot1Q 10|end",
    "configure terminal|no interface Ethernet0/0.20|end",
    "show vlans",
    "clear crypto sa counters",
    "show crypto session detail",
    "clear crypto session",
    "show crypto map",
};

static void type(struct node *n, const char *lines)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", lines);
    for (char *save = NULL, *line = strtok_r(copy, "|", &save); line; line = strtok_r(NULL, "|", &save)) {
        if (session_busy(n->session))
            return;
        session_line(n->session, line);
    }
}

static void on_tick(void *arg)
{
    struct bed *b = arg;
    unsigned at = b->step++;
    if (loop_now(b->loop) >= b->end) {
        loop_stop(b->loop);
        return;
    }
    struct link_fault_spec bad = {.loss = 5, .reorder = 5, .dup = 5, .delay_ms = 1};
    if (at % 100 == 50 || at % 100 == 52) /* and the wire between them is bad for a moment */
        netif_fault(netif_find(b->n[0].r, "Ethernet0/1"), at % 100 == 50 ? &bad : NULL);
    if (at % 20 == 19) /* between two disturbances traffic finds its way again, through IKE too */
        type(&b->n[at / 20 % 2], commands[at / 40 % (sizeof commands / sizeof *commands)]);
    else
        type(&b->n[at % 2], "show crypto ipsec sa");
    timer_start(&b->tick, NS_PER_MS);
}

static void bad_line(void *ctx, unsigned lineno, const char *line, const char *answer)
{
    struct node *n = ctx;
    n->rejected++;
    fprintf(stderr, "%s:%u: %s: %s\n", n->r->name, lineno, line, answer);
}

static int node_up(struct bed *b, unsigned i)
{
    struct node *n = &b->n[i];
    char config[2000];
    unsigned me = i + 1, other = 2 - i;
    snprintf(config, sizeof config,
             "hostname r%u\n"
             "crypto isakmp policy 10\n encr aes\n authentication pre-share\n group 2\n"
             "crypto isakmp key k address 10.9.0.%u\n"
             "crypto ipsec transform-set t esp-aes esp-sha-hmac\n"
             "crypto map m 10 ipsec-isakmp\n set peer 10.9.0.%u\n set transform-set t\n match address c\n"
             "interface Ethernet0/0\n ip address 10.%u.0.1 255.255.255.0\n"
             "interface Ethernet0/1.10\n encapsulation dot1Q 10\n ip address 10.9.0.%u 255.255.255.0\n crypto map m\n"
             "ip route 10.%u.0.0 255.255.255.0 10.9.0.%u\n"
             "ip access-list extended c\n permit ip host 10.%u.0.10 host 10.%u.0.10\nend\n",
             me, other, other, me, me, other, other, me, other);
    n->rng = rng_new_system();
    storage_open_memory(&n->storage);
    n->host = (struct router_host){.ctx = n, .open_link = open_link, .reload = no_reload};
    n->port[0] = (struct pipe_link){{.ops = &pipe_ops, .mtu = 1500, .up = true}, b->q[i ? 3 : 0], b->q[i ? 5 : 4]};
    n->port[1] = (struct pipe_link){{.ops = &pipe_ops, .mtu = 1500, .up = true}, b->q[i ? 2 : 1], b->q[i ? 1 : 2]};
    char name[8];
    snprintf(name, sizeof name, "r%u", me);
    struct router_opts o = {
        .name = name, .loop = b->loop, .rng = n->rng, .storage = &n->storage, .host = &n->host, .incarnation = 1};
    n->r = router_new(&o);
    if (!n->r)
        return -1;
    unsigned rejected = config_load(n->r, config, true, bad_line, n);
    router_start(n->r);
    struct session_opts so = {.line_name = "console", .privilege = 15};
    n->session = session_new(n->r, &so, &ops, n);
    return rejected ? -1 : 0;
}

static void audit_fail(void *ctx, const char *invariant, const char *text)
{
    ++*(unsigned *)ctx;
    fprintf(stderr, "invariant %s: %s\n", invariant, text);
}

int main(int argc, char **argv)
{
    static struct bed b;
    double seconds = argc > 1 ? atof(argv[1]) : 8;
    unsigned broken = 0;
    pthread_t host;
    b.loop = loop_new_real();
    for (unsigned i = 0; i < 6; i++)
        b.q[i] = queue_new();
    if (node_up(&b, 0) || node_up(&b, 1))
        return 1;
    bool threads = b.n[0].r->net->dp->threaded && b.n[1].r->net->dp->threaded;
    timer_init(&b.tick, b.loop, on_tick, &b);
    timer_start(&b.tick, NS_PER_S / 2);
    b.end = loop_now(b.loop) + (nstime)(seconds * 1e9);
    pthread_create(&host, NULL, host_main, &b);
    loop_run(b.loop, INT64_MAX);
    uint64_t before = atomic_load(&b.got); /* left alone, it comes back */
    timer_stop(&b.tick);
    type(&b.n[0], "clear crypto session");
    loop_run(b.loop, loop_now(b.loop) + 3 * NS_PER_S);
    uint64_t after = atomic_load(&b.got) - before;
    atomic_store(&b.stop, true);
    pthread_join(host, NULL);
    for (unsigned i = 0; i < 2; i++) {
        router_audit(b.n[i].r, audit_fail, &broken);
        session_free(b.n[i].session);
        router_free(b.n[i].r);
        rng_free(b.n[i].rng);
        storage_close(&b.n[i].storage);
    }
    loop_free(b.loop);
    for (unsigned i = 0; i < 6; i++) {
        close(b.q[i]->fd);
        free(b.q[i]);
    }
    printf("%llu sent, %llu arrived, %llu of them at the end\n", (unsigned long long)b.sent, (unsigned long long)b.got,
           (unsigned long long)after);
    printf("%s two threads of the data plane\n", threads ? "ok" : "not ok");
    printf("%s traffic passes after the last change\n", after > 1000 ? "ok" : "not ok");
    printf("%s the invariants hold\n", broken ? "not ok" : "ok");
    return !threads || after <= 1000 || broken;
}
