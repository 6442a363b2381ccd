/* Commands in the simulated world: exec lines, configuration, long-running jobs, host pings. Called by tests, by
 * `tapir sim` and by scenarios. A pending command lets the simulated clock run. */
#include "cli/world_int.h"
#include "modules/core/command.h"
#include "modules/core/out.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_LIMIT (600 * NS_PER_S) /* a pending command is given up after that much simulated time */

struct world_job {
    struct wnode *node;
    struct session *session;
    void (*sink)(void *arg, const char *text, size_t len);
    void *arg;
    bool done, awaited; /* awaited: somebody lets the clock run until it is done */
    int status;
    struct world_job *next;
};

static void job_output(void *u, const char *text, size_t len)
{
    struct world_job *j = u;
    if (j->sink)
        j->sink(j->arg, text, len);
}

static void job_finished(struct world_job *j)
{
    j->done = true;
    if (j->awaited)
        loop_stop(j->node->world->loop);
}

static void job_done(void *u, int status)
{
    struct world_job *j = u;
    if (status != CMD_OK)
        j->status = 1;
    job_finished(j);
}

static void job_closed(void *u, const char *text)
{
    struct world_job *j = u;
    if (text && *text && j->sink)
        j->sink(j->arg, text, strlen(text));
    job_finished(j);
}

static const struct session_ops job_ops = {.output = job_output, .done = job_done, .closed = job_closed};

static struct world_job *job_new(struct world *w, struct wnode *n, void (*sink)(void *, const char *, size_t),
                                 void *arg)
{
    struct router *r = n->inst ? instance_router(n->inst) : NULL;
    struct world_job *j = r ? calloc(1, sizeof *j) : NULL;
    if (!j)
        return NULL;
    struct session_opts so = {.line_name = "vty0", .privilege = 15};
    j->node = n;
    j->sink = sink;
    j->arg = arg;
    j->session = session_new(r, &so, &job_ops, j);
    j->next = w->jobs;
    w->jobs = j;
    return j;
}

static void job_drop(struct world *w, struct world_job *j)
{
    for (struct world_job **p = &w->jobs; *p; p = &(*p)->next)
        if (*p == j) {
            *p = j->next;
            break;
        }
    if (j->session)
        session_free(j->session);
    free(j);
}

void world_jobs_end_of(struct world *w, struct wnode *n)
{
    for (struct world_job *j = w->jobs; j; j = j->next)
        if (j->node == n && j->session) {
            session_free(j->session);
            j->session = NULL;
            job_finished(j);
        }
}

static void job_wait(struct world *w, struct world_job *j)
{
    if (j->done)
        return;
    j->awaited = true;
    loop_run(w->loop, loop_now(w->loop) + PENDING_LIMIT);
    j->awaited = false;
}

struct world_job *world_job_start(struct world *w, const char *name, const char *command,
                                  void (*sink)(void *arg, const char *text, size_t len), void *arg)
{
    struct wnode *n = world_node(w, name);
    struct world_job *j = n ? job_new(w, n, sink, arg) : NULL;
    if (j)
        session_line(j->session, command);
    return j;
}

void world_job_end(struct world *w, struct world_job *j)
{
    if (!j)
        return;
    if (j->session && session_busy(j->session))
        session_abort(j->session);
    job_drop(w, j);
}

/* ---- hosts: ping ---- */

struct host_ping {
    struct strbuf *out;
    struct loop *loop;
    nstime sent[1000];
    unsigned n_sent, n_reply;
};

static void host_event(void *arg, bool reply, unsigned seq, nstime at)
{
    struct host_ping *p = arg;
    if (!reply) {
        p->n_sent++;
        if (seq < 1000)
            p->sent[seq] = at;
        return;
    }
    p->n_reply++;
    nstime rtt = seq < 1000 ? at - p->sent[seq] : 0;
    strbuf_add(p->out, "icmp_seq=%u time=%.3f ms\n", seq + 1, (double)rtt / (double)NS_PER_MS);
}

static void host_done(void *arg)
{
    loop_stop(((struct host_ping *)arg)->loop);
}

/* `ping [-c N] [-i S] [-I A] [-s N] ADDR` as the Linux one: status 0 if anything came back. */
static int host_exec(struct world *w, struct wnode *n, const char *command, struct strbuf *out)
{
    char line[256], *save = NULL;
    unsigned count = 5, size = 56;
    double interval = 1;
    struct addr dst = {0}, src = {0};
    struct host_ping p = {.out = out, .loop = w->loop};
    snprintf(line, sizeof line, "%s", command);
    char *word = strtok_r(line, " ", &save);
    if (!word || strcmp(word, "ping") != 0) {
        strbuf_add(out, "%s: a built-in host only runs ping\n", n->name);
        return 1;
    }
    while ((word = strtok_r(NULL, " ", &save))) {
        char *value = word[0] == '-' && strchr("ciIsW", word[1]) && word[1] ? strtok_r(NULL, " ", &save) : NULL;
        if (!value) {
            if (word[0] != '-')
                addr_parse(word, &dst);
            continue;
        }
        if (word[1] == 'c')
            count = (unsigned)strtoul(value, NULL, 10);
        else if (word[1] == 'i')
            interval = strtod(value, NULL);
        else if (word[1] == 's')
            size = (unsigned)strtoul(value, NULL, 10);
        else if (word[1] == 'I')
            addr_parse(value, &src);
    }
    if (addr_is_none(&dst)) {
        strbuf_add(out, "ping: no address\n");
        return 1;
    }
    struct memping *mp = memhost_ping(n->host, &dst, &src, (nstime)(interval * (double)NS_PER_S), size, count,
                                      host_event, host_done, &p);
    loop_run(w->loop, loop_now(w->loop) + PENDING_LIMIT);
    memhost_ping_stop(mp);
    strbuf_add(out, "%u packets transmitted, %u received\n", p.n_sent, p.n_reply);
    return p.n_reply ? 0 : 1;
}

/* ---- exec and configuration ---- */

char *world_exec(struct world *w, const char *name, const char *command, int *status)
{
    struct strbuf out = {0};
    struct wnode *n = world_node(w, name);
    int st = 1;
    if (n && n->host) {
        st = host_exec(w, n, command, &out);
    } else {
        struct world_job *j = n ? job_new(w, n, strbuf_sink, &out) : NULL;
        if (j) {
            session_line(j->session, command);
            job_wait(w, j);
            st = j->status;
            job_drop(w, j);
        } else {
            strbuf_add(&out, "%s is %s\n", name, n ? "not running" : "not in this lab");
        }
    }
    if (status)
        *status = st;
    return out.s ? out.s : strdup("");
}

unsigned world_config(struct world *w, const char *name, const char *text)
{
    struct wnode *n = world_node(w, name);
    struct world_job *j = n ? job_new(w, n, NULL, NULL) : NULL;
    unsigned rejected = 0;
    char line[1024];
    if (!j)
        return 1;
    session_line(j->session, "configure terminal");
    while (*text && j->session) {
        size_t len = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, text);
        text += len + (text[len] == '\n');
        j->done = false;
        j->status = 0;
        session_line(j->session, line);
        job_wait(w, j);
        rejected += (unsigned)j->status;
    }
    if (j->session)
        session_end(j->session);
    job_drop(w, j);
    return rejected;
}
