/* Requests of the control socket that are no exec commands: what only the lab asks for. A request is one line; its
 * first word picks a row of the table. Called by control_session.c. */
#include "cli/control.h"
#include "modules/core/log.h"
#include "modules/core/router.h"
#include "modules/net/netif.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    struct router *r;
    char *args; /* behind the name; may be cut up */
    out_sink sink;
    void *arg;
    char *err;
    size_t errlen;
};

static int request_fail(struct request *q, const char *text, const char *what)
{
    snprintf(q->err, q->errlen, text, what);
    return 1;
}

/* keys: tshark arguments, one a line (CONTRACT 1). Each use is logged. */
static int request_keys(struct request *q)
{
    if (!q->r->lab_keys)
        return request_fail(q, "%s gives no keys: start it with --lab-keys, or say `keys: true` in the lab file",
                            q->r->name);
    struct out *o = out_new_text(q->sink, q->arg);
    for (unsigned i = 0; o && i < tapir_modules_count; i++)
        if (tapir_modules[i] && tapir_modules[i]->lab_keys)
            tapir_modules[i]->lab_keys(q->r, q->r->module_states[i], o);
    out_free(o);
    log_syslog(q->r, 0, "SYS", 5, "LABKEYS", "Session keys were read through the lab socket");
    return 0;
}

static bool percent(const char *text, double *v)
{
    char *end;
    *v = strtod(text, &end);
    return end != text && (!*end || !strcmp(end, "%")) && *v >= 0 && *v <= 100;
}

/* The next word of *at, NULL at the end; cuts it off. */
static char *next_word(char **at)
{
    char *word = *at + strspn(*at, " ");
    if (!*word)
        return NULL;
    char *end = word + strcspn(word, " ");
    *at = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

/* fault IFNAME {clear | [loss P%] [reorder P%] [dup P%] [corrupt P%] [delay MS] [cut] [oneway]} */
static int request_fault(struct request *q)
{
    char *at = q->args, *word = next_word(&at);
    struct netif *nif = word ? netif_find(q->r, word) : NULL;
    if (!nif)
        return request_fail(q, "there is no interface %.60s", word ? word : "");
    if (!nif->link)
        return request_fail(q, "%s has no link", nif->name);
    if (nif->is_sub)
        return request_fail(q, "%s is a part of another interface: a fault is that one's", nif->name);
    struct link_fault_spec spec = {0};
    bool any = false, clear = false;
    while ((word = next_word(&at))) {
        double *p = !strcmp(word, "loss")      ? &spec.loss
                    : !strcmp(word, "reorder") ? &spec.reorder
                    : !strcmp(word, "dup")     ? &spec.dup
                    : !strcmp(word, "corrupt") ? &spec.corrupt
                                               : NULL;
        any = true;
        if (!strcmp(word, "clear")) {
            clear = true;
        } else if (!strcmp(word, "cut")) {
            spec.cut = true;
        } else if (!strcmp(word, "oneway")) {
            spec.oneway = true;
        } else if (p || !strcmp(word, "delay")) {
            const char *value = next_word(&at);
            double ms = 0;
            if (!value || (p && !percent(value, p)))
                return request_fail(q, "%s wants a percentage from 0 to 100", word);
            if (!p && (sscanf(value, "%lf", &ms) != 1 || ms < 0 || ms > 60000))
                return request_fail(q, "%s wants milliseconds from 0 to 60000", word);
            if (!p)
                spec.delay_ms = (unsigned)ms;
        } else {
            return request_fail(q, "%.40s is no fault: loss, delay, reorder, dup, corrupt, cut, oneway or clear", word);
        }
    }
    if (!any)
        return request_fail(q, "say which fault on %s: loss, delay, reorder, dup, corrupt, cut, oneway or clear",
                            nif->name);
    netif_fault(nif, clear ? NULL : &spec);
    return 0;
}

/* status: what `lab status` shows of a router that runs. */
static int request_status(struct request *q)
{
    char text[256];
    int n = snprintf(text, sizeof text, "name %s\nhostname %s\nincarnation %u\nuptime_ms %lld\n", q->r->name,
                     q->r->hostname, (unsigned)q->r->incarnation, (long long)(router_uptime(q->r) / NS_PER_MS));
    q->sink(q->arg, text, (size_t)n);
    return 0;
}

int control_request_serve(struct router *r, const char *line, out_sink sink, void *arg, char *err, size_t errlen)
{
    static const struct {
        const char *name;
        int (*serve)(struct request *q);
    } table[] = {{"keys", request_keys}, {"fault", request_fault}, {"status", request_status}};
    char copy[512];
    if (strlen(line) >= sizeof copy) {
        snprintf(err, errlen, "the request is too long");
        return 1;
    }
    snprintf(copy, sizeof copy, "%s", line);
    size_t n = strcspn(copy, " ");
    struct request q = {
        .r = r, .args = copy + n + (copy[n] != '\0'), .sink = sink, .arg = arg, .err = err, .errlen = errlen};
    copy[n] = '\0';
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, copy))
            return table[i].serve(&q);
    snprintf(err, errlen, "this router knows no request %.40s", copy);
    return 1;
}
