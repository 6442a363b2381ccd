/* modules/ipsec between routers on a memory switch: policy, mutated packets, and what tshark says of it. */
#include "tests/unit/lib_ipsec.h"
#include <criterion/criterion.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(ipsec, first_packet_is_held_and_nothing_leaves_in_clear)
{
    struct lab l;
    ilab_pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[0].acquires, 1);
    cr_assert_eq(l.n[1].got, 1);
    cr_assert_eq(l.n[1].last_len, 100);
    ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, 200, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[0].got, 1, "the answer matches the dynamic entry's flow");
    cr_assert_eq(l.clear, 0);
    cr_assert_eq(l.esp, 2);
    /* A flow that no entry protects goes in clear. */
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_gw_ip, 10, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, 2);
    cr_assert_eq(l.esp, 2);
    ilab_done(&l);
}

Test(ipsec, no_sa_no_packet)
{
    struct lab l;
    ilab_pair_up(&l);
    l.auto_keys = false;
    for (unsigned i = 0; i < 50; i++)
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 1);
    cr_assert_eq(l.clear + l.esp, 0);
    cr_assert_eq(l.n[0].acquires, 1);
    struct ipsec *st = ipsec_of(l.n[0].r);
    cr_assert_eq(st->acquires->held.n, IPSEC_HELD_MAX);
    cr_assert_eq(ip_drop_get(l.n[0].r, "ipsec-no-sa"), 50 - IPSEC_HELD_MAX);
    struct ipsec_proposal p = st->acquires->prop;
    ipsec_acquire_failed(l.n[0].r, &p, "test");
    cr_assert_eq(ip_drop_get(l.n[0].r, "ipsec-no-sa"), 50);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    cr_assert_eq(l.n[0].acquires, 1, "a pause after the failure");
    ilab_run(&l, 2);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    cr_assert_eq(l.n[0].acquires, 2);
    ilab_run(&l, 100);
    cr_assert_eq(st->n_acquires, 0, "given up");
    cr_assert_eq(l.clear, 0);
    ilab_done(&l);
}

Test(ipsec, clear_text_that_should_be_protected_is_refused)
{
    struct lab l;
    ilab_pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    ipsec_binding_clear(ipsec_of(l.n[0].r),
                        netif_find(l.n[0].r, "Ethernet1/1")); /* the spoke forgets its policy, gw gets the DELETE */
    cr_assert_eq(ipsec_of(l.n[1].r)->n_sas, 0);
    struct ipsec_pair a, b;
    ilab_pair(&l, &l.n[0], &l.n[1], &a, &b);
    cr_assert_eq(ipsec_pair_install(l.n[1].r, &b, 0), 0);
    unsigned got = l.n[1].got;
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got);
    cr_assert_geq(l.clear, 1);
    cr_assert_eq(ip_drop_get(l.n[1].r, "crypto-clear-text"), 1);
    ilab_done(&l);
}

Test(ipsec, replay_and_tampering)
{
    struct lab l;
    ilab_pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    struct seen_packet p = l.last_esp;
    unsigned got = l.n[1].got;
    for (unsigned i = 0; i < 5; i++)
        ilab_inject(&l, p.data, p.len);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got);
    cr_assert_eq(ip_drop_get(l.n[1].r, "esp-replay"), 5);
    struct seen_packet q = p;
    q.data[14 + 20 + 7] += 50; /* another number, same ICV */
    ilab_inject(&l, q.data, q.len);
    ilab_run(&l, 0.1);
    cr_assert_eq(ip_drop_get(l.n[1].r, "esp-mac"), 1);
    cr_assert_eq(ipsec_of(l.n[1].r)->first->win.top, 1, "the window moves only after the ICV was right");
    q.data[14 + 20] ^= 0x55;
    ilab_inject(&l, q.data, q.len);
    ilab_run(&l, 0.1);
    cr_assert_eq(ip_drop_get(l.n[1].r, "esp-invalid-spi"), 1);
    ilab_done(&l);
}

