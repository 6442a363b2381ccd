/* Configuration lines, clear and debug commands of IKE (reference 3.1, 3.2, 5.6, 5.7). Called by the parser. */
#include "ike_cmd.h"
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ike_policy *policy_of(struct cmd *c)
{
    const struct args_crypto_isakmp_policy *b = CMD_BLOCK(c, crypto_isakmp_policy, "crypto-isakmp-policy");
    struct ike *k = ike_of(c->router);
    for (unsigned i = 0; b && i < k->n_policies; i++)
        if (k->policies[i].priority == b->priority)
            return &k->policies[i];
    return NULL;
}

int ike_cmd_policy(struct cmd *c, struct args_crypto_isakmp_policy *a)
{
    struct ike *k = ike_of(c->router);
    unsigned i = 0;
    while (i < k->n_policies && k->policies[i].priority < a->priority)
        i++;
    bool there = i < k->n_policies && k->policies[i].priority == a->priority;
    if (c->op == CMD_UNSET) {
        if (there)
            memmove(&k->policies[i], &k->policies[i + 1], (--k->n_policies - i) * sizeof *k->policies);
        return CMD_OK;
    }
    if (there)
        return CMD_OK;
    if (k->n_policies == IKE_POLICIES_MAX)
        return cmd_error(c, "%% Too many ISAKMP policies (%u)", IKE_POLICIES_MAX);
    memmove(&k->policies[i + 1], &k->policies[i], (k->n_policies++ - i) * sizeof *k->policies);
    ike_policy_default(&k->policies[i]);
    k->policies[i].priority = a->priority;
    return CMD_OK;
}

int ike_cmd_encr(struct cmd *c, struct args_isakmp_encr *a)
{
    struct ike_policy *p = policy_of(c);
    if (!p)
        return CMD_OK;
    bool set = c->op != CMD_UNSET;
    p->cipher = set && a->kw_aes ? CIPHER_AES_CBC : set && a->kw_3des ? CIPHER_3DES : CIPHER_DES;
    p->key_bits = p->cipher != CIPHER_AES_CBC ? 0 : a->kw_k256 ? 256 : a->kw_k192 ? 192 : 128;
    a->kw_k128 = false; /* reference 3.1: `encr aes` is the form of 128 bits */
    return CMD_OK;
}

int ike_cmd_hash(struct cmd *c, struct args_isakmp_hash *a)
{
    struct ike_policy *p = policy_of(c);
    if (!p)
        return CMD_OK;
    bool set = c->op != CMD_UNSET;
    p->hash = !set           ? HASH_SHA1
              : a->kw_md5    ? HASH_MD5
              : a->kw_sha256 ? HASH_SHA256
              : a->kw_sha384 ? HASH_SHA384
              : a->kw_sha512 ? HASH_SHA512
                             : HASH_SHA1;
    return CMD_OK;
}

int ike_cmd_authentication(struct cmd *c, struct args_isakmp_authentication *a)
{
    struct ike_policy *p = policy_of(c);
    if (p)
        p->auth = c->op != CMD_UNSET && a->kw_pre_share ? IKE_AUTH_PSK : IKE_AUTH_RSA_SIG;
    return CMD_OK;
}

int ike_cmd_group(struct cmd *c, struct args_isakmp_group *a)
{
    struct ike_policy *p = policy_of(c);
    if (p)
        p->group = c->op == CMD_UNSET ? 1
                   : a->kw_g2         ? 2
                   : a->kw_g5         ? 5
                   : a->kw_g14        ? 14
                   : a->kw_g15        ? 15
                   : a->kw_g16        ? 16
                   : a->kw_g19        ? 19
                   : a->kw_g20        ? 20
                   : a->kw_g21        ? 21
                   : a->kw_g24        ? 24
                                      : 1;
    if (p && !dh_len(p->group) && c->session)
        cmd_note(c, "Group %u is stored; there is no such exchange here, so the policy is not used", p->group);
    return CMD_OK;
}

