/* Who an SSH client is (see ssh_int.h): passwords, keyboard-interactive and public keys go to the router over the
 * connection's control socket, which judges them. libssh calls these from ssh_event_dopoll. */
#include "cli/ssh_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sshline_methods(const struct ssh_conn *k)
{
    unsigned m = k->set.methods;
    return (m & LINE_AUTH_PUBKEY ? SSH_AUTH_METHOD_PUBLICKEY : 0) |
           (m & LINE_AUTH_KEYBOARD ? SSH_AUTH_METHOD_INTERACTIVE : 0) |
           (m & LINE_AUTH_PASSWORD ? SSH_AUTH_METHOD_PASSWORD : 0);
}

/* The router's word. */
static bool permitted(struct ssh_conn *k)
{
    struct ctl_msg m;
    while (ctl_recv(k->ctl, &m, SSHLINE_LOGIN_S * 1000) == 1)
        if (m.type == CTL_RESULT || m.type == CTL_REFUSED)
            return m.type == CTL_RESULT && m.len && !m.data[0];
    return false;
}

/* Asks the router; false: refused. */
static bool judge(struct ssh_conn *k, const char *user, const char *password)
{
    size_t nu = strlen(user) + 1, np = strlen(password);
    char *text = nu + np < 1024 ? malloc(nu + np) : NULL;
    k->tries++;
    if (text) {
        memcpy(text, user, nu);
        memcpy(text + nu, password, np);
        int sent = ctl_send(k->ctl, CTL_AUTH, text, nu + np);
        explicit_bzero(text, nu + np);
        free(text);
        k->authenticated = !sent && permitted(k);
    }
    return k->authenticated;
}

/* A key is offered first and signed with only if we would take it (RFC 4252 7); libssh has checked the signature. */
int sshline_pubkey(ssh_session s, const char *user, struct ssh_key_struct *key, char state, void *u)
{
    struct ssh_conn *k = u;
    const char *type = ssh_key_type_to_char(ssh_key_type(key));
    const char *curve = ssh_key_type(key) == SSH_KEYTYPE_ECDSA_P256   ? "ecdsa-sha2-nistp256"
                        : ssh_key_type(key) == SSH_KEYTYPE_ECDSA_P384 ? "ecdsa-sha2-nistp384"
                        : ssh_key_type(key) == SSH_KEYTYPE_ECDSA_P521 ? "ecdsa-sha2-nistp521"
                                                                      : type;
    unsigned char *hash = NULL;
    size_t len = 0;
    char text[400];
    bool valid = state == SSH_PUBLICKEY_STATE_VALID;
    (void)s;
    if (k->authenticated || !(k->set.methods & LINE_AUTH_PUBKEY) || !curve ||
        (state != SSH_PUBLICKEY_STATE_NONE && !valid) ||
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_MD5, &hash, &len) != SSH_OK)
        return SSH_AUTH_DENIED;
    int n = snprintf(text, sizeof text, "%c%s%c%s%c", valid ? 1 : 0, user, 0, curve, 0);
    bool ok = n > 0 && (size_t)n + len <= sizeof text;
    if (ok) {
        memcpy(text + n, hash, len);
        ok = !ctl_send(k->ctl, CTL_PUBKEY, text, (size_t)n + len) && permitted(k);
    }
    ssh_clean_pubkey_hash(&hash);
    k->authenticated = ok && valid;
    return ok ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

int sshline_password(ssh_session s, const char *user, const char *password, void *u)
{
    struct ssh_conn *k = u;
    (void)s;
    if (k->authenticated || !(k->set.methods & LINE_AUTH_PASSWORD) || k->tries >= k->set.retries)
        return SSH_AUTH_DENIED;
    return judge(k, user, password) ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

/* keyboard-interactive has no callback of its own: one prompt, as IOS asks (RFC 4256 3). 0: replied; 1: libssh replies
 * with a failure. */
int sshline_message(ssh_session s, ssh_message m, void *u)
{
    struct ssh_conn *k = u;
    const char *prompts[] = {"Password: "};
    char echo[] = {0};
    if (ssh_message_type(m) != SSH_REQUEST_AUTH || ssh_message_subtype(m) != SSH_AUTH_METHOD_INTERACTIVE)
        return 1;
    ssh_message_auth_set_methods(m, sshline_methods(k));
    if (k->authenticated || !(k->set.methods & LINE_AUTH_KEYBOARD) || k->tries >= k->set.retries)
        return 1;
    if (!ssh_message_auth_kbdint_is_response(m)) {
        const char *user = ssh_message_auth_user(m);
        free(k->asked);
        k->asked = user ? strdup(user) : NULL;
        return !k->asked || ssh_message_auth_interactive_request(m, "", "", 1, prompts, echo) != SSH_OK;
    }
    const char *given =
        k->asked && ssh_userauth_kbdint_getnanswers(s) == 1 ? ssh_userauth_kbdint_getanswer(s, 0) : NULL;
    if (!given || !judge(k, k->asked, given))
        return 1;
    return ssh_message_auth_reply_success(m, 0) != SSH_OK;
}
