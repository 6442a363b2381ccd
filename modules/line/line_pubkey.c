/* Users' public keys: `ip ssh pubkey-chain`. A key is typed in full (key-string) or as the MD5 hash that is kept of it
 * (key-hash); the door asks whether the key that a client has proved to own is one of these. */
#include "modules/core/cursor.h"
#include "modules/crypto/crypto.h"
#include "modules/line/line_int.h"
#include "ssh_cmd.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOB_MAX = 4096, TYPES = 5 };
static const char *const types[TYPES] = {"ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                         "ecdsa-sha2-nistp521"};

static int type_of(const char *name, size_t n)
{
    for (int i = 0; i < TYPES; i++)
        if (strlen(types[i]) == n && !memcmp(types[i], name, n))
            return i;
    return -1;
}

static void remove_where(struct lines *l, const char *user, const uint8_t *hash)
{
    for (struct line_pubkey **pp = &l->pubkeys; *pp;) {
        struct line_pubkey *k = *pp;
        if ((user && strcmp(k->user, user) != 0) || (hash && memcmp(k->hash, hash, sizeof k->hash) != 0)) {
            pp = &k->next;
            continue;
        }
        *pp = k->next;
        free(k);
        l->n_pubkeys--;
    }
}

void line_pubkeys_free(struct lines *l)
{
    remove_where(l, NULL, NULL);
}

bool line_ssh_pubkey(struct router *r, const struct line_peer *p, const char *user, const char *type,
                     const uint8_t hash[16], bool proved)
{
    struct lines *l = lines_of(r);
    const struct line_pubkey *k = l->pubkeys;
    while (k &&
           (strcmp(k->user, user) != 0 || strcmp(k->type, type) != 0 || memcmp(k->hash, hash, sizeof k->hash) != 0))
        k = k->next;
    if (k && proved)
        line_watch_result(l, p, user, true);
    return k;
}

/* ---- a key as it is pasted ---- */

static int sextet(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = c ? strchr(alphabet, c) : NULL;
    return p ? (int)(p - alphabet) : -1;
}

/* RFC 4648 4; the length of what was decoded, 0: none. */
static size_t base64(const char *s, size_t n, uint8_t *out, size_t cap)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t len = 0;
    while (n && s[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        int v = sextet(s[i]);
        if (v < 0)
            return 0;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (len == cap)
            return 0;
        out[len++] = (uint8_t)(bits >> have);
    }
    return len;
}

/* RFC 4253 6.6: a name and then numbers or strings, each with its length in front. The type, or -1. */
static int blob_type(const uint8_t *blob, size_t len)
{
    struct cursor c = cursor_make(blob, len);
    int type = -1;
    unsigned parts = 0;
    for (; cursor_left(&c); parts++) {
        uint32_t n = cursor_u32(&c);
        const uint8_t *p = cursor_take(&c, n);
        if (!p || !n)
            return -1;
        if (!parts && (type = type_of((const char *)p, n)) < 0)
            return -1;
    }
    return type >= 0 && parts == (type == 1 ? 2 : 3) ? type : -1; /* RFC 8709 4; 4253 6.6 and 5656 3.1 */
}

/* Lines joined to one, without the frame and headers of RFC 4716 and the closing `exit`. */
static void join(const char *text, struct strbuf *b)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        const char *s = text, *end = text + n;
        text = *end ? end + 1 : end;
        while (s < end && isspace((unsigned char)*s))
            s++;
        bool frame = !strncmp(s, "----", 4), header = !b->len && s[strcspn(s, ": \n")] == ':'; /* not in a comment */
        bool last = !*text && end - s >= 4 && !strncmp(s, "exit", 4);
        if (!frame && !header && !last)
            strbuf_write(b, s, (size_t)(end - s));
    }
    strbuf_write(b, "", 0);
}

/* [TYPE] BASE64 [COMMENT]. The type, or -1: it is no key. */
static int take_key(const char *text, uint8_t hash[PUBKEY_HASH], char *comment, size_t comment_size)
{
    struct strbuf b = {0};
    uint8_t *blob = malloc(BLOB_MAX);
    int type = -1;
    join(text, &b);
    const char *s = b.s ? b.s : "";
    size_t n = strcspn(s, " ");
    int named = type_of(s, n);
    if (named >= 0) {
        s += n + strspn(s + n, " ");
        n = strcspn(s, " ");
    }
    size_t len = blob ? base64(s, n, blob, BLOB_MAX) : 0;
    if (len && (type = blob_type(blob, len)) >= 0) {
        struct crypto_part part = {blob, len};
        if ((named >= 0 && named != type) || crypto_hash(HASH_MD5, &part, 1, hash))
            type = -1;
        s += n + strspn(s + n, " ");
        snprintf(comment, comment_size, "%.*s", (int)strcspn(s, "\r"), s);
    }
    free(blob);
    strbuf_free(&b);
    return type;
}