int ike_cmd_lifetime(struct cmd *c, struct args_isakmp_lifetime *a)
{
    struct ike_policy *p = policy_of(c);
    if (p)
        p->life_s = c->op != CMD_UNSET && a->has_seconds ? a->seconds : 86400;
    return CMD_OK;
}

int ike_cmd_key(struct cmd *c, struct args_crypto_isakmp_key *a)
{
    struct ike *k = ike_of(c->router);
    if (a->kw_hostname) {
        if (c->op == CMD_SET && c->session)
            cmd_note(c, "The key is stored; only keys by address find their peer here");
        return CMD_OK;
    }
    uint32_t mask = a->has_mask ? a->mask : UINT32_MAX;
    if (mask_to_len(mask) < 0)
        return cmd_error(c, "%% Invalid address mask");
    bool sealed = c->op == CMD_SET && a->kw_encrypted; /* by a master key that is not in the configuration */
    if (sealed && c->session)
        cmd_note(c, "The encrypted key is stored and cannot be read here; give the key in clear to use it");
    int rc = ike_psk_put(k, "", &a->addr, mask, c->op == CMD_UNSET || sealed ? NULL : a->secret, a->kw_no_xauth);
    return rc ? cmd_error(c, "%% Too many pre-shared keys (%u)", IKE_KEYS_MAX) : CMD_OK;
}

int ike_cmd_keepalive(struct cmd *c, struct args_crypto_isakmp_keepalive *a)
{
    struct ike *k = ike_of(c->router);
    bool set = c->op != CMD_UNSET;
    k->keepalive_s = set ? a->interval : 0;
    k->keepalive_retry = set ? a->retry : 2;
    k->keepalive_periodic = set && a->kw_periodic;
    a->kw_on_demand = false; /* the default is not shown */
    for (struct ike_sa *sa = k->first; sa; sa = sa->next)
        ike_dpd_start(sa);
    return CMD_OK;
}

int ike_cmd_nat_keepalive(struct cmd *c, struct args_crypto_isakmp_nat_keepalive *a)
{
    struct ike *k = ike_of(c->router);
    k->nat_keepalive_s = c->op != CMD_UNSET ? a->interval : 0;
    for (struct ike_sa *sa = k->first; sa; sa = sa->next)
        ike_natt_keepalive_start(sa);
    return CMD_OK;
}

int ike_cmd_identity(struct cmd *c, struct args_crypto_isakmp_identity *a)
{
    ike_of(c->router)->identity_hostname = c->op != CMD_UNSET && a->kw_hostname;
    return CMD_OK;
}

int ike_cmd_invalid_spi_recovery(struct cmd *c, struct args_crypto_isakmp_invalid_spi_recovery *a)
{
    (void)a;
    ike_of(c->router)->invalid_spi_recovery = c->op != CMD_UNSET;
    return CMD_OK;
}

int ike_cmd_enable(struct cmd *c, struct args_crypto_isakmp_enable *a)
{
    struct ike *k = ike_of(c->router);
    bool on = c->op != CMD_UNSET;
    (void)a;
    if (on != k->enabled)
        log_syslog(c->router, 0, "CRYPTO", LOG_INFO_, "ISAKMP_ON_OFF", "ISAKMP is %s", on ? "ON" : "OFF");
    k->enabled = on;
    return CMD_OK;
}

int ike_cmd_logging_session(struct cmd *c, struct args_crypto_logging_session *a)
{
    (void)a;
    ike_of(c->router)->log_session = c->op != CMD_UNSET;
    return CMD_OK;
}

/* ---- clear ---- */

/* Reference 5.6: `active` and `standby` restrict to HA SAs in that state. */
static bool chosen(const struct ike_sa *sa, bool active, bool standby)
{
    if (!active && !standby)
        return true;
    return sa->stateful && sa->standby == standby;
}

