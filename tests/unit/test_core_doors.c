/* The doors: framing of the control socket, telnet's bytes, and the start-up test that libcli calls our hooks. */
#include "cli/control_wire.h"
#include "cli/telnet.h"
#include "cli/telnet_int.h"
#include <criterion/criterion.h>
#include <string.h>

Test(doors, libcli_calls_our_hooks)
{
    cr_assert(telnet_self_test());
}

Test(doors, frames_in_pieces)
{
    struct ctl_buf a = {0}, b = {0};
    struct ctl_msg m;
    uint8_t first = 7;
    cr_assert(ctl_buf_message(&a, CTL_ANSWER, &first, 1, "yes", 3));
    cr_assert(ctl_buf_message(&a, CTL_ABORT, NULL, 0, NULL, 0));
    for (size_t i = 0; i < 9; i++) {
        cr_assert_eq(ctl_buf_next(&b, &m), 0);
        ctl_buf_add(&b, a.p + i, 1);
    }
    cr_assert_eq(ctl_buf_next(&b, &m), 1);
    cr_assert_eq(m.type, CTL_ANSWER);
    cr_assert_eq(m.len, 4);
    cr_assert_arr_eq(m.data, "\7yes", 4);
    ctl_buf_add(&b, a.p + 9, 5);
    cr_assert_eq(ctl_buf_next(&b, &m), 1);
    cr_assert_eq(m.type, CTL_ABORT);
    ctl_buf_add(&b, "\x01\xff\xff\xff\xff", 5);
    cr_assert_eq(ctl_buf_next(&b, &m), -1, "a length beyond all reason is refused before anything is allocated");
    ctl_buf_free(&a);
    ctl_buf_free(&b);
}

static void in_is(const char *bytes, size_t len, const char *want, size_t reply_want)
{
    /* whole, and byte by byte */
    for (int piecewise = 0; piecewise < 2; piecewise++) {
        struct telnet_in t = {0};
        uint8_t out[512], reply[64];
        size_t n = 0, r = 0;
        for (size_t i = 0; i < len; i += piecewise ? 1 : len)
            n +=
                telnet_filter_in(&t, (const uint8_t *)bytes + i, piecewise ? 1 : len, out + n, reply, sizeof reply, &r);
        out[n] = 0;
        cr_assert_str_eq((char *)out, want);
        cr_assert_eq(r, reply_want);
    }
}

Test(doors, telnet_input)
{
    in_is("a\r\nb\r\0c\nd\r", 10, "a\rb\rc\rd\r", 0);
    in_is("\xff\xf1x\xff\xf1", 5, "x", 0);                  /* NOP */
    in_is("\xff\xfa\x1f\0\x50\0\x18\xff\xf0y", 10, "y", 0); /* window size */
    in_is("\xff\xfd\x01\xff\xfd\x18z", 7, "z", 3);          /* DO ECHO is fine, DO TTYPE is not */
    in_is("a\xff\xff\0b", 5,
          "a\xff"
          "b",
          0);
}

static void out_is(const char *bytes, size_t len, const char *want, size_t want_len)
{
    for (int piecewise = 0; piecewise < 2; piecewise++) {
        struct telnet_out t = {0};
        uint8_t out[512];
        size_t n = 0;
        for (size_t i = 0; i < len; i += piecewise ? 1 : len)
            n += telnet_filter_out(&t, (const uint8_t *)bytes + i, piecewise ? 1 : len, out + n);
        cr_assert_eq(n, want_len, "%zu", n);
        cr_assert_arr_eq(out, want, n);
    }
}

Test(doors, telnet_output)
{
    /* once a prompt was there, only prompts and what the hooks write pass: not libcli's echo and line ends */
    out_is("login\r\n\x01R1>\x02> x\r\n\x04text\r\n\x05\r\n\x01R1#\x02\x03", 33, "login\r\nR1>text\r\nR1#", 19);
    out_is("\x01R1>\x02x\x04half\x05\r\n\x01R1#\x02\x03", 20, "R1>half\r\nR1#", 12);
    out_is("a\xff", 2, "a\xff\xff", 3);
}