Test(ipsec, sizes_fragments_and_df)
{
    struct lab l;
    ilab_pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 10, false);
    ilab_run(&l, 0.1);
    struct sa *s = ipsec_of(l.n[0].r)->first;
    cr_assert_eq(ipsec_esp_plain_mtu(s, 1500), 1438, "reference 5.2");
    for (size_t n = 0; n <= 1500; n += 7) {
        unsigned got = l.n[1].got;
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, n, false);
        ilab_run(&l, 0.01);
        cr_assert_eq(l.n[1].got, got + 1, "%zu bytes", n);
        cr_assert_eq(l.n[1].last_len, n);
    }
    unsigned got = l.n[1].got, esp = l.esp;
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1438 - 28, true);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 1, "exactly the plaintext MTU");
    cr_assert_eq(l.esp, esp + 1);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1438 - 27, true);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 1);
    cr_assert_eq(ip_drop_get(l.n[0].r, "ipsec-df"), 1);
    cr_assert_eq(l.last_esp.data[14 + 6] & 0x40, 0x40, "DF copied");
    ipsec_of(l.n[0].r)->df = DF_CLEAR;
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1450, true);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 2, "the ESP packet is fragmented");
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 6000, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 3);
    ilab_done(&l);
}

Test(ipsec, every_suite_and_mode)
{
    static const struct ipsec_transform ts[] = {{.cipher = CIPHER_AES_CBC, .key_bits = 128, .auth = HASH_SHA256},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 192, .auth = HASH_MD5},
                                                {.cipher = CIPHER_3DES, .auth = HASH_SHA1},
                                                {.cipher = CIPHER_DES, .auth = HASH_MD5},
                                                {.cipher = CIPHER_NULL, .auth = HASH_SHA1},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_SHA512},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_NONE},
                                                {.cipher = CIPHER_AES_GCM, .key_bits = 128},
                                                {.cipher = CIPHER_AES_GCM, .key_bits = 256}};
    for (unsigned i = 0; i < 2 * sizeof ts / sizeof *ts; i++) {
        struct lab l;
        ilab_open(&l);
        l.t = ts[i / 2];
        l.udp = i & 1;
        snprintf(l.t.name, sizeof l.t.name, "t2");
        ilab_node(&l, 0, "spoke", ilab_spoke_ip);
        ilab_node(&l, 1, "gw1", ilab_gw_ip);
        ilab_spoke_config(&l.n[0]);
        ilab_gw_config(&l.n[1], "", false);
        for (size_t n = 1; n < 1500; n += 111) {
            ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, n, false);
            ilab_run(&l, 0.1);
            ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, n, false);
            ilab_run(&l, 0.1);
        }
        cr_assert_eq(l.n[1].got, 14, "suite %u", i);
        cr_assert_eq(l.n[0].got, 14, "suite %u", i);
        cr_assert_eq(l.clear, 0);
        ilab_done(&l);
    }
}

Test(ipsec, transport_mode)
{
    for (unsigned udp = 0; udp < 2; udp++) {
        struct lab l;
        struct ipsec_pair a, b;
        ilab_open(&l);
        l.t.transport = true;
        l.udp = udp;
        ilab_node(&l, 0, "spoke", ilab_spoke_ip);
        ilab_node(&l, 1, "gw1", ilab_gw_ip);
        ilab_spoke_config(&l.n[0]);
        ilab_gw_config(&l.n[1], "", false);
        struct acl *acl = acl_find(l.n[0].r, "test_1");
        struct acl_line line = *acl->lines;
        addr_parse(ilab_gw_ip, &line.rule.dst);
        line.rule.seq = 0;
        uint32_t seq;
        cr_assert_eq(acl_line_put(l.n[0].r, acl, &line, &seq), 0);
        ilab_pair(&l, &l.n[0], &l.n[1], &a, &b);
        cr_assert_eq(ipsec_pair_install(l.n[0].r, &a, 0), 0);
        cr_assert_eq(ipsec_pair_install(l.n[1].r, &b, 0), 0);
        ipsec_pair_enable(l.n[0].r, a.in_spi);
        ipsec_pair_enable(l.n[1].r, b.in_spi);
        cr_assert_eq(ipsec_esp_plain_mtu(ipsec_of(l.n[0].r)->first, 1500), udp ? 1442 : 1458, "reference 5.2");
        for (size_t n = 1; n < 1440; n += 80) {
            ilab_send(&l.n[0], ilab_spoke_ip, ilab_gw_ip, n, false);
            ilab_run(&l, 0.1);
            cr_assert_eq(l.n[1].last_len, n);
            ilab_send(&l.n[1], ilab_gw_ip, ilab_spoke_ip, n, false);
            ilab_run(&l, 0.1);
            cr_assert_eq(l.n[0].last_len, n);
        }
        cr_assert_eq(l.esp, 36, "each as one packet");
        cr_assert_eq(l.n[0].got, 18);
        cr_assert_eq(l.n[1].got, 18);
        ilab_done(&l);
    }
}

