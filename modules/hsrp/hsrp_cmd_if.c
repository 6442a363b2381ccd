/* Configuration lines of HSRP that stand for a whole interface: version, delay, use-bia, mac-refresh, redirects,
 * gratuitous ARP (reference 1.7); and the authentication of a group. Called by the parser. */
#include "hsrp_cmd.h"
#include "modules/core/type7.h"
#include "modules/crypto/crypto.h"
#include "modules/hsrp/hsrp_internal.h"
#include <stdio.h>
#include <string.h>

int hsrp_cmd_version(struct cmd *c, struct args_standby_version *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    uint8_t version = c->op == CMD_SET ? (uint8_t)a->number : 1;
    for (const struct hsrp_group *g = version == 1 ? hif->groups : NULL; g; g = g->next)
        if (g->number >= HSRP_GROUPS_V1)
            return cmd_error(c, "%% Group %u is configured: version 1 has groups 0-255 only", g->number);
    hsrp_if_set_version(hif, version);
    return CMD_OK;
}

int hsrp_cmd_delay(struct cmd *c, struct args_standby_delay *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    bool set = c->op == CMD_SET;
    hif->has_delay = set;
    hif->delay_min = set && a->kw_minimum && a->has_min_s ? a->min_s : HSRP_DELAY_MIN_DEFAULT;
    hif->delay_reload = HSRP_DELAY_RELOAD_DEFAULT;
    if (set && a->kw_reload_only && a->has_only_s)
        hif->delay_reload = a->only_s;
    else if (set && a->kw_reload && a->has_reload_s)
        hif->delay_reload = a->reload_s;
    hsrp_if_delay_changed(hif);
    return CMD_OK;
}

int hsrp_cmd_use_bia(struct cmd *c, struct args_standby_use_bia *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    bool set = c->op == CMD_SET;
    for (const struct hsrp_group *g = set ? hif->groups : NULL; g; g = g->next)
        if (g->mac_cfg)
            return cmd_error(c, "%% Group %u has a MAC address configured: not together with use-bia", g->number);
    hif->use_bia = set;
    hif->bia_here = set && a->kw_scope;
    for (struct hsrp_if *i = hif->h->ifs; i; i = i->next) /* subinterfaces too */
        for (struct hsrp_group *g = i->groups; g; g = g->next)
            hsrp_address_choose_mac(g);
    return CMD_OK;
}

int hsrp_cmd_mac_refresh(struct cmd *c, struct args_standby_mac_refresh *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    hif->mac_refresh = c->op == CMD_SET ? a->seconds : HSRP_MAC_REFRESH_DEFAULT;
    for (struct hsrp_group *g = hif->groups; g; g = g->next) {
        if (!g->follow[0] || g->state != HSRP_ACTIVE)
            continue;
        timer_stop(&g->hello_timer);
        if (hif->mac_refresh)
            timer_start(&g->hello_timer, (nstime)hif->mac_refresh * NS_PER_S);
    }
    return CMD_OK;
}

int hsrp_cmd_arp(struct cmd *c, struct args_standby_arp *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    bool set = c->op == CMD_SET;
    hif->garp_count = set && a->has_count ? a->count : HSRP_GARP_COUNT;
    hif->garp_interval = set && a->has_interval ? a->interval * NS_PER_S : HSRP_GARP_SPACING;
    return CMD_OK;
}

/* `no standby redirect unknown|timers` takes what is named from the line; off stays off. */
static void redirect_part(struct cmd *c, const struct hsrp_if *hif, struct args_standby_redirect *a)
{
    bool timers = hif->redirect_adv != HSRP_ADV_DEFAULT || hif->redirect_hold != HSRP_HOLDDOWN_DEFAULT;
    c->stays = !hif->redirect_off;
    a->kw_unknown = c->stays && hif->redirect_unknown && !a->kw_unknown;
    a->kw_timers = a->has_adv_s = a->has_hold_s = c->stays && timers && !a->kw_timers;
    a->adv_s = hif->redirect_adv;
    a->hold_s = hif->redirect_hold;
}

int hsrp_cmd_redirect(struct cmd *c, struct args_standby_redirect *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    if (!hif)
        return CMD_ERROR;
    a->kw_unknown = a->kw_unknown || a->kw_unknown_last; /* one order in the configuration */
    a->kw_unknown_last = false;
    bool set = c->op == CMD_SET;
    if (set && a->has_hold_s && a->hold_s <= a->adv_s)
        return cmd_error(c, "%% The holddown must be greater than the advertisement interval");
    if (!set && (a->kw_unknown || a->kw_timers)) {
        redirect_part(c, hif, a);
        set = c->stays;
    }
    hif->redirect_off = !set || a->kw_disable;
    hif->redirect_unknown = set && a->kw_unknown;
    hif->redirect_adv = set && a->has_adv_s ? a->adv_s : HSRP_ADV_DEFAULT;
    hif->redirect_hold = set && a->has_hold_s ? a->hold_s : HSRP_HOLDDOWN_DEFAULT;
    if (timer_armed(&hif->adv_timer))
        timer_start(&hif->adv_timer, hsrp_adv_period(hif));
    return CMD_OK;
}

