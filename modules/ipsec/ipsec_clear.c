/* clear crypto sa and the debug switches of IPsec (reference 5.6, 5.7). On the active unit a cleared SA is deleted at
 * the peer and at the standby; on a standby only the local copy goes. Called by the parser. */
#include "ipsec_cmd.h"
#include "modules/ipsec/ipsec_internal.h"
#include <stdlib.h>
#include <string.h>

static bool parse_spi(const char *text, uint32_t *spi)
{
    char *end;
    unsigned long v = strtoul(text, &end, 0);
    *spi = (uint32_t)v;
    return *text != '\0' && *text != '-' && *end == '\0' && v <= UINT32_MAX;
}

static void clear_counters(struct ipsec *st)
{
    for (struct flow *f = st->flows; f != NULL; f = f->next)
        ipsec_counters_copy(NULL, &f->n);
}

static bool selected(const struct sa *s, const struct args_clear_crypto_sa *a, uint32_t spi)
{
    if (a->kw_active || a->kw_standby) /* HA SAs in that state only */
        return s->ha && s->active == a->kw_active;
    if (a->has_peer)
        return addr_equal(&s->p.prop.peer, &a->peer);
    if (a->has_tag)
        return strcmp(s->b->map, a->tag) == 0;
    if (a->has_dst)
        return (s->p.in_spi == spi && addr_equal(&s->p.prop.local, &a->dst)) ||
               (s->p.out_spi == spi && addr_equal(&s->p.prop.peer, &a->dst));
    if (a->has_only)
        return s->p.in_spi == spi || s->p.out_spi == spi;
    return true;
}

int ipsec_cmd_clear_sa(struct cmd *c, struct args_clear_crypto_sa *a)
{
    struct ipsec *st = ipsec_of(c->router);
    uint32_t spi = 0;
    if (a->kw_counters) {
        clear_counters(st);
        return CMD_OK;
    }
    if ((a->has_spi && !parse_spi(a->spi, &spi)) || (a->has_only && !parse_spi(a->only, &spi)))
        return cmd_error(c, "%% Invalid SPI");
    for (struct sa *s = st->first, *next; s != NULL; s = next) {
        next = s->next;
        if (selected(s, a, spi))
            ipsec_sa_delete(s, "cleared by operator", true, true, 0);
    }
    return CMD_OK;
}

static int debug_switch(struct cmd *c, unsigned bit, const char *what)
{
    bool on = c->op != CMD_UNSET;
    log_debug_set(c->router, &ipsec_module, bit, on);
    out_text(c->out, "%s debugging is %s\n", what, on ? "on" : "off");
    return CMD_OK;
}

int ipsec_cmd_debug(struct cmd *c, struct args_debug_crypto_ipsec *a)
{
    if (a->kw_update)
        return debug_switch(c, DBG_HA_UPDATE, "Crypto IPSEC High Availability updates");
    if (a->kw_detail)
        log_debug_set(c->router, &ipsec_module, DBG_HA_DETAIL, c->op != CMD_UNSET);
    if (a->kw_ha)
        return debug_switch(c, DBG_HA, "Crypto IPSEC High Availability");
    if (a->kw_error)
        return debug_switch(c, DBG_ERROR, "Crypto IPSEC Error");
    return debug_switch(c, DBG_IPSEC, "Crypto IPSEC");
}

int ipsec_cmd_debug_engine(struct cmd *c, struct args_debug_crypto_engine *a)
{
    (void)a;
    return debug_switch(c, DBG_ENGINE, "Crypto Engine");
}
