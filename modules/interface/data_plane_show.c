/* show data-plane: how the frame path spends its time, stage by stage, and how many packets found their flow in the
 * table. Called by the parser. */
#include "ip_cmd.h"
#include "modules/net/dp.h"

int interface_show_data_plane(struct cmd *c, struct args_show_data_plane *a)
{
    struct dp_view v;
    (void)a;
    dp_view(net_of(c->router), &v);
    uint64_t looked_up = v.hits + v.misses;
    out_text(c->out, "Data plane: %s\n", v.threaded ? "a thread of its own" : "in the control plane's thread");
    out_text(c->out, "  Flow table: %llu hits, %llu misses (%.2f%% hits)\n", (unsigned long long)v.hits,
             (unsigned long long)v.misses, looked_up ? 100.0 * (double)v.hits / (double)looked_up : 0.0);
    out_text(c->out, "  %llu frames handed to the control plane, %llu turns taken, %llu times asleep\n\n",
             (unsigned long long)v.punts, (unsigned long long)v.turns, (unsigned long long)v.idle_waits);
    out_bool(c->out, "threaded", v.threaded);
    out_int(c->out, "hits", (int64_t)v.hits);
    out_int(c->out, "misses", (int64_t)v.misses);
    out_int(c->out, "punts", (int64_t)v.punts);
    out_int(c->out, "turns", (int64_t)v.turns);
    out_int(c->out, "idle_waits", (int64_t)v.idle_waits);
    out_text(c->out, "%-10s %14s %14s %14s %10s\n", "Stage", "Vectors", "Frames", "Frames/Vector", "ns/Frame");
    out_array(c->out, "stages");
    for (unsigned i = 0; i < DP_STAGES; i++) {
        double per = v.stage[i].vectors ? (double)v.stage[i].frames / (double)v.stage[i].vectors : 0;
        out_text(c->out, "%-10s %14llu %14llu %14.1f ", dp_stage_names[i], (unsigned long long)v.stage[i].vectors,
                 (unsigned long long)v.stage[i].frames, per);
        if (v.stage[i].ns_per_frame > 0)
            out_text(c->out, "%10.0f\n", v.stage[i].ns_per_frame);
        else
            out_text(c->out, "%10s\n", "-"); /* never timed: without a thread there is no clock to look at */
        out_object(c->out, NULL);
        out_str(c->out, "stage", dp_stage_names[i]);
        out_int(c->out, "vectors", (int64_t)v.stage[i].vectors);
        out_int(c->out, "frames", (int64_t)v.stage[i].frames);
        out_int(c->out, "ns_per_frame", (int64_t)v.stage[i].ns_per_frame);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

int interface_clear_data_plane(struct cmd *c, struct args_clear_data_plane *a)
{
    (void)a;
    dp_clear(net_of(c->router));
    return CMD_OK;
}
