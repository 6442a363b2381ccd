/* See lib_many.h. */
#include "tests/bench/lib_many.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double many_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

double many_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

size_t many_heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

struct addr many_addr(const char *text)
{
    struct addr a = {0};
    if (!addr_parse(text, &a))
        abort();
    return a;
}

static void keys_make(struct ipsec_keys *k, uint32_t spi)
{
    for (unsigned i = 0; i < sizeof k->cipher; i++)
        k->cipher[i] = (uint8_t)(spi * 7 + i * 3);
    for (unsigned i = 0; i < sizeof k->auth; i++)
        k->auth[i] = (uint8_t)(spi * 5 + i);
}

void many_pair(struct ipsec_pair *p, const struct many_spec *s, uint32_t i, bool mirror)
{
    struct addr remote = addr_v4(s->remote + i), peer = addr_v4(addr_v4_get(&s->peer) + i * s->peer_step);
    struct prefix host = prefix_make(&remote, 32);
    uint32_t in = s->spi + 2 * i, out = in + 1;
    memset(p, 0, sizeof *p);
    p->in_spi = mirror ? out : in;
    p->out_spi = mirror ? in : out;
    keys_make(&p->in, p->in_spi);
    keys_make(&p->out, p->out_spi);
    p->life_s = 3600;
    p->life_kb = 4608000;
    p->local_port = p->peer_port = 500;
    memcpy(p->cookies, &s->peer.b, sizeof p->cookies);
    memcpy(p->cookies + 4, &i, sizeof i);
    p->prop.local = mirror ? peer : s->local;
    p->prop.peer = mirror ? s->local : peer;
    p->prop.ident.local = mirror ? host : s->local_net;
    p->prop.ident.remote = mirror ? s->local_net : host;
    p->prop.seq = p->prop.dynamic_seq = 10;
    p->prop.stateful = s->stateful;
    snprintf(p->prop.map, sizeof p->prop.map, "%s", s->map);
    snprintf(p->prop.dynamic_map, sizeof p->prop.dynamic_map, "%s", s->dynamic);
    snprintf(p->prop.interface, sizeof p->prop.interface, "%s", s->interface);
    snprintf(p->prop.group, sizeof p->prop.group, "%s", s->group);
    snprintf(p->prop.transforms[0].name, sizeof p->prop.transforms[0].name, "t2");
    p->prop.transforms[0].cipher = CIPHER_AES_CBC;
    p->prop.transforms[0].key_bits = 256;
    p->prop.transforms[0].auth = HASH_SHA1;
    p->prop.n_transforms = 1;
}