static bool take_hash(const char *hex, uint8_t hash[PUBKEY_HASH])
{
    if (strlen(hex) != 2 * PUBKEY_HASH)
        return false;
    for (unsigned i = 0; i < PUBKEY_HASH; i++) {
        unsigned v;
        if (!isxdigit((unsigned char)hex[2 * i]) || sscanf(hex + 2 * i, "%2x", &v) != 1)
            return false;
        hash[i] = (uint8_t)v;
    }
    return true;
}

/* The form that is shown: capital letters. */
static void show_hash(const uint8_t hash[PUBKEY_HASH], char text[2 * PUBKEY_HASH + 1])
{
    for (unsigned i = 0; i < PUBKEY_HASH; i++)
        snprintf(text + 2 * i, 3, "%02X", hash[i]);
}

/* ---- commands ---- */

int line_cmd_pubkey_user(struct cmd *c, struct args_ssh_pubkey_user *a)
{
    if (c->op == CMD_UNSET)
        remove_where(lines_cmd(c), a->name, NULL);
    return CMD_OK;
}

/* What is kept of a key-string is its hash: the arguments become those of key-hash. */
static int string_to_hash(struct cmd *c, struct args_ssh_pubkey_key *a, uint8_t hash[PUBKEY_HASH])
{
    struct lines *l = lines_cmd(c);
    char comment[200] = "";
    int type = take_key(a->has_text ? a->text : "", hash, comment, sizeof comment);
    if (type < 0)
        return cmd_error(c, "%%SSH: Failed to decode the Key Value");
    bool *flag[TYPES] = {&a->kw_ssh_rsa, &a->kw_ssh_ed25519, &a->kw_ecdsa_sha2_nistp256, &a->kw_ecdsa_sha2_nistp384,
                         &a->kw_ecdsa_sha2_nistp521};
    a->has_text = false;
    a->kw_key_hash = *flag[type] = a->has_hash = true;
    l->scratch.len = 0;
    strbuf_add(&l->scratch, "%s", comment);
    a->has_comment = comment[0];
    a->comment = l->scratch.s;
    return CMD_OK;
}

int line_cmd_pubkey_key(struct cmd *c, struct args_ssh_pubkey_key *a)
{
    struct lines *l = lines_cmd(c);
    const struct args_ssh_pubkey_user *u = CMD_BLOCK(c, ssh_pubkey_user, "ssh-pubkey-user");
    uint8_t hash[PUBKEY_HASH];
    if (!u)
        return CMD_OK;
    if (a->kw_key_string && string_to_hash(c, a, hash) != CMD_OK)
        return CMD_ERROR;
    if (!a->kw_key_string && !(a->has_hash && take_hash(a->hash, hash)))
        return cmd_error(c, "%%SSH: Invalid key hash: 32 hexadecimal digits are wanted");
    a->kw_key_string = false;
    show_hash(hash, l->shown_hash);
    a->hash = l->shown_hash;
    remove_where(l, u->name, hash);
    if (c->op == CMD_UNSET)
        return CMD_OK;
    struct line_pubkey *k = l->n_pubkeys < PUBKEYS_MAX ? calloc(1, sizeof *k) : NULL;
    if (!k)
        return cmd_error(c, "%%SSH: No more than %d keys", PUBKEYS_MAX);
    const bool is[TYPES] = {a->kw_ssh_rsa, a->kw_ssh_ed25519, a->kw_ecdsa_sha2_nistp256, a->kw_ecdsa_sha2_nistp384,
                            a->kw_ecdsa_sha2_nistp521};
    for (unsigned i = 0; i < TYPES; i++)
        if (is[i])
            snprintf(k->type, sizeof k->type, "%s", types[i]);
    snprintf(k->user, sizeof k->user, "%s", u->name);
    memcpy(k->hash, hash, sizeof hash);
    k->next = l->pubkeys;
    l->pubkeys = k;
    l->n_pubkeys++;
    return CMD_OK;
}

int line_cmd_pubkey_quit(struct cmd *c, struct args_ssh_pubkey_quit *a)
{
    (void)c, (void)a;
    return CMD_OK;
}
