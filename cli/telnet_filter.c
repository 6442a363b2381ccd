/* The bytes of a vty line: telnet's own (options, IAC, window size) are taken out and answered, line ends made one, and
 * what libcli writes by itself is dropped (front-ends 3.5). Called by telnet_relay.c. */
#include "cli/telnet_int.h"

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };
enum { OPT_ECHO = 1, OPT_SGA = 3, OPT_NAWS = 31 };
enum { IN_TEXT, IN_IAC, IN_OPTION, IN_SUB, IN_SUB_IAC };

static void reply_add(uint8_t *reply, size_t cap, size_t *n, uint8_t verb, uint8_t option)
{
    if (*n + 3 > cap)
        return;
    reply[(*n)++] = IAC;
    reply[(*n)++] = verb;
    reply[(*n)++] = option;
}

/* We offer ECHO and SGA at the start and ask for NAWS; everything else is refused, once: a flood of options must not
 * become a flood of answers. */
static void on_option(struct telnet_in *t, uint8_t option, uint8_t *reply, size_t cap, size_t *n)
{
    bool asks = t->verb == DO && option != OPT_ECHO && option != OPT_SGA;
    bool offers = t->verb == WILL && option != OPT_SGA && option != OPT_NAWS;
    if (!asks && !offers)
        return;
    uint8_t *seen = &t->refused[offers][option / 8];
    if (*seen & 1u << option % 8)
        return;
    *seen |= (uint8_t)(1u << option % 8);
    reply_add(reply, cap, n, asks ? WONT : DONT, option);
}

/* RFC 1073: NAWS, width and height in 16 bits each */
static void on_subnegotiation(struct telnet_in *t)
{
    if (t->n_sub != 5 || t->sub[0] != OPT_NAWS)
        return;
    t->width = (unsigned)t->sub[1] << 8 | t->sub[2];
    t->height = (unsigned)t->sub[3] << 8 | t->sub[4];
    t->resized++;
}

static void sub_byte(struct telnet_in *t, uint8_t ch)
{
    if (t->n_sub < sizeof t->sub)
        t->sub[t->n_sub] = ch;
    t->n_sub += t->n_sub <= sizeof t->sub;
}

/* One byte of text: CR, LF, CR LF and CR NUL are one line end. */
static size_t on_text(struct telnet_in *t, uint8_t ch, uint8_t *out)
{
    bool lf_of_crlf = t->after_cr && (ch == '\n' || ch == 0);
    t->after_cr = ch == '\r';
    if (lf_of_crlf || !ch)
        return 0;
    out[0] = ch == '\n' ? '\r' : ch;
    return 1;
}

size_t telnet_filter_in(struct telnet_in *t, const uint8_t *in, size_t len, uint8_t *out, uint8_t *reply,
                        size_t reply_cap, size_t *reply_len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = in[i];
        switch (t->state) {
        case IN_TEXT:
            if (ch == IAC && !t->raw)
                t->state = IN_IAC;
            else
                n += on_text(t, ch, out + n);
            break;
        case IN_IAC:
            t->verb = ch;
            t->state = ch >= WILL && ch <= DONT ? IN_OPTION : ch == SB ? IN_SUB : IN_TEXT;
            t->n_sub = 0;
            if (ch == IAC)
                n += on_text(t, ch, out + n);
            break;
        case IN_OPTION:
            on_option(t, ch, reply, reply_cap, reply_len);
            t->state = IN_TEXT;
            break;
        case IN_SUB:
            if (ch == IAC)
                t->state = IN_SUB_IAC;
            else
                sub_byte(t, ch);
            break;
        default:
            if (ch == SE)
                on_subnegotiation(t);
            else if (ch == IAC)
                sub_byte(t, ch);
            t->state = ch == SE ? IN_TEXT : IN_SUB;
            break;
        }
    }
    return n;
}

size_t telnet_filter_out(struct telnet_out *t, const uint8_t *in, size_t len, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = in[i];
        if (ch == PROMPT_BEGIN || ch == OUTPUT_BEGIN) {
            /* libcli's blank line in front of a prompt did not pass; one is due behind half a line */
            if (ch == PROMPT_BEGIN && t->column) {
                out[n++] = '\r';
                out[n++] = '\n';
                t->column = 0;
            }
            t->lined = t->inside = true;
            continue;
        }
        if (ch == PROMPT_END || ch == OUTPUT_END) {
            t->inside = false;
            t->prompted |= ch == PROMPT_END;
            continue;
        }
        if (ch == PROMPT_CHAR || (t->lined && !t->inside))
            continue; /* libcli's own prompt character, echo and line ends */
        if (ch == IAC && !t->raw)
            out[n++] = IAC;
        out[n++] = ch;
        t->column = ch == '\r' || ch == '\n' ? 0 : ch == '\b' ? t->column - (t->column > 0) : t->column + 1;
    }
    return n;
}
