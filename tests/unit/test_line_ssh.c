/* Users' public keys and SSH's settings: a key as it is pasted becomes the hash that is kept of it; what is no key is
 * refused; the lists of algorithms. */
#include "modules/line/line_int.h"
#include "tests/unit/lib_parser.h"
#include <criterion/criterion.h>
#include <string.h>

#define ED "AAAAC3NzaC1lZDI1NTE5AAAAIHMW/aa7uEoA30QDHw4KcuWTBPAfowWbLa75fIbFpsWX"
static const uint8_t ed_hash[16] = {0x79, 0x00, 0xbf, 0x77, 0x7f, 0x89, 0xa5, 0x74,
                                    0xe9, 0xc2, 0xaf, 0x21, 0xfe, 0x4f, 0x0f, 0x70};
static const struct line_peer peer = {.service = LINE_SSH};

static struct bench *chain(void)
{
    struct bench *b = bench_new(true);
    bench_type(b, "enable");
    bench_type(b, "configure terminal");
    bench_type(b, "hostname R1");
    bench_type(b, "ip ssh pubkey-chain");
    bench_type(b, "username joe");
    return b;
}

static void kept_is(struct bench *b, const char *want)
{
    const char *got = bench_type(b, "do show running-config | section pubkey");
    cr_expect_str_eq(got, want);
}

Test(line_ssh, a_key_in_lines)
{
    struct bench *b = chain();
    cr_expect_str_eq(session_prompt(b->s), "R1(conf-ssh-pubkey-user)#");
    bench_type(b, "key-string");
    cr_expect_str_eq(session_prompt(b->s), "R1(conf-ssh-pubkey-data)#");
    bench_type(b, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMW/aa7");
    bench_type(b, "uEoA30QDHw4KcuWTBPAfowWbLa75fIbFpsWX joe@example");
    cr_expect_str_eq(bench_type(b, "exit"), "");
    cr_expect_str_eq(session_prompt(b->s), "R1(conf-ssh-pubkey-user)#");
    kept_is(b, "ip ssh pubkey-chain\n username joe\n  key-hash ssh-ed25519 7900BF777F89A574E9C2AF21FE4F0F70 "
               "joe@example\n");
    cr_expect(line_ssh_pubkey(b->r, &peer, "joe", "ssh-ed25519", ed_hash, true));
    cr_expect_not(line_ssh_pubkey(b->r, &peer, "joe", "ssh-rsa", ed_hash, false));
    cr_expect_not(line_ssh_pubkey(b->r, &peer, "admin", "ssh-ed25519", ed_hash, false));
    bench_type(b, "no key-hash ssh-ed25519 7900bf777f89a574e9c2af21fe4f0f70");
    kept_is(b, "ip ssh pubkey-chain\n username joe\n");
    cr_expect_not(line_ssh_pubkey(b->r, &peer, "joe", "ssh-ed25519", ed_hash, false));
    bench_free(b);
}

Test(line_ssh, other_forms_of_a_key)
{
    static const char *const forms[][6] = {{"key-string", ED, "exit"},
                                           {"key-string", "---- BEGIN SSH2 PUBLIC KEY ----", "Comment: \"x\"", ED,
                                            "---- END SSH2 PUBLIC KEY ----", "exit"},
                                           {"key-string ssh-ed25519 " ED},
                                           {"key-string", "ssh-ed25519 " ED " joe@pc:1", "exit"},
                                           {"key-hash ssh-ed25519 7900bf777f89a574e9c2af21fe4f0f70"}};
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct bench *b = chain();
        for (unsigned k = 0; k < 6 && forms[i][k]; k++)
            cr_expect_str_eq(bench_type(b, forms[i][k]), "", "form %u", i);
        cr_expect(line_ssh_pubkey(b->r, &peer, "joe", "ssh-ed25519", ed_hash, false), "form %u", i);
        bench_type(b, "quit");
        bench_type(b, "username admin");
        cr_expect_str_eq(session_prompt(b->s), "R1(conf-ssh-pubkey-user)#");
        bench_type(b, "no username joe");
        cr_expect_not(line_ssh_pubkey(b->r, &peer, "joe", "ssh-ed25519", ed_hash, false));
        bench_free(b);
    }
}

Test(line_ssh, what_is_no_key)
{
    static const char *const bad[] = {"",
                                      "hello",
                                      "AAAA",
                                      "ssh-ed25519",
                                      "ssh-rsa " ED "AAAA",
                                      "ssh-dss AAAAB3NzaC1kc3M=",
                                      "AAAAC3NzaC1lZDI1NTE5AAAAIHMW",
                                      "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB\x7f"};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bench *b = chain();
        bench_type(b, "key-string");
        bench_type(b, bad[i]);
        cr_expect_str_eq(bench_type(b, "exit"), "%SSH: Failed to decode the Key Value\n", "%s", bad[i]);
        kept_is(b, "ip ssh pubkey-chain\n username joe\n");
        bench_free(b);
    }
    struct bench *b = chain();
    cr_expect(strstr(bench_type(b, "key-hash ssh-rsa 12"), "% SSH") == NULL);
    kept_is(b, "ip ssh pubkey-chain\n username joe\n");
    bench_free(b);
}

Test(line_ssh, algorithms)
{
    struct bench *b = chain();
    bench_type(b, "ip ssh server algorithm encryption aes256-ctr rot13 aes128-ctr");
    bench_type(b, "ip ssh server algorithm mac hmac-sha2-256");
    bench_type(b, "ip ssh client algorithm mac hmac-sha2-512");
    const struct line_ssh_settings *s = line_ssh(b->r);
    cr_expect_str_eq(s->algorithms[0][LINE_SSH_CIPHERS], "aes256-ctr,aes128-ctr");
    cr_expect_str_eq(s->algorithms[0][LINE_SSH_MACS], "hmac-sha2-256");
    cr_expect_str_eq(s->algorithms[1][LINE_SSH_MACS], "hmac-sha2-512");
    bench_type(b, "ip ssh server algorithm kex curve25519-sha256 curve25519-sha256@libssh.org ecdh-sha2-nistp256 "
                  "ecdh-sha2-nistp384 ecdh-sha2-nistp521 diffie-hellman-group1-sha1 diffie-hellman-group14-sha1 "
                  "diffie-hellman-group14-sha256 diffie-hellman-group16-sha512 diffie-hellman-group18-sha512 "
                  "diffie-hellman-group-exchange-sha256");
    const char *kex = s->algorithms[0][LINE_SSH_KEX], *last = strrchr(kex, ',');
    cr_expect_str_eq(last ? last : "", ",diffie-hellman-group-exchange-sha256", "all there are: %s", kex);
    cr_expect_eq(s->methods, 7);
    bench_type(b, "ip ssh server algorithm authentication publickey");
    cr_expect_eq(s->methods, LINE_AUTH_PUBKEY);
    cr_expect(strstr(bench_type(b, "ip ssh server algorithm authentication psychic"), "% Methods are"));
    cr_expect_eq(s->methods, LINE_AUTH_PUBKEY);
    bench_type(b, "no ip ssh server algorithm authentication");
    bench_type(b, "no ip ssh server algorithm encryption");
    cr_expect_eq(s->methods, 7);
    cr_expect_str_eq(s->algorithms[0][LINE_SSH_CIPHERS], "");
    bench_free(b);
}
