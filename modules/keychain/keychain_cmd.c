/* Configuration lines of key chains and `show key chain`. Called by the parser; what is stored and shown is the
 * parser's business. */
#include "keychain_cmd.h"
#include "modules/core/command.h"
#include "modules/core/type7.h"
#include "modules/core/wall.h"
#include "modules/crypto/crypto.h"
#include "modules/keychain/keychain_internal.h"
#include <stdio.h>
#include <string.h>

static struct keychains *state_of(struct cmd *c)
{
    return module_state(c->router, &keychain_module);
}

int keychain_cmd_chain(struct cmd *c, struct args_key_chain *a)
{
    if (c->op == CMD_UNSET) {
        keychain_delete(state_of(c), a->name);
        return CMD_OK;
    }
    return keychain_get(state_of(c), a->name) ? CMD_OK : cmd_error(c, "%% At most %d key chains", KEYCHAIN_CHAINS_MAX);
}

static struct keychain *chain_block(struct cmd *c)
{
    const struct args_key_chain *b = CMD_BLOCK(c, key_chain, "key-chain");
    return b ? keychain_find(state_of(c), b->name) : NULL;
}

int keychain_cmd_key(struct cmd *c, struct args_key_chain_key *a)
{
    struct keychain *kc = chain_block(c);
    if (!kc)
        return CMD_OK;
    if (c->op == CMD_UNSET) {
        keychain_key_delete(kc, a->id);
        return CMD_OK;
    }
    return keychain_key_get(kc, a->id) ? CMD_OK : cmd_error(c, "%% At most %d keys in a chain", KEYCHAIN_KEYS_MAX);
}

static struct keychain_entry *key_block(struct cmd *c)
{
    struct keychain *kc = chain_block(c);
    const struct args_key_chain_key *b = CMD_BLOCK(c, key_chain_key, "key-chain-key");
    return kc && b ? keychain_key_find(kc, b->id) : NULL;
}

int keychain_cmd_string(struct cmd *c, struct args_key_string *a)
{
    struct keychain_entry *e = key_block(c);
    if (!e)
        return CMD_OK;
    char text[KEYCHAIN_KEY_MAX + 1] = "";
    if (c->op == CMD_SET) {
        if (a->kw_hidden && !type7_decode(a->text, text, sizeof text))
            return cmd_error(c, "%% Invalid encrypted password");
        if (!a->kw_hidden && strlen(a->text) > KEYCHAIN_KEY_MAX)
            return cmd_error(c, "%% The key string is longer than %d characters", KEYCHAIN_KEY_MAX);
        if (!a->kw_hidden)
            snprintf(text, sizeof text, "%s", a->text);
        a->kw_clear = false; /* shown as it is */
        struct keychains *k = state_of(c);
        if (c->router->hide_passwords && !a->kw_hidden &&
            type7_encode(text, rng_below(c->router, RNG_JITTER, 16), k->hidden, sizeof k->hidden)) {
            a->kw_hidden = true;
            a->text = k->hidden;
        }
    }
    crypto_wipe(e->text, sizeof e->text);
    memcpy(e->text, text, sizeof e->text);
    e->has_text = c->op == CMD_SET;
    crypto_wipe(text, sizeof text);
    return CMD_OK;
}

/* ---- lifetimes ---- */
/* hh:mm:ss and a date to the wall clock; the month is left as it is shown. */
static bool moment(const char *clock, const char **month, uint32_t day, uint32_t year, nstime *out)
{
    int number = wall_month_of(*month);
    if (!wall_moment(clock, number, day, year, out))
        return false;
    *month = wall_month(number);
    return true;
}

/* The two commands have the same arguments. */
static int lifetime(struct cmd *c, struct args_accept_lifetime *a, bool send)
{
    struct keychain_entry *e = key_block(c);
    struct keychain_life life = {.always = true};
    if (c->op == CMD_SET) {
        if (a->has_l_day2) { /* day and month in either order; shown month first */
            a->l_day = a->l_day2, a->has_l_day = true, a->has_l_day2 = false;
            a->l_month = a->l_month2, a->has_l_month = true, a->has_l_month2 = false;
        }
        if (a->has_l_eday2) {
            a->l_eday = a->l_eday2, a->has_l_eday = true, a->has_l_eday2 = false;
            a->l_emonth = a->l_emonth2, a->has_l_emonth = true, a->has_l_emonth2 = false;
        }
        life = (struct keychain_life){.infinite = a->kw_l_infinite, .local = a->kw_l_local};
        bool ok = moment(a->l_start_time, &a->l_month, a->l_day, a->l_year, &life.start);
        if (ok && a->has_l_end_time)
            ok = moment(a->l_end_time, &a->l_emonth, a->l_eday, a->l_eyear, &life.end);
        else if (ok && a->kw_l_duration)
            life.end = life.start + (nstime)a->l_seconds * NS_PER_S;
        if (!ok)
            return cmd_error(c, "%% Invalid time or date");
        if (!life.infinite && life.end <= life.start)
            return cmd_error(c, "%% The end time is not after the start time");
    }
    if (e)
        *(send ? &e->send : &e->accept) = life;
    return CMD_OK;
}

int keychain_cmd_accept(struct cmd *c, struct args_accept_lifetime *a)
{
    return lifetime(c, a, false);
}

int keychain_cmd_send(struct cmd *c, struct args_send_lifetime *a)
{
    struct args_accept_lifetime same;
    _Static_assert(sizeof same == sizeof *a, "one fragment, two commands");
    memcpy(&same, a, sizeof same);
    int rc = lifetime(c, &same, true);
    memcpy(a, &same, sizeof same);
    return rc;
}

/* ---- show ---- */
static const char *when(nstime t, char buf[48])
{
    struct civil v = wall_civil(t);
    snprintf(buf, 48, "%02d:%02d:%02d %s %d %d", v.hour, v.minute, v.second, wall_month(v.month), v.day, v.year);
    return buf;
}

static void show_life(struct router *r, struct out *o, const char *kind, const struct keychain_life *l)
{
    char from[48] = "always valid", to[48] = "always valid";
    bool valid = keychain_valid(r, l);
    if (!l->always) {
        when(l->start, from);
        if (l->infinite)
            snprintf(to, sizeof to, "infinite");
        else
            when(l->end, to);
    }
    out_text(o, "        %s lifetime (%s) - (%s)%s\n", kind, from, to, valid ? " [valid now]" : "");
    out_object(o, kind);
    out_str(o, "from", from);
    out_str(o, "to", to);
    out_bool(o, "valid", valid);
    out_end(o);
}

int keychain_show(struct cmd *c, struct args_show_key_chain *a)
{
    struct out *o = c->out;
    out_array(o, NULL);
    for (const struct keychain *kc = state_of(c)->list; kc; kc = kc->next) {
        if (a->has_name && strcmp(a->name, kc->name) != 0)
            continue;
        out_text(o, "Key-chain %s:\n", kc->name);
        out_object(o, NULL);
        out_str(o, "name", kc->name);
        out_array(o, "keys");
        for (const struct keychain_entry *e = kc->keys; e; e = e->next) {
            out_text(o, "    key %u -- text \"%s\"\n", e->id, e->has_text ? e->text : "(unset)");
            out_object(o, NULL);
            out_int(o, "key", e->id);
            out_bool(o, "text_set", e->has_text); /* the text itself is for eyes only */
            show_life(c->router, o, "accept", &e->accept);
            show_life(c->router, o, "send", &e->send);
            out_end(o);
        }
        out_end(o);
        out_end(o);
    }
    out_end(o);
    return CMD_OK;
}
