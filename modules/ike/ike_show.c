/* show crypto isakmp sa, policy, key, peers and show crypto session: layouts of reference 5.1, 5.3, 5.5. */
#include "ike_cmd.h"
#include "modules/ike/ike_int.h"
#include <stdio.h>
#include <string.h>

void ike_id_text(const uint8_t *body, size_t len, char *buf, size_t cap)
{
    struct ike_id id;
    if (!ike_id_decode(body, len, &id)) {
        snprintf(buf, cap, "(none)");
    } else if (id.type == IKE_ID_IPV4) {
        struct cursor c = cursor_make(id.data, 4);
        struct addr a = addr_v4(cursor_u32(&c));
        snprintf(buf, cap, "%s", IKE_ADDR(&a));
    } else if (id.type == IKE_ID_FQDN || id.type == IKE_ID_USER_FQDN) {
        size_t n = id.len < cap - 1 ? id.len : cap - 1;
        for (size_t i = 0; i < n; i++)
            buf[i] = id.data[i] > ' ' && id.data[i] < 127 ? (char)id.data[i] : '.';
        buf[n] = 0;
    } else {
        snprintf(buf, cap, "(type %u)", id.type);
    }
}

static void hms(nstime left, char buf[16])
{
    long long s = left > 0 ? left / NS_PER_S : 0;
    snprintf(buf, 16, "%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

static bool wanted(const struct ike_sa *sa, bool active, bool standby)
{
    return !((active && sa->standby) || (standby && !sa->standby));
}

static const struct addr *dst_of(const struct ike_sa *sa)
{
    return sa->initiator ? &sa->at.peer : &sa->at.local; /* dst: the responder */
}

static const struct addr *src_of(const struct ike_sa *sa)
{
    return sa->initiator ? &sa->at.local : &sa->at.peer;
}

static void count_sas(struct ike *k, struct out *o)
{
    unsigned active = 0, standby = 0, negotiating = k->n_half;
    for (struct ike_sa *sa = k->first; sa; sa = sa->next) {
        active += sa->established && !sa->standby;
        standby += sa->standby;
        negotiating += !sa->established;
    }
    out_text(o,
             "Active ISAKMP SA's: %u\n\nStandby ISAKMP SA's: %u\n\nCurrently being negotiated ISAKMP SA's: %u\n\n"
             "Dead ISAKMP SA's: 0\n",
             active, standby, negotiating);
    out_int(o, "active", active);
    out_int(o, "standby", standby);
    out_int(o, "negotiating", negotiating);
    out_int(o, "dead", 0);
}

static const char *const hash_words[] = {"", "md5", "sha", "sha256", "sha384", "sha512"};
static const char *const hash_names[] = {"",
                                         "Message Digest 5",
                                         "Secure Hash Standard",
                                         "Secure Hash Standard 2 (256 bit)",
                                         "Secure Hash Standard 2 (384 bit)",
                                         "Secure Hash Standard 2 (512 bit)"};

static void detail_values(struct out *o, const struct ike_sa *sa, nstime left, const char *cap)
{
    out_object(o, NULL);
    out_int(o, "conn_id", sa->conn_id);
    out_addr(o, "local", &sa->at.local);
    out_addr(o, "remote", &sa->at.peer);
    out_str(o, "state", ike_state_shown(sa));
    out_str(o, "status", sa->standby ? "STDBY" : "ACTIVE");
    out_str(o, "encr", ike_cipher_text(sa->suite.cipher, sa->suite.key_bits));
    out_int(o, "key_bits", sa->suite.key_bits);
    out_str(o, "hash", hash_words[sa->suite.hash < 6 ? sa->suite.hash : 0]);
    out_str(o, "auth", sa->suite.auth == IKE_AUTH_PSK ? "psk" : "rsig");
    out_int(o, "dh", sa->suite.group);
    out_int(o, "lifetime_ms", left > 0 ? left / NS_PER_MS : 0);
    out_str(o, "cap", cap);
    out_end(o);
}

static void detail(struct ike *k, struct out *o)
{
    out_text(o, "Codes: C - IKE configuration mode, D - Dead Peer Detection\n       K - Keepalives, N - NAT-traversal\n"
                "       T - cTCP encapsulation, X - IKE Extended Authentication\n       psk - Preshared key, rsig - "
                "RSA signature\n"
                "       renc - RSA encryption\nIPv4 Crypto ISAKMP SA\n\n"
                "C-id  Local           Remote          I-VRF  Status Encr Hash   Auth DH Lifetime Cap.\n\n");
    out_array(o, NULL);
    for (struct ike_sa *sa = k->first; sa; sa = sa->next) {
        char left[16] = "0", cap[8] = "";
        nstime life = sa->established ? sa->life_end - loop_now(k->r->loop) : 0;
        if (sa->established)
            hms(life, left);
        snprintf(cap, sizeof cap, "%s%s", k->keepalive_s && sa->caps.dpd ? "D" : "", ike_natt_used(sa) ? "N" : "");
        out_text(o, "%-5u %-15s %-15s        %-6s %-4s %-6s %-4s %-2u %-8s %-4s\n       Engine-id:Conn-id =  SW:%u\n\n",
                 sa->conn_id, IKE_ADDR(&sa->at.local), IKE_ADDR(&sa->at.peer), sa->standby ? "STDBY" : "ACTIVE",
                 ike_cipher_text(sa->suite.cipher, sa->suite.key_bits),
                 hash_words[sa->suite.hash < 6 ? sa->suite.hash : 0], sa->suite.auth == IKE_AUTH_PSK ? "psk" : "rsig",
                 sa->suite.group, left, cap, sa->conn_id >= 1001 ? sa->conn_id - 1000 : 0);
        detail_values(o, sa, life, cap);
    }
    out_end(o);
    out_text(o, "IPv6 Crypto ISAKMP SA\n\n");
}

int ike_cmd_show_sa(struct cmd *c, struct args_show_crypto_isakmp_sa *a)
{
    struct ike *k = ike_of(c->router);
    struct out *o = c->out;
    if (a->kw_count) {
        count_sas(k, o);
        return CMD_OK;
    }
    if (a->kw_detail) {
        detail(k, o);
        return CMD_OK;
    }
    out_array(o, NULL);
    out_text(o, "IPv4 Crypto ISAKMP SA\ndst             src             state          conn-id status\n");
    for (struct ike_sa *sa = k->last; sa; sa = sa->prev) {
        if (!wanted(sa, a->kw_active, a->kw_standby))
            continue;
        out_text(o, "%-15s %-15s %-14s %7u %s\n", IKE_ADDR(dst_of(sa)), IKE_ADDR(src_of(sa)), ike_state_shown(sa),
                 sa->conn_id, sa->standby ? "STDBY" : "ACTIVE");
        out_object(o, NULL);
        out_addr(o, "dst", dst_of(sa));
        out_addr(o, "src", src_of(sa));
        out_str(o, "state", ike_state_shown(sa));
        out_int(o, "conn_id", sa->conn_id);
        out_str(o, "status", sa->standby ? "STDBY" : "ACTIVE");
        out_end(o);
    }
    out_text(o, "\nIPv6 Crypto ISAKMP SA\n\n");
    out_end(o);
    return CMD_OK;
}

static unsigned group_bits(unsigned group)
{
    return group == 19 ? 256 : group == 20 ? 384 : group == 21 ? 521 : group == 24 ? 2048 : (unsigned)dh_len(group) * 8;
}

static void suite(struct out *o, const struct ike_policy *p)
{
    const char *auth = p->auth == IKE_AUTH_PSK ? "Pre-Shared Key" : "Rivest-Shamir-Adleman Signature";
    const char *hash = hash_names[p->hash < 6 ? p->hash : 0];
    if (p->cipher == CIPHER_AES_CBC)
        out_text(o, "        encryption algorithm:   AES - Advanced Encryption Standard (%u bit keys).\n", p->key_bits);
    else
        out_text(o, "        encryption algorithm:   %s\n",
                 p->cipher == CIPHER_3DES ? "Three key triple DES" : "DES - Data Encryption Standard (56 bit keys).");
    out_text(o, "        hash algorithm:         %s\n", hash);
    out_text(o, "        authentication method:  %s\n", auth);
    out_text(o, "        Diffie-Hellman group:   #%u (%u bit)\n", p->group, group_bits(p->group));
    out_text(o, "        lifetime:               %u seconds, no volume limit\n", p->life_s);
    out_str(o, "encryption_algorithm", ike_cipher_text(p->cipher, p->key_bits));
    out_int(o, "key_bits", p->cipher == CIPHER_3DES ? 168 : p->cipher == CIPHER_AES_CBC ? p->key_bits : 56);
    out_str(o, "hash_algorithm", hash);
    out_str(o, "authentication_method", auth);
    out_int(o, "diffie_hellman_group", p->group);
    out_int(o, "diffie_hellman_bits", group_bits(p->group));
    out_int(o, "lifetime_ms", (int64_t)p->life_s * 1000);
}

int ike_cmd_show_policy(struct cmd *c, struct args_show_crypto_isakmp_policy *a)
{
    struct ike *k = ike_of(c->router);
    struct ike_policy def;
    (void)a;
    out_text(c->out, "\nGlobal IKE policy\n");
    out_array(c->out, "policies");
    for (unsigned i = 0; i < k->n_policies; i++) {
        out_object(c->out, NULL);
        out_int(c->out, "priority", k->policies[i].priority);
        out_text(c->out, "Protection suite of priority %u\n", k->policies[i].priority);
        suite(c->out, &k->policies[i]);
        out_end(c->out);
    }
    out_end(c->out);
    ike_policy_default(&def);
    out_text(c->out, "Default protection suite\n");
    out_object(c->out, "default");
    suite(c->out, &def);
    out_end(c->out);
    return CMD_OK;
}

int ike_cmd_show_key(struct cmd *c, struct args_show_crypto_isakmp_key *a)
{
    struct ike *k = ike_of(c->router);
    (void)a;
    out_array(c->out, NULL);
    out_text(c->out, "Keyring      Hostname/Address                            Preshared Key\n\n");
    for (unsigned i = 0; i < k->n_keys; i++) {
        struct addr mask = addr_v4(k->keys[i].mask);
        char where[48];
        if (k->keys[i].mask == UINT32_MAX)
            snprintf(where, sizeof where, "%s", IKE_ADDR(&k->keys[i].addr));
        else
            snprintf(where, sizeof where, "%-15s[%-15s]", IKE_ADDR(&k->keys[i].addr), IKE_ADDR(&mask));
        out_text(c->out, "%-12s %-43s %s\n",
                 k->keys[i].ring[0] ? k->keys[i].ring
                 : i                ? ""
                                    : "default",
                 where, k->keys[i].key);
        out_object(c->out, NULL);
        out_str(c->out, "keyring", k->keys[i].ring[0] ? k->keys[i].ring : "default");
        out_addr(c->out, "address", &k->keys[i].addr);
        out_addr(c->out, "mask", &mask);
        out_str(c->out, "preshared_key", k->keys[i].key);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

int ike_cmd_show_peers(struct cmd *c, struct args_show_crypto_isakmp_peers *a)
{
    struct ike *k = ike_of(c->router);
    (void)a;
    out_array(c->out, NULL);
    for (struct ike_sa *sa = k->first; sa; sa = sa->next) {
        char id[128];
        if (!sa->established)
            continue;
        ike_id_text(sa->his_id, sa->his_id_len, id, sizeof id);
        out_text(c->out, "Peer: %s Port: %u Local: %s\n Phase1 id: %s\n", IKE_ADDR(&sa->at.peer), sa->at.pport,
                 IKE_ADDR(&sa->at.local), id);
        out_object(c->out, NULL);
        out_addr(c->out, "peer", &sa->at.peer);
        out_int(c->out, "port", sa->at.pport);
        out_addr(c->out, "local", &sa->at.local);
        out_str(c->out, "phase1_id", id);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}