int ike_cmd_clear_isakmp(struct cmd *c, struct args_clear_crypto_isakmp *a)
{
    struct ike *k = ike_of(c->router);
    for (struct ike_sa *sa = k->first, *next; sa; sa = next) {
        next = sa->next;
        if (chosen(sa, a->kw_active, a->kw_standby) && (!a->has_conn || sa->conn_id == a->conn))
            ike_sa_delete(sa, sa->standby ? IKE_END_SILENT : IKE_END_NOTIFY, "cleared by command", 0);
        if (k->n_sas == 0)
            break;
    }
    return CMD_OK;
}

struct clear_ctx {
    struct ike *k;
    struct args_clear_crypto_session *a;
    struct ike_endpoint list[256];
    unsigned n;
};

static void clear_collect(void *ctx, const struct ipsec_flow_view *v)
{
    struct clear_ctx *x = ctx;
    struct args_clear_crypto_session *a = x->a;
    if ((a->has_laddr && !addr_equal(&a->laddr, &v->local)) || (a->has_raddr && !addr_equal(&a->raddr, &v->peer)))
        return;
    if ((a->kw_active && !(v->stateful && v->active_sas)) || (a->kw_standby && !(v->stateful && v->standby_sas)))
        return;
    if (v->active_sas + v->standby_sas == 0)
        return;
    for (unsigned i = 0; i < x->n; i++)
        if (addr_equal(&x->list[i].local, &v->local) && addr_equal(&x->list[i].peer, &v->peer))
            return;
    if (x->n < 256)
        x->list[x->n++] = (struct ike_endpoint){.local = v->local, .peer = v->peer};
}

int ike_cmd_clear_session(struct cmd *c, struct args_clear_crypto_session *a)
{
    struct clear_ctx x = {.k = ike_of(c->router), .a = a};
    do { /* 256 peers at a time */
        x.n = 0;
        ipsec_flow_foreach(c->router, clear_collect, &x);
        for (unsigned i = 0; i < x.n; i++)
            ipsec_pair_clear(c->router, &x.list[i].local, &x.list[i].peer);
    } while (x.n == 256);
    for (struct ike_sa *sa = x.k->first, *next; sa; sa = next) {
        next = sa->next;
        if (chosen(sa, a->kw_active, a->kw_standby) && (!a->has_laddr || addr_equal(&a->laddr, &sa->at.local)) &&
            (!a->has_raddr || addr_equal(&a->raddr, &sa->at.peer)))
            ike_sa_delete(sa, sa->standby ? IKE_END_SILENT : IKE_END_NOTIFY, "cleared by command", 0);
    }
    return CMD_OK;
}

/* ---- debug ---- */

static void flip(struct cmd *c, unsigned bit)
{
    bool on = c->op != CMD_UNSET;
    char text[128];
    snprintf(text, sizeof text, "%s", ike_debug_flags[bit].on_text);
    log_debug_set(c->router, &ike_module, bit, on);
    if (!on) { /* "... debugging is on" -> "... debugging is off" */
        size_t n = strlen(text);
        if (n > 2)
            snprintf(text + n - 2, sizeof text - n + 2, "off");
    }
    out_text(c->out, "%s\n", text);
}

int ike_cmd_debug_isakmp(struct cmd *c, struct args_debug_crypto_isakmp *a)
{
    flip(c, a->kw_detail ? IKE_DBG_HA_DETAIL : a->kw_ha ? IKE_DBG_HA : a->kw_error ? IKE_DBG_ERROR : IKE_DBG);
    return CMD_OK;
}

int ike_cmd_debug_ha(struct cmd *c, struct args_debug_crypto_ha *a)
{
    (void)a;
    flip(c, CRYPTO_DBG_HA);
    ipsec_debug_ha_set(c->router, c->op != CMD_UNSET);
    return CMD_OK;
}
