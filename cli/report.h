/* What a failover looked like: facts from captured frames (ESP numbers and SPIs, IKE packets), from paced pings, and
 * a timeline from the routers' event logs. Fed by the scenario backends, written as text and JSON. */
#ifndef TAPIR_CLI_REPORT_H
#define TAPIR_CLI_REPORT_H
#include "modules/core/addr.h"
#include "modules/core/loop.h"
#include "modules/core/out.h"
#include <stdio.h>

struct probe_sample {
    nstime sent, back; /* back 0: not answered */
};
struct probe { /* a paced ping: `ping NODE ADDR [source A] rate N [size N] as X` */
    char name[32], node[64];
    char addr[40], source[40];
    double rate;
    unsigned size;
    bool running;
    void *handle; /* the backend's */
    struct probe_sample *samples;
    unsigned n, cap;
    char part[128];
    unsigned part_len;
    struct probe *next;
};
void probe_sent(struct probe *p, unsigned seq, nstime at);
void probe_back(struct probe *p, unsigned seq, nstime at);
/* Text of the router's probe command: lines `> SEQ NS` (sent) and `< SEQ NS` (answered). */
void probe_feed(void *probe, const char *text, size_t len);
void probe_free(struct probe *p);

struct report;
struct report *report_new(void);
void report_free(struct report *r);
/* A frame on its way into a switch. */
void report_frame(struct report *r, const char *sw, nstime at, const uint8_t *frame, size_t len);
/* The moment everything is measured from (kill, carrier lost); the first one counts until report_write or forget. */
void report_disruption(struct report *r, nstime at, const char *what);
void report_forget(struct report *r); /* the disruption and its timeline; what was counted stays */
bool report_disrupted(const struct report *r);
void report_promise(struct report *r, nstime hold); /* the gap may be hold + 500 ms */
/* One entry of the timeline; cause may be "". */
void report_event(struct report *r, nstime at, const char *node, const char *what, const char *cause);
nstime report_disruption_time(const struct report *r);
/* Text lines through say, JSON into json if not NULL. True: everything is as promised. The next disruption starts anew.
 */
bool report_write(struct report *r, const struct probe *probes, void (*say)(void *ctx, const char *line), void *ctx,
                  FILE *json);
/* Packets between these two must never be seen in clear on a switch that carries ESP (I3). */
void report_pair(struct report *r, const char *a, const char *b);
/* Any ESP number used twice with different content so far (I2), protected packets in clear (I3). */
unsigned report_reused(const struct report *r);
unsigned report_clear(const struct report *r);
#endif
