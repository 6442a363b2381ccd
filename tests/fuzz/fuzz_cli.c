/* Fuzz target: whatever bytes arrive at a console. Each line is typed into one session in configuration or exec mode,
 * and asked for help and completion. */
#include "modules/core/router.h"
#include "parser/session.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct link *no_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    (void)ctx, (void)r, (void)ifname, (void)mtu;
    return NULL;
}

static void no_reload(void *ctx, struct router *r, const char *reason)
{
    (void)ctx, (void)r, (void)reason;
}

struct world {
    struct loop *loop;
    struct rng *rng;
    struct storage storage;
    struct router *r;
};

static void power_on(struct world *w)
{
    static const struct router_host host = {NULL, no_link, no_reload};
    memset(w, 0, sizeof *w);
    w->loop = loop_new_sim(INT64_C(1790000000) * NS_PER_S);
    w->rng = rng_new_seeded(1, "fuzz", 1);
    storage_open_memory(&w->storage);
    struct router_opts ro = {
        .name = "fuzz", .loop = w->loop, .rng = w->rng, .storage = &w->storage, .host = &host, .incarnation = 1};
    w->r = router_new(&ro);
    if (!w->r)
        abort();
    router_start(w->r);
}

static void power_off(struct world *w)
{
    router_free(w->r);
    rng_free(w->rng);
    loop_free(w->loop);
    storage_close(&w->storage);
}

static void one_line(struct session *s, const char *line)
{
    session_line(s, line);
    if (session_busy(s))
        session_abort(s);
    free(session_help(s, line));
    free(session_complete(s, line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    power_on(&w);
    struct session_ops ops = {0};
    struct session_opts so = {.line_name = "console", .privilege = 15};
    struct session *s = session_new(w.r, &so, &ops, NULL);
    char *text = malloc(size + 1);
    if (!text)
        abort();
    for (size_t i = 0; i < size; i++)
        text[i] = data[i] ? (char)data[i] : ' ';
    text[size] = 0;
    if (size && (data[0] & 1))
        session_line(s, "configure terminal");
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        one_line(s, line);
    free(text);
    session_free(s);
    power_off(&w);
    return 0;
}