Test(ipsec, rekey_by_volume_and_time_loses_nothing)
{
    struct lab l;
    ilab_open(&l);
    l.life_kb = 2560;
    l.life_s = 120;
    l.initiator_rekeys = true;
    ilab_node(&l, 0, "spoke", ilab_spoke_ip);
    ilab_node(&l, 1, "gw1", ilab_gw_ip);
    ilab_spoke_config(&l.n[0]);
    ilab_gw_config(&l.n[1], "", false);
    for (unsigned i = 0; i < 6000; i++) { /* 8.4 MB: three rekeys by volume */
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 1400, false);
        ilab_run(&l, 0.001);
    }
    cr_assert_eq(l.n[1].got, 6000);
    cr_assert_geq(l.n[0].acquires, 4);
    unsigned before = l.n[0].acquires;
    for (unsigned i = 0; i < 300; i++) {
        ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
        ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, 100, false);
        ilab_run(&l, 1);
    }
    cr_assert_eq(l.n[1].got, 6300);
    cr_assert_eq(l.n[0].got, 300);
    cr_assert_geq(l.n[0].acquires, before + 2, "rekeys by time");
    cr_assert_leq(ipsec_of(l.n[0].r)->n_sas, 2, "old pairs are gone");
    cr_assert_leq(ipsec_of(l.n[1].r)->n_sas, 2);
    cr_assert_eq(l.clear, 0);
    ilab_done(&l);
}

Test(ipsec, mutated_packets)
{
    struct lab l;
    ilab_pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    struct seen_packet p = l.last_esp;
    unsigned got = l.n[1].got;
    struct ipsec *st = ipsec_of(l.n[1].r);
    struct netif *in = netif_find(l.n[1].r, "Ethernet1/1");
    uint32_t x = 4711;
    for (unsigned i = 0; i < 100000; i++) {
        struct frame *f = frame_alloc(l.loop);
        uint32_t len = (uint32_t)p.len - 14;
        uint8_t *d = frame_put(f, len);
        memcpy(d, p.data + 14, len);
        f->in = in;
        for (unsigned k = 0; k < 1 + i % 5; k++) {
            x = x * 1664525u + 1013904223u;
            d[(x >> 8) % len] = (uint8_t)(x >> 24);
        }
        x = x * 1664525u + 1013904223u;
        if (i % 7 == 0)
            f->len = (x >> 8) % (len + 1);
        struct frame_vec v = {.n = 1, .f = {f}};
        ipsec_esp_input_vec(st, &v);
    }
    cr_assert_eq(l.n[1].got, got, "none was accepted");
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    cr_assert_eq(l.n[1].got, got + 1, "and the tunnel lives");
    ilab_done(&l);
}

/* With the right keys but hostile content: padding, next header and inner packets of every kind. */
Test(ipsec, mutated_plaintext)
{
    struct lab l;
    ilab_pair_up(&l);
    ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, 100, false);
    ilab_run(&l, 0.1);
    struct sa *s = ipsec_of(l.n[0].r)->first;
    struct seen_packet p = l.last_esp;
    struct netif *in = netif_find(l.n[1].r, "Ethernet1/1");
    uint32_t x = 815, seq = 100;
    for (unsigned i = 0; i < 20000; i++) {
        struct frame *f = frame_alloc(l.loop);
        uint32_t blocks = 1 + i % 8, len = 20 + 8 + 16 + 16 * blocks + 12;
        uint8_t *d = frame_put(f, len);
        memcpy(d, p.data + 14, 44);
        d[2] = (uint8_t)(len >> 8);
        d[3] = (uint8_t)len;
        seq++;
        d[24] = (uint8_t)(seq >> 24), d[25] = (uint8_t)(seq >> 16), d[26] = (uint8_t)(seq >> 8), d[27] = (uint8_t)seq;
        for (uint32_t k = 44; k < len - 12; k++) {
            x = x * 1664525u + 1013904223u;
            d[k] = (uint8_t)(x >> 24);
        }
        d[44] = i & 1 ? 0x45 : d[44];
        d[len - 13] = i & 2 ? 4 : d[len - 13];
        d[len - 14] = i & 4 ? (uint8_t)(i % 20) : d[len - 14];
        struct esp_job j = {.key = s->seal, .data = d + 20, .len = len - 20 - 12};
        esp_seal(s->st->esp, &j, 1);
        cr_assert(j.ok);
        f->in = in;
        struct frame_vec v = {.n = 1, .f = {f}};
        ipsec_esp_input_vec(ipsec_of(l.n[1].r), &v);
    }
    cr_assert_eq(l.n[1].got, 1);
    ilab_done(&l);
}

