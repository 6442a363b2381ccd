/* Keyrings: pre-shared keys grouped by name. Without matching by profile their keys by address are looked up beside the
 * global ones, which win at the same mask. Called by the parser (grammar/ikeextra.gram). */
#include "ikeextra_cmd.h"
#include "modules/ike/ike_int.h"
#include <string.h>

int ike_cmd_keyring(struct cmd *c, struct args_crypto_keyring *a)
{
    struct ike *k = ike_of(c->router);
    for (unsigned i = k->n_keys; c->op == CMD_UNSET && i-- > 0;)
        if (!strcmp(k->keys[i].ring, a->name))
            ike_psk_put(k, a->name, &k->keys[i].addr, k->keys[i].mask, NULL, false);
    return CMD_OK;
}

int ike_cmd_keyring_psk(struct cmd *c, struct args_keyring_psk *a)
{
    const struct args_crypto_keyring *ring = CMD_BLOCK(c, crypto_keyring, "crypto-keyring");
    uint32_t mask = a->has_mask ? a->mask : UINT32_MAX;
    if (!ring)
        return CMD_ERROR;
    if (!a->has_addr || a->kw_encrypted) {
        if (c->op == CMD_SET)
            cmd_note(c, "The key is stored; only clear keys by IPv4 address are used");
        return CMD_OK;
    }
    if (mask_to_len(mask) < 0)
        return cmd_error(c, "%% Invalid address mask");
    if (strlen(a->has_secret ? a->secret : "") > 128)
        return cmd_error(c, "%% The key is longer than 128 characters");
    if (a->has_mask && mask == UINT32_MAX)
        a->has_mask = false; /* a host's mask is not shown */
    int rc = ike_psk_put(ike_of(c->router), ring->name, &a->addr, mask, c->op == CMD_UNSET ? NULL : a->secret, false);
    return rc ? cmd_error(c, "%% Too many pre-shared keys (%u)", IKE_KEYS_MAX) : CMD_OK;
}
