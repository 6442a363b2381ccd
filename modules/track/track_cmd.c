/* Configuration lines of tracking objects: typed arguments to objects (reference 1.7). Called by the parser. */
#include "modules/core/command.h"
#include "modules/track/track_internal.h"
#include <stdio.h>
#include <string.h>

static enum track_kind kind_of(const struct args_track *a)
{
    if (a->kw_list && a->kw_boolean)
        return a->kw_and ? TRACK_LIST_AND : TRACK_LIST_OR;
    if (a->kw_list)
        return a->kw_weight ? TRACK_LIST_WEIGHT : TRACK_LIST_PERCENTAGE;
    if (a->kw_rtr || a->kw_sla)
        return TRACK_SLA;
    return a->kw_ip ? TRACK_ROUTE : TRACK_INTERFACE;
}

static bool same_family(enum track_kind a, enum track_kind b)
{
    return a == b || (a >= TRACK_LIST_AND && a <= TRACK_LIST_OR && b >= TRACK_LIST_AND && b <= TRACK_LIST_OR);
}

/* Thresholds as they are without a line of their own. */
static void default_thresholds(struct track_object *o)
{
    o->up_at = o->kind == TRACK_ROUTE ? 254 : 1;
    o->down_at = o->kind == TRACK_ROUTE ? 255 : 0;
}

int track_cmd_object(struct cmd *c, struct args_track *a)
{
    struct track *t = module_state(c->router, &track_module);
    if (c->op == CMD_UNSET) {
        track_object_delete(t, a->object);
        return CMD_OK;
    }
    struct track_object *o = track_find(t, a->object);
    if (!a->kw_interface && !a->kw_ip && !a->kw_rtr && !a->kw_list) { /* back into the block of an object */
        if (!o)
            return cmd_error(c, "%% Incomplete command.");
        *a = o->line;
        return CMD_OK;
    }
    enum track_kind kind = kind_of(a);
    bool other = o && !same_family(o->kind, kind);
    if (other && !c->replacing) /* its lines would mean something else; a replace takes these away itself */
        return cmd_error(c, "%% Cannot change tracked object %u - delete old config first", a->object);
    struct prefix prefix = {0};
    if (kind == TRACK_ROUTE) {
        int len = a->has_prefix ? a->prefix.len : mask_to_len(a->mask);
        if (len < 0)
            return cmd_error(c, "%% Invalid mask");
        prefix = prefix_make(a->has_prefix ? &a->prefix.addr : &a->network, (unsigned)len);
    }
    bool fresh = !o;
    if (!o && !(o = track_object_get(t, a->object)))
        return cmd_error(c, "%% Out of memory");
    o->line = *a;
    o->kind = kind;
    o->prefix = prefix;
    o->metric = a->kw_metric;
    o->routing = a->kw_if_ip;
    o->sla = a->has_rtr ? a->rtr : a->sla;
    o->reachability = a->kw_rtr_reachability || a->kw_sla_reachability;
    if (kind == TRACK_INTERFACE)
        snprintf(o->ifname, sizeof o->ifname, "%s", a->ifname.text);
    if (other)
        o->n_members = 0;
    if (fresh || other)
        default_thresholds(o);
    track_object_configured(o, fresh);
    return CMD_OK;
}

int track_cmd_timer(struct cmd *c, struct args_track_timer *a)
{
    struct track *t = module_state(c->router, &track_module);
    if (!a->kw_route)
        return CMD_OK;
    t->poll = TRACK_POLL_DEFAULT_S * NS_PER_S;
    if (c->op == CMD_SET)
        t->poll = a->has_ms ? a->ms * NS_PER_MS : a->seconds * NS_PER_S;
    track_poll_update(t);
    return CMD_OK;
}

/* The object in whose block the line stands. */
static struct track_object *block(struct cmd *c)
{
    const struct args_track *b = CMD_BLOCK(c, track, "track");
    return b ? track_find(module_state(c->router, &track_module), b->object) : NULL;
}

int track_cmd_delay(struct cmd *c, struct args_track_delay *a)
{
    struct track_object *o = block(c);
    if (!o)
        return CMD_OK;
    if (c->op == CMD_SET) { /* stored the way it is shown: down first */
        if (a->kw_up_first) {
            a->kw_up = a->has_up_s = a->up1 > 0;
            a->up_s = a->up1;
            a->kw_down = a->has_down_s = true;
            a->down_s = a->has_down2 ? a->down2 : 0;
            a->kw_up_first = a->has_up1 = a->kw_down_second = a->has_down2 = false;
        }
        if (!a->down_s && a->kw_up && a->up_s) { /* `delay up N` alone */
            a->kw_up_first = a->has_up1 = true;
            a->up1 = a->up_s;
            a->kw_down = a->has_down_s = a->kw_up = a->has_up_s = false;
        }
    }
    bool set = c->op == CMD_SET;
    o->delay_down = set && a->has_down_s ? a->down_s : 0;
    o->delay_up = set ? (a->has_up1 ? a->up1 : a->has_up_s ? a->up_s : 0) : 0;
    if (timer_armed(&o->delay)) { /* a running one ends or begins again */
        timer_stop(&o->delay);
        o->wanted = o->state;
        track_object_configured(o, false);
    }
    return CMD_OK;
}