/* ---- a judge that is not ours: tshark decrypts what we sent, with the keys of `lab keys`, and checks every ICV ----
 */
static void write_pcap(const struct lab *l, const char *path)
{
    pcap_t *pc = pcap_open_dead(DLT_EN10MB, 65535);
    pcap_dumper_t *d = pcap_dump_open(pc, path);
    cr_assert_not_null(d);
    for (unsigned i = 0; i < l->n_log; i++) {
        struct pcap_pkthdr h = {.ts = {.tv_sec = 1 + (long)i},
                                .caplen = (bpf_u_int32)l->esp_log[i].len,
                                .len = (bpf_u_int32)l->esp_log[i].len};
        pcap_dump((u_char *)d, &h, l->esp_log[i].data);
    }
    pcap_dump_close(d);
    pcap_close(pc);
}

static void sink(void *arg, const char *text, size_t len)
{
    strbuf_sink(arg, text, len);
}

static unsigned tshark_count(const char *pcap, const char *keys, const char *filter)
{
    static char cmd[16384];
    char line[4096], quoted[8192];
    size_t n = (size_t)snprintf(cmd, sizeof cmd, "tshark -r '%s' ", pcap);
    FILE *k = fopen(keys, "r");
    while (fgets(line, sizeof line, k) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(quoted, sizeof quoted, "'%s' ", line);
        n += (size_t)snprintf(cmd + n, sizeof cmd - n, "%s", quoted);
    }
    fclose(k);
    snprintf(cmd + n, sizeof cmd - n, "-Y '%s' 2>/dev/null", filter);
    FILE *p = popen(cmd, "r");
    unsigned lines = 0;
    while (p != NULL && fgets(line, sizeof line, p) != NULL)
        lines++;
    pclose(p);
    return lines;
}

Test(ipsec, tshark_decrypts_and_checks_every_icv)
{
    static const struct ipsec_transform ts[] = {{.cipher = CIPHER_AES_CBC, .key_bits = 256, .auth = HASH_SHA1},
                                                {.cipher = CIPHER_AES_CBC, .key_bits = 128, .auth = HASH_SHA256},
                                                {.cipher = CIPHER_3DES, .auth = HASH_MD5},
                                                {.cipher = CIPHER_AES_GCM, .key_bits = 256},
                                                {.cipher = CIPHER_AES_GCM, .key_bits = 128}};
    enum { SUITES = sizeof ts / sizeof *ts };
    if (system("tshark --version >/dev/null 2>&1") != 0)
        cr_skip_test("no tshark");
    for (unsigned i = 0; i < SUITES + 1; i++) {
        struct lab l;
        char pcap[] = "/tmp/tapir-esp-XXXXXX", keys[] = "/tmp/tapir-key-XXXXXX";
        ilab_open(&l);
        l.t = ts[i % SUITES];
        snprintf(l.t.name, sizeof l.t.name, "t2");
        l.udp = i == SUITES;
        ilab_node(&l, 0, "spoke", ilab_spoke_ip);
        ilab_node(&l, 1, "gw1", ilab_gw_ip);
        ilab_spoke_config(&l.n[0]);
        ilab_gw_config(&l.n[1], "", false);
        for (size_t n = 0; n < 20; n++) {
            ilab_send(&l.n[0], ilab_spoke_ip, ilab_inside_ip, n * 70, false);
            ilab_run(&l, 0.01);
            ilab_send(&l.n[1], ilab_inside_ip, ilab_spoke_ip, n * 70, false);
            ilab_run(&l, 0.01);
        }
        struct strbuf b = {0};
        struct out *o = out_new_text(sink, &b);
        ipsec_module.lab_keys(l.n[0].r, ipsec_of(l.n[0].r), o);
        out_finish(o);
        out_free(o);
        close(mkstemp(pcap));
        int fd = mkstemp(keys);
        cr_assert_eq(write(fd, b.s, b.len), (ssize_t)b.len);
        close(fd);
        strbuf_free(&b);
        write_pcap(&l, pcap);
        cr_assert_eq(l.n_log, 40, "suite %u: %u", i, l.n_log);
        cr_assert_eq(tshark_count(pcap, keys, "esp.icv_good==1 && udp.port==9"), 40, "suite %u", i);
        cr_assert_eq(tshark_count(pcap, keys, "esp.icv_bad==1 || _ws.malformed || ip.checksum.status==0"), 0,
                     "suite %u", i);
        unlink(pcap);
        unlink(keys);
        ilab_done(&l);
    }
}
