/* `show standby delay|neighbors|redirect|internal` (reference 1.8), and `standby send arp`. Called by the parser. */
#include "hsrp_cmd.h"
#include "modules/hsrp/hsrp_internal.h"
#include <inttypes.h>
#include <string.h>

static struct hsrp_if *first(struct cmd *c)
{
    struct hsrp *h = module_state(c->router, &hsrp_module);
    return h->ifs;
}

static bool named(const struct hsrp_if *hif, bool has, const struct ifname *name)
{
    return !has || !strcmp(name->text, hif->nif->name);
}

int hsrp_show_delay(struct cmd *c, struct args_show_standby_delay *a)
{
    out_text(c->out, "%-18s Minimum Reload \n", "Interface");
    out_array(c->out, NULL);
    for (struct hsrp_if *hif = first(c); hif; hif = hif->next) {
        if ((!hif->groups && !hif->has_delay) || !named(hif, a->has_interface, &a->interface))
            continue;
        out_text(c->out, "%-18s %-7" PRIu32 " %-7" PRIu32 "\n", hif->nif->name, hif->delay_min, hif->delay_reload);
        out_object(c->out, NULL);
        out_str(c->out, "interface", hif->nif->name);
        out_int(c->out, "minimum", hif->delay_min * INT64_C(1000));
        out_int(c->out, "reload", hif->delay_reload * INT64_C(1000));
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

static void show_bits(struct out *o, const char *key, const char *none, const char *some, const uint32_t *bits,
                      unsigned n)
{
    out_array(o, key);
    out_text(o, "    %s", n ? some : none);
    for (unsigned g = 0; n && g < HSRP_GROUPS; g++)
        if (bits[g / 32] & (UINT32_C(1) << (g % 32))) {
            out_text(o, " %u", g);
            out_int(o, NULL, g);
        }
    out_text(o, "\n");
    out_end(o);
}

int hsrp_show_neighbors(struct cmd *c, struct args_show_standby_neighbors *a)
{
    out_array(c->out, NULL);
    for (struct hsrp_if *hif = first(c); hif; hif = hif->next) {
        if (!hif->nbrs || !named(hif, a->has_interface, &a->interface))
            continue;
        out_text(c->out, "HSRP neighbors on %s\n", hif->nif->name);
        for (struct hsrp_nbr *n = hif->nbrs; n; n = n->next) {
            char t[ADDR_STRLEN];
            out_object(c->out, NULL);
            out_str(c->out, "interface", hif->nif->name);
            out_str(c->out, "neighbor", addr_format(&n->addr, t));
            out_text(c->out, "  %s\n", t);
            show_bits(c->out, "active_groups", "No active groups", "Active groups:", n->active, n->n_active);
            show_bits(c->out, "standby_groups", "No standby groups", "Standby groups:", n->standby, n->n_standby);
            out_bool(c->out, "passive", n->passive);
            out_end(c->out);
        }
    }
    out_end(c->out);
    return CMD_OK;
}

int hsrp_show_redirect(struct cmd *c, struct args_show_standby_redirect *a)
{
    out_text(c->out, "%-22s %-9s %-8s %-3s %s\n", "Interface", "Redirects", "Unknown", "Adv", "Holddown");
    out_array(c->out, NULL);
    for (struct hsrp_if *hif = first(c); hif; hif = hif->next) {
        if (!hif->groups || !named(hif, a->has_interface, &a->interface))
            continue;
        out_text(c->out, "%-22s %-9s %-8s %-3" PRIu32 " %" PRIu32 "\n", hif->nif->name,
                 hif->redirect_off ? "disabled" : "enabled", hif->redirect_unknown ? "enabled" : "disabled",
                 hif->redirect_adv, hif->redirect_hold);
        out_object(c->out, NULL);
        out_str(c->out, "interface", hif->nif->name);
        out_bool(c->out, "redirects", !hif->redirect_off);
        out_bool(c->out, "unknown", hif->redirect_unknown);
        out_int(c->out, "advertisement", hif->redirect_adv * INT64_C(1000));
        out_int(c->out, "holddown", hif->redirect_hold * INT64_C(1000));
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

struct row {
    const char *text, *key;
    uint64_t in, out;
    bool one_way;
};

static void show_rows(struct out *o, const char *indent, const struct row *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        out_object(o, rows[i].key);
        out_int(o, "in", (int64_t)rows[i].in);
        if (rows[i].one_way)
            out_text(o, "%s%-16s in %-10" PRIu64 "\n", indent, rows[i].text, rows[i].in);
        else
            out_text(o, "%s%-16s in %-10" PRIu64 " out %" PRIu64 "\n", indent, rows[i].text, rows[i].in, rows[i].out);
        if (!rows[i].one_way)
            out_int(o, "out", (int64_t)rows[i].out);
        out_end(o);
    }
}

/* No layout of real routers is known: counters that a `show standby` does not have. */
int hsrp_show_internal(struct cmd *c, struct args_show_standby_internal *a)
{
    struct out *o = c->out;
    out_array(o, NULL);
    for (struct hsrp_if *hif = first(c); hif; hif = hif->next) {
        if (!hif->groups || !named(hif, a->has_interface, &a->interface))
            continue;
        const struct row rows[] = {{"Advertisements", "advertisements", hif->adv_in, hif->adv_out, false},
                                   {"Refused", "refused", hif->bad_in, 0, true},
                                   {"Unknown group", "unknown_group", hif->unknown_group_in, 0, true},
                                   {"TTL not 1", "odd_ttl", hif->odd_ttl_in, 0, true},
                                   {"Unknown TLV", "unknown_tlv", hif->unknown_tlv_in, 0, true}};
        out_object(o, NULL);
        out_text(o, "%s, version %u, %u neighbor%s\n", hif->nif->name, hif->version, hif->n_nbrs,
                 hif->n_nbrs == 1 ? "" : "s");
        out_str(o, "interface", hif->nif->name);
        out_int(o, "version", hif->version);
        show_rows(o, "  ", rows, sizeof rows / sizeof *rows);
        out_array(o, "groups");
        for (struct hsrp_group *g = hif->groups; g; g = g->next) {
            const struct row grp[] = {{"Hello", "hello", g->hello_in, g->hello_out, false},
                                      {"Coup", "coup", g->coup_in, g->coup_out, false},
                                      {"Resign", "resign", g->resign_in, g->resign_out, false},
                                      {"Bad auth", "bad_authentication", g->auth_failed, 0, true},
                                      {"Copied digest", "copied_digest", g->replayed, 0, true}};
            out_object(o, NULL);
            out_text(o, "  Group %u\n", g->number);
            out_int(o, "group", g->number);
            show_rows(o, "    ", grp, sizeof grp / sizeof *grp);
            out_end(o);
        }
        out_end(o);
        out_end(o);
    }
    out_end(o);
    return CMD_OK;
}

int hsrp_send_arp(struct cmd *c, struct args_standby_send_arp *a)
{
    for (struct hsrp_if *hif = first(c); hif; hif = hif->next)
        for (struct hsrp_group *g = named(hif, a->has_interface, &a->interface) ? hif->groups : NULL; g; g = g->next)
            if (g->installed && (!a->has_group || a->group == g->number))
                hsrp_address_garp(g);
    return CMD_OK;
}