/* ---- authentication ---- */
static void set_text(struct hsrp_auth *a, const char *text)
{
    memset(a->text, 0, sizeof a->text);
    memcpy(a->text, text, strnlen(text, HSRP_AUTH_LEN));
}

/* The key that was in force is accepted for the new line's timeout. */
static void set_key(struct hsrp_if *hif, struct hsrp_auth *a, const char *key, uint32_t timeout)
{
    if (a->kind == HSRP_AUTH_KEY_STRING && strcmp(a->key, key) != 0) {
        memcpy(a->old_key, a->key, sizeof a->old_key);
        a->old_until = timeout ? loop_now(hif->h->r->loop) + timeout * NS_PER_S : 0;
    }
    a->kind = HSRP_AUTH_KEY_STRING;
    a->timeout = timeout;
    crypto_wipe(a->key, sizeof a->key);
    snprintf(a->key, sizeof a->key, "%s", key);
}

static void set_chain(struct hsrp_auth *a, const char *chain)
{
    hsrp_auth_wipe(a);
    a->kind = HSRP_AUTH_KEY_CHAIN;
    snprintf(a->chain, sizeof a->chain, "%s", chain);
}

/* The key as typed, in clear. */
static int clear_key(struct cmd *c, const char *text, bool hidden, char key[HSRP_KEY_MAX + 1])
{
    if (hidden)
        return type7_decode(text, key, HSRP_KEY_MAX + 1) ? CMD_OK
                                                         : cmd_error(c, "%% Invalid encrypted password: %s", text);
    if (strlen(text) > 64)
        return cmd_error(c, "%% Key-string length limit (64) exceeded");
    snprintf(key, HSRP_KEY_MAX + 1, "%s", text);
    return CMD_OK;
}

/* What is stored and shown: as typed, without the 0, or as type 7 where passwords are hidden. */
static void stored_key(struct cmd *c, struct hsrp *h, const char *key, const char **text, bool *clear, bool *hidden)
{
    *clear = false;
    if (c->router->hide_passwords && !*hidden &&
        type7_encode(key, rng_below(c->router, RNG_JITTER, 16), h->hidden, sizeof h->hidden)) {
        *hidden = true;
        *text = h->hidden;
    }
}

int hsrp_cmd_authentication(struct cmd *c, struct args_standby_authentication *a)
{
    char key[HSRP_KEY_MAX + 1] = "";
    bool set = c->op == CMD_SET;
    if (set && a->has_key && clear_key(c, a->key, a->kw_hidden, key) != CMD_OK)
        return CMD_ERROR;
    HSRP_CMD_GROUP(c, a);
    if (set && a->has_key) {
        set_key(hif, &g->auth, key, a->has_timeout_s ? a->timeout_s : 0);
        stored_key(c, hif->h, key, &a->key, &a->kw_clear, &a->kw_hidden);
    } else if (set && a->has_chain) {
        set_chain(&g->auth, a->chain);
    } else {
        hsrp_auth_wipe(&g->auth);
        hsrp_auth_init(&g->auth);
        set_text(&g->auth, set ? a->string : "cisco");
        a->kw_text = false; /* stored and shown without the keyword */
    }
    g->auth.cfg = set;
    crypto_wipe(key, sizeof key);
    hsrp_group_drop_if_empty(g);
    return CMD_OK;
}

int hsrp_cmd_redirect_auth(struct cmd *c, struct args_standby_redirect_auth *a)
{
    struct hsrp_if *hif = hsrp_cmd_iface(c);
    char key[HSRP_KEY_MAX + 1] = "";
    bool set = c->op == CMD_SET;
    if (!hif || (set && a->has_key && clear_key(c, a->key, a->kw_hidden, key) != CMD_OK))
        return CMD_ERROR;
    if (set && a->has_key) {
        set_key(hif, &hif->adv_auth, key, a->has_timeout_s ? a->timeout_s : 0);
        stored_key(c, hif->h, key, &a->key, &a->kw_clear, &a->kw_hidden);
    } else if (set) {
        set_chain(&hif->adv_auth, a->chain);
    } else {
        hsrp_auth_wipe(&hif->adv_auth);
        hsrp_auth_init(&hif->adv_auth);
    }
    crypto_wipe(key, sizeof key);
    return CMD_OK;
}