int track_cmd_vrf(struct cmd *c, struct args_track_vrf *a)
{
    struct track_object *o = block(c);
    if (!o)
        return CMD_OK;
    o->vrf = c->op == CMD_SET;
    if (o->vrf && c->session)
        cmd_note(c, "VRF %s is stored; object %u is down, as there is one routing table here", a->name, o->number);
    track_object_configured(o, false);
    return CMD_OK;
}

int track_cmd_member(struct cmd *c, struct args_track_member *a)
{
    struct track_object *o = block(c);
    if (!o)
        return CMD_OK;
    if (c->op == CMD_SET && !track_is_list(o))
        return cmd_error(c, "%% Object %u is not a list", o->number);
    if (c->op == CMD_SET && a->number == o->number)
        return cmd_error(c, "%% Object %u cannot be in its own list", o->number);
    if (c->op == CMD_SET && a->kw_not && o->kind > TRACK_LIST_OR)
        return cmd_error(c, "%% A threshold list has no negated objects");
    if (c->op == CMD_SET && a->kw_weight && o->kind != TRACK_LIST_WEIGHT)
        return cmd_error(c, "%% Weights are for weight threshold lists");
    unsigned at = 0;
    while (at < o->n_members && o->member[at].object < a->number)
        at++;
    bool have = at < o->n_members && o->member[at].object == a->number;
    if (c->op == CMD_UNSET && have) {
        memmove(&o->member[at], &o->member[at + 1], (--o->n_members - at) * sizeof o->member[0]);
    } else if (c->op == CMD_SET) {
        if (!have && o->n_members == TRACK_MAX_MEMBERS)
            return cmd_error(c, "%% At most %d objects in a list", TRACK_MAX_MEMBERS);
        if (!have)
            memmove(&o->member[at + 1], &o->member[at], (o->n_members++ - at) * sizeof o->member[0]);
        o->member[at] = (struct track_member){a->number, a->kw_not, a->has_value ? a->value : 10};
    }
    track_object_configured(o, false);
    return CMD_OK;
}

int track_cmd_threshold(struct cmd *c, struct args_track_threshold *a)
{
    struct track_object *o = block(c);
    if (!o)
        return CMD_OK;
    if (c->op == CMD_UNSET) {
        default_thresholds(o);
        track_object_configured(o, false);
        return CMD_OK;
    }
    enum track_kind want = a->kw_weight ? TRACK_LIST_WEIGHT : a->kw_percentage ? TRACK_LIST_PERCENTAGE : TRACK_ROUTE;
    if (o->kind != want || (want == TRACK_ROUTE && !o->metric))
        return cmd_error(c, "%% This threshold does not fit tracked object %u", o->number);
    default_thresholds(o);
    unsigned up = o->up_at, down = o->down_at;
    if (a->has_wu || a->has_pu || a->has_mu)
        up = a->has_wu ? a->wu : a->has_pu ? a->pu : a->mu;
    if (a->kw_w_down || a->kw_p_down || a->kw_m_down)
        down = a->kw_w_down ? a->wd : a->kw_p_down ? a->pd : a->md;
    if (a->kw_w_down_only || a->kw_p_down_only || a->kw_m_down_only) {
        down = a->kw_w_down_only ? a->wdo : a->kw_p_down_only ? a->pdo : a->mdo;
        up = want == TRACK_ROUTE ? (down ? down - 1 : 0) : down + 1;
    } else if (!a->kw_w_down && !a->kw_p_down && !a->kw_m_down) {
        down = want == TRACK_ROUTE ? up + 1 : up - 1;
    }
    if (want == TRACK_ROUTE ? up >= down : down >= up)
        return cmd_error(c, "%% The up and the down threshold overlap");
    o->up_at = up;
    o->down_at = down;
    track_object_configured(o, false);
    return CMD_OK;
}

int track_cmd_debug(struct cmd *c, struct args_debug_track *a)
{
    (void)a;
    log_debug_set(c->router, &track_module, 0, c->op == CMD_SET);
    out_text(c->out, "Track debugging is %s\n", c->op == CMD_SET ? "on" : "off");
    return CMD_OK;
}
