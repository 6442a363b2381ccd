/* The client's end of telnet (RFC 854, 855): options answered once each, CR and 255 as they go over the wire. Bytes in,
 * bytes out; called by line_conn.c. */
#include "modules/line/line_int.h"
#include <string.h>

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
enum { OPT_ECHO = 1, OPT_SGA = 3, OPT_TTYPE = 24, OPT_NAWS = 31, TTYPE_IS = 0, TTYPE_SEND = 1 };
enum { DATA, AFTER_IAC, OPTION, SUB, SUB_IAC };

static bool has(const uint8_t *set, uint8_t option)
{
    return set[option / 8] >> option % 8 & 1;
}

static void put(uint8_t *set, uint8_t option, bool on)
{
    set[option / 8] = (uint8_t)((set[option / 8] & ~(1u << option % 8)) | (unsigned)on << option % 8);
}

static void say(struct strbuf *reply, uint8_t verb, uint8_t option)
{
    const char b[3] = {(char)IAC, (char)verb, (char)option};
    strbuf_write(reply, b, sizeof b);
}

static void say_window(const struct telnet_client *t, struct strbuf *reply)
{
    const unsigned v[4] = {t->width >> 8, t->width & 255, t->length >> 8, t->length & 255};
    const char head[3] = {(char)IAC, (char)SB, OPT_NAWS}, tail[2] = {(char)IAC, (char)SE};
    strbuf_write(reply, head, sizeof head);
    for (unsigned i = 0; i < 4; i++) {
        const char b[2] = {(char)v[i], (char)v[i]};
        strbuf_write(reply, b, v[i] == IAC ? 2 : 1);
    }
    strbuf_write(reply, tail, sizeof tail);
}

/* An answer only where something changes, a refusal once: no storm has an echo (RFC 854, 1143). */
static void option(struct telnet_client *t, uint8_t verb, uint8_t o, struct strbuf *reply)
{
    bool wants = verb == WILL || verb == DO, theirs = verb == WILL || verb == WONT;
    bool good = theirs ? o == OPT_ECHO || o == OPT_SGA : o == OPT_SGA || o == OPT_TTYPE || o == OPT_NAWS;
    uint8_t *set = theirs ? t->theirs : t->mine, *refused = t->refused[theirs];
    t->spoken = true;
    if (wants && !good) {
        if (!has(refused, o))
            say(reply, theirs ? DONT : WONT, o);
        put(refused, o, true);
        return;
    }
    if (wants == has(set, o))
        return;
    put(set, o, wants);
    say(reply, theirs ? (wants ? DO : DONT) : (wants ? WILL : WONT), o);
    if (theirs && o == OPT_ECHO)
        t->echoes = wants;
    if (!theirs && wants && o == OPT_NAWS)
        say_window(t, reply);
}

static void sub_end(struct telnet_client *t, struct strbuf *reply)
{
    static const char is[] = {(char)IAC, (char)SB, OPT_TTYPE, TTYPE_IS, 'v', 't', '1', '0', '0', (char)IAC, (char)SE};
    if (t->n_sub == 2 && t->sub[0] == OPT_TTYPE && t->sub[1] == TTYPE_SEND && has(t->mine, OPT_TTYPE))
        strbuf_write(reply, is, sizeof is);
}

size_t telnet_client_in(struct telnet_client *t, const uint8_t *in, size_t n, uint8_t *out, struct strbuf *reply)
{
    enum { REPLY_MAX = 2048 }; /* of one piece: who asks for more is not answered */
    size_t len = 0;
    struct strbuf none = {0};
    for (size_t i = 0; i < n; i++) {
        uint8_t b = in[i];
        struct strbuf *to = reply->len < REPLY_MAX ? reply : &none;
        switch (t->state) {
        case DATA:
            if (b == IAC)
                t->state = AFTER_IAC;
            else if (b || !t->after_cr) /* CR NUL is CR */
                out[len++] = b;
            t->after_cr = b == '\r';
            break;
        case AFTER_IAC:
            t->state = b == SB ? SUB : b >= WILL && b <= DONT ? OPTION : DATA;
            t->verb = b;
            t->n_sub = 0;
            if (b == IAC)
                out[len++] = b;
            break;
        case OPTION:
            option(t, t->verb, b, to);
            t->state = DATA;
            break;
        case SUB:
            if (b == IAC)
                t->state = SUB_IAC;
            else if (t->n_sub < sizeof t->sub)
                t->sub[t->n_sub++] = b;
            break;
        case SUB_IAC:
            t->state = b == SE ? DATA : SUB;
            if (b == SE)
                sub_end(t, to);
            break;
        }
    }
    strbuf_free(&none);
    return len;
}

void telnet_client_out(struct telnet_client *t, const char *p, size_t n, struct strbuf *out)
{
    for (size_t i = 0; i < n; i++) {
        strbuf_write(out, p + i, 1);
        if ((uint8_t)p[i] == IAC)
            strbuf_write(out, p + i, 1);
        else if (p[i] == '\r') /* a host that speaks no telnet (port 80) takes lines */
            strbuf_write(out, t->spoken ? "" : "\n", 1);
    }
}
