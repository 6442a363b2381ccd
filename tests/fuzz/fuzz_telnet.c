/* libFuzzer target: what a telnet client may send, cut up as the input says: options are taken out and answered within
 * bounds, and what is left is typed into the line editor; and what a far host may send to our own telnet. The first
 * byte chooses telnet or raw (SSH), the second how the rest is cut. */
#include "cli/edit.h"
#include "cli/telnet_int.h"
#include "modules/line/line_int.h"
#include <stdlib.h>
#include <string.h>

static void type(struct edit *e, struct strbuf *screen, const uint8_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        screen->len = 0;
        enum edit_event ev = edit_key(e, keys[i], screen);
        if (e->cursor > e->text.len)
            abort();
        if (ev == EDIT_LINE || ev == EDIT_CTRL_C || ev == EDIT_CTRL_Z) {
            edit_remember(e, e->text.s);
            edit_begin(e, "R1(config-if)#", 80, true, 20);
        } else if (ev == EDIT_HELP || ev == EDIT_TAB) {
            edit_show(e, ev == EDIT_TAB, screen);
        }
    }
}

/* The same bytes as a far host may send them to our telnet. */
static void as_client(const uint8_t *data, size_t size, size_t step)
{
    struct telnet_client t = {.length = 24, .width = 80};
    struct strbuf reply = {0}, sent = {0};
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        uint8_t *out = malloc(n);
        if (!out)
            abort();
        reply.len = sent.len = 0;
        size_t len = telnet_client_in(&t, data + at, n, out, &reply);
        if (len > n || reply.len > 2048 + 16)
            abort();
        telnet_client_out(&t, (const char *)out, len, &sent);
        if (sent.len > 2 * len)
            abort();
        free(out);
    }
    strbuf_free(&reply);
    strbuf_free(&sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct telnet_in t = {.raw = data[0] & 1};
    struct telnet_out o = {.raw = t.raw};
    struct edit e;
    struct strbuf screen = {0};
    size_t step = data[1] ? data[1] : size, answered = 0;
    edit_init(&e);
    edit_begin(&e, "R1#", data[0] & 2 ? 20 : 0, false, 5);
    for (size_t at = 2; at < size; at += step) {
        size_t n = size - at < step ? size - at : step, replied = 0;
        uint8_t *out = malloc(n), *back = malloc(2 * n + 4), reply[64];
        if (!out || !back)
            abort();
        size_t len = telnet_filter_in(&t, data + at, n, out, reply, sizeof reply, &replied);
        if (len > n || replied > sizeof reply)
            abort();
        answered += replied;
        type(&e, &screen, out, len);
        if (telnet_filter_out(&o, data + at, n, back) > 2 * n + 4)
            abort();
        free(out);
        free(back);
    }
    as_client(data + 2, size - 2, step);
    if (answered > 3 * 2 * 256) /* each option is refused once, each way */
        abort();
    edit_free(&e);
    strbuf_free(&screen);
    return 0;
}
