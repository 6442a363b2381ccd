/* libFuzzer target: HSRP version 2 and MD5. The decoder on any bytes, what it accepts encoded again; then a router with
 * text, key-string and key-chain groups hears the bytes as they are and, behind an octet that chooses it, sealed with
 * the right key. */
#include "hsrp_cmd.h"
#include "modules/crypto/crypto.h"
#include "tests/unit/lib_hsrp.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static const char key[] = "secret";

static void codec(const uint8_t *data, size_t size)
{
    struct hsrp_packet p, q;
    uint8_t version, out[HSRP_WIRE_MAX];
    enum hsrp_decode_result r = hsrp_wire_decode2(data, size, &p, &version);
    if (!hsrp_wire_error(r) || (r != HSRP_OK) != (hsrp_wire_drop_reason(r) != NULL))
        abort();
    if (r != HSRP_OK)
        return;
    size_t n = hsrp_wire_encode(&p, out, sizeof out);
    if (n == 0 || n > size) /* unknown TLVs are left out */
        abort();
    if (hsrp_wire_decode2(out, n, &q, &version) != HSRP_OK || q.opcode != p.opcode || q.state != p.state ||
        q.group != p.group || q.priority != p.priority || q.hello_ms != p.hello_ms || q.hold_ms != p.hold_ms ||
        !addr_equal(&q.vip, &p.vip) || q.has_md5 != p.has_md5 || q.has_text != p.has_text)
        abort();
    size_t at = p.has_md5 ? hsrp_wire_digest_at(&p, data, size) : 0;
    if (p.has_md5 && (at + HSRP_DIGEST_LEN > size || memcmp(data + at, p.md5.digest, HSRP_DIGEST_LEN) != 0))
        abort();
}

static void configure(struct hlab_node *n)
{
    hlab_version(n, "Ethernet1/1", 2);
    hlab_delay(n, "Ethernet1/1", 0, 0);
    hlab_ip(n, "Ethernet1/1", 1, "10.1.0.254");
    hlab_ip(n, "Ethernet1/1", 2, NULL);
    struct args_interface block;
    struct args_standby_authentication a = {
        .group = 2, .has_group = true, .kw_md5 = true, .key = key, .has_key = true, .kw_key_string = true};
    struct cmd c = hlab_cmd(n, CMD_SET, &block, "Ethernet1/1", NULL);
    hsrp_cmd_authentication(&c, &a);
    hlab_ip(n, "Ethernet1/1", 3, "10.1.0.252");
    a = (struct args_standby_authentication){
        .group = 3, .has_group = true, .kw_md5 = true, .chain = "none", .has_chain = true, .kw_key_chain = true};
    c = hlab_cmd(n, CMD_SET, &block, "Ethernet1/1", NULL);
    hsrp_cmd_authentication(&c, &a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    codec(data, size);
    if (size > 500)
        return 0;
    struct hlab l;
    hlab_init(&l);
    hlab_start(&l, 0, false, configure);
    hlab_run(&l, size % 2 ? 25 : 1);
    hlab_inject(&l, 0x0a010063, 0xe0000066, 1, data, size);
    hlab_run(&l, 0.001);
    struct hsrp_packet p;
    uint8_t version, b[512];
    if (hsrp_wire_decode2(data, size, &p, &version) == HSRP_OK && p.has_md5) {
        memcpy(b, data, size);
        size_t at = hsrp_wire_digest_at(&p, data, size);
        hsrp_auth_digest(key, strlen(key), data, size, at, b + at);
        hlab_inject(&l, addr_v4_get(&p.md5.source), 0xe0000066, 1, b, size);
        hlab_run(&l, 30);
    }
    if (router_audit(l.node[0].r, NULL, NULL) != 0)
        abort();
    hlab_free(&l);
    return 0;
}
