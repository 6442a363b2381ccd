/* What the data plane counts about itself: vectors, frames and sampled time of each stage, answers found in the flow
 * table. Written by the data plane (dp.c, fast.c), read by the show commands. */
#include "modules/net/dp.h"

const char *const dp_stage_names[DP_STAGES] = {"receive", "classify", "forward", "seal", "open", "transmit"};

void dp_stage_begin(struct dp *dp)
{
    dp->timing = dp->threaded && dp->sample++ % DP_SAMPLE == 0;
    if (dp->timing)
        dp->stamp = loop_now_fresh(dp->loop);
}

void dp_stage_end(struct dp *dp, enum dp_stage stage, unsigned frames)
{
    struct dp_stage_stats *s = &dp->stage[stage];
    if (!frames)
        return;
    STAT_ADD(&s->vectors, 1);
    STAT_ADD(&s->frames, frames);
    if (!dp->timing)
        return;
    nstime now = loop_now_fresh(dp->loop);
    STAT_ADD(&s->timed_frames, frames);
    STAT_ADD(&s->timed_ns, (uint64_t)(now - dp->stamp));
    dp->stamp = now;
}

void dp_view(struct net *net, struct dp_view *v)
{
    struct dp *dp = net->dp;
    *v = (struct dp_view){.threaded = dp->threaded,
                          .hits = STAT_GET(&dp->hits),
                          .misses = STAT_GET(&dp->misses),
                          .punts = STAT_GET(&dp->punts),
                          .turns = STAT_GET(&dp->turns),
                          .idle_waits = STAT_GET(&dp->idle_waits)};
    for (unsigned i = 0; i < DP_STAGES; i++) {
        uint64_t timed = STAT_GET(&dp->stage[i].timed_frames);
        v->stage[i].vectors = STAT_GET(&dp->stage[i].vectors);
        v->stage[i].frames = STAT_GET(&dp->stage[i].frames);
        v->stage[i].ns_per_frame = timed ? (double)STAT_GET(&dp->stage[i].timed_ns) / (double)timed : 0;
    }
}

static void clear_run(void *ctx, struct ring_msg *m)
{
    struct dp *dp = ((struct net *)ctx)->dp;
    (void)m;
    for (unsigned i = 0; i < DP_STAGES; i++) {
        STAT_SET(&dp->stage[i].vectors, 0);
        STAT_SET(&dp->stage[i].frames, 0);
        STAT_SET(&dp->stage[i].timed_frames, 0);
        STAT_SET(&dp->stage[i].timed_ns, 0);
    }
    STAT_SET(&dp->hits, 0);
    STAT_SET(&dp->misses, 0);
    STAT_SET(&dp->punts, 0);
    STAT_SET(&dp->turns, 0);
    STAT_SET(&dp->idle_waits, 0);
}

void dp_clear(struct net *net)
{
    struct ring_msg m = {.run = clear_run};
    if (net->dp->threaded)
        net_dp_run(net->router, &m);
    else
        clear_run(net, &m);
}

void dp_add_stats(const struct net *net, struct ip_stats *sum)
{
    const struct dp *dp = net->dp;
    sum->received += STAT_GET(&dp->received);
    sum->received_bytes += STAT_GET(&dp->received_bytes);
    sum->delivered += STAT_GET(&dp->delivered);
    sum->forwarded += STAT_GET(&dp->forwarded);
}
