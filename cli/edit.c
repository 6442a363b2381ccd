/* The keys of a line (see edit.h). Called for every byte typed at a prompt: by the console, and by the relay of a
 * telnet or SSH session. */
#include "cli/edit.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CTRL_KEY(c) ((c)-64)
enum { LAST_OTHER, LAST_KILL, LAST_YANK };
enum { ESC_NONE, ESC_SEEN, ESC_CSI, ESC_SS3 };

void edit_init(struct edit *e)
{
    memset(e, 0, sizeof *e);
    strbuf_write(&e->text, "", 0);
    e->limit = 20;
}

static void history_cut(struct edit_history *h, unsigned keep)
{
    while (h->n > keep) {
        free(h->line[0]);
        memmove(h->line, h->line + 1, --h->n * sizeof *h->line);
    }
}

void edit_free(struct edit *e)
{
    strbuf_free(&e->text);
    strbuf_free(&e->kept);
    drawn_free(&e->drawn);
    history_cut(&e->history[0], 0);
    history_cut(&e->history[1], 0);
    while (e->n_kill)
        free(e->kill[--e->n_kill]);
}

void edit_begin(struct edit *e, const char *prompt, unsigned width, bool in_config, unsigned history)
{
    snprintf(e->prompt, sizeof e->prompt, "%s", prompt);
    e->width = width;
    e->limit = history > EDIT_HISTORY ? EDIT_HISTORY : history;
    if (!in_config) /* entering configuration starts an empty list (ios-cli 6) */
        history_cut(&e->history[1], 0);
    e->which = in_config;
    e->browsing = 0;
    e->text.len = 0;
    strbuf_write(&e->text, "", 0);
    e->cursor = 0;
    e->overlong = e->answer = e->plain = false;
    e->literal = false;
    e->escape = ESC_NONE;
    e->last = LAST_OTHER;
    drawn_forget(&e->drawn);
}

void edit_remember(struct edit *e, const char *line)
{
    struct edit_history *h = &e->history[e->which];
    while (*line == ' ')
        line++;
    if (!*line || *line == '!' || !e->limit || (h->n && !strcmp(h->line[h->n - 1], line)))
        return;
    history_cut(h, e->limit - 1);
    h->line[h->n++] = strdup(line);
}

static void draw(struct edit *e, struct strbuf *out)
{
    drawn_update(&e->drawn, e->text.s, e->text.len, e->cursor, drawn_room(e->width, strlen(e->prompt)), out);
}

void edit_show(struct edit *e, bool with_prompt, struct strbuf *out)
{
    drawn_forget(&e->drawn);
    if (with_prompt)
        strbuf_write(out, e->prompt, strlen(e->prompt));
    draw(e, out);
}

bool edit_completes(const struct edit *e)
{
    return e->text.len && e->cursor == e->text.len && e->text.s[e->cursor - 1] != ' ';
}

void edit_replace(struct edit *e, const char *text, size_t len)
{
    e->text.len = 0;
    strbuf_write(&e->text, text, len);
    e->cursor = e->text.len;
}

/* ---- places in the line ---- */

static bool tail_byte(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t left_of(const struct edit *e, size_t i)
{
    if (i)
        i--;
    while (i && tail_byte(e->text.s[i]))
        i--;
    return i;
}

static size_t right_of(const struct edit *e, size_t i)
{
    if (i < e->text.len)
        i++;
    while (i < e->text.len && tail_byte(e->text.s[i]))
        i++;
    return i;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static size_t word_left(const struct edit *e)
{
    size_t i = e->cursor;
    while (i && !in_word(e->text.s[i - 1]))
        i--;
    while (i && in_word(e->text.s[i - 1]))
        i--;
    return i;
}

static size_t word_right(const struct edit *e)
{
    size_t i = e->cursor;
    while (i < e->text.len && !in_word(e->text.s[i]))
        i++;
    while (i < e->text.len && in_word(e->text.s[i]))
        i++;
    return i;
}

/* Ctrl-W: back over blanks, then over everything up to the next blank. */
static size_t blank_left(const struct edit *e)
{
    size_t i = e->cursor;
    while (i && e->text.s[i - 1] == ' ')
        i--;
    while (i && e->text.s[i - 1] != ' ')
        i--;
    return i;
}

/* ---- changes ---- */

static void edit_insert(struct edit *e, const char *s, size_t n)
{
    if (e->text.len + n > EDIT_MAX) {
        e->overlong = true;
        return;
    }
    strbuf_write(&e->text, s, n); /* room; then into its place */
    if (e->cursor + n < e->text.len) {
        memmove(e->text.s + e->cursor + n, e->text.s + e->cursor, e->text.len - n - e->cursor);
        memcpy(e->text.s + e->cursor, s, n);
    }
    e->cursor += n;
}

static void edit_erase(struct edit *e, size_t from, size_t to)
{
    memmove(e->text.s + from, e->text.s + to, e->text.len - to + 1);
    e->text.len -= to - from;
    e->cursor = from;
}

static void kill_push(struct edit *e, char *text)
{
    if (e->n_kill == EDIT_KILLS)
        free(e->kill[--e->n_kill]);
    memmove(e->kill + 1, e->kill, e->n_kill++ * sizeof *e->kill);
    e->kill[0] = text;
}

/* Kills that follow each other are one piece. */
static void edit_kill(struct edit *e, size_t from, size_t to, bool chain)
{
    bool before = to == e->cursor && from < to;
    size_t n = to - from, had = chain && e->n_kill ? strlen(e->kill[0]) : 0;
    if (!n)
        return;
    char *text = malloc(had + n + 1);
    if (!text)
        return;
    memcpy(text + (before ? 0 : had), e->text.s + from, n);
    if (had)
        memcpy(text + (before ? n : 0), e->kill[0], had);
    text[had + n] = '\0';
    if (had) {
        free(e->kill[0]);
        e->kill[0] = text;
    } else {
        kill_push(e, text);
    }
    edit_erase(e, from, to);
}

static void yank(struct edit *e, unsigned which)
{
    e->yanked = which;
    e->yank_from = e->cursor;
    edit_insert(e, e->kill[which], strlen(e->kill[which]));
}

static void transpose(struct edit *e)
{
    size_t n = e->text.len, at = e->cursor == n ? left_of(e, n) : e->cursor;
    size_t before = left_of(e, at), after = right_of(e, at);
    char swap[16];
    if (!at || before == at || after - before >= sizeof swap)
        return;
    memcpy(swap, e->text.s + at, after - at);
    memcpy(swap + (after - at), e->text.s + before, at - before);
    memcpy(e->text.s + before, swap, after - before);
    e->cursor = after;
}

static void recase(struct edit *e, int how)
{
    size_t to = word_right(e);
    bool first = true;
    for (; e->cursor < to; e->cursor++) {
        char *c = &e->text.s[e->cursor];
        if (!isalpha((unsigned char)*c))
            continue;
        *c = (char)(how == 'u' || (how == 'c' && first) ? toupper((unsigned char)*c) : tolower((unsigned char)*c));
        first = false;
    }
}

static void browse(struct edit *e, int step, struct strbuf *out)
{
    struct edit_history *h = &e->history[e->which];
    if (e->answer || (step > 0 && e->browsing == h->n) || (step < 0 && !e->browsing)) {
        strbuf_write(out, "\a", 1);
        return;
    }
    if (!e->browsing) {
        e->kept.len = 0;
        strbuf_write(&e->kept, e->text.s, e->text.len);
    }
    e->browsing += (unsigned)step;
    const char *line = e->browsing ? h->line[h->n - e->browsing] : e->kept.s;
    edit_replace(e, line, strlen(line));
}

/* ---- keys ---- */

static void escape_key(struct edit *e, int key, uint8_t last)
{
    switch (tolower(key)) {
    case 'b':
        e->cursor = word_left(e);
        break;
    case 'f':
        e->cursor = word_right(e);
        break;
    case 'd': {
        size_t to = word_right(e), at = e->cursor;
        edit_kill(e, at, to, last == LAST_KILL);
        e->last = LAST_KILL;
        break;
    }
    case 'c':
    case 'l':
    case 'u':
        recase(e, tolower(key));
        break;
    case 'y':
        if (last != LAST_YANK || !e->n_kill)
            break;
        edit_erase(e, e->yank_from, e->cursor);
        yank(e, (e->yanked + 1) % e->n_kill);
        e->last = LAST_YANK;
        break;
    case 'q':
        e->literal = true;
        break;
    case 8:
    case 127:
        edit_kill(e, word_left(e), e->cursor, last == LAST_KILL);
        e->last = LAST_KILL;
        break;
    default:
        break;
    }
}

static void delete_right(struct edit *e)
{
    edit_erase(e, e->cursor, right_of(e, e->cursor));
}

/* The last byte of a sequence that a terminal sends for a key of its own. */
static void cursor_key(struct edit *e, uint8_t key, struct strbuf *out)
{
    switch (key) {
    case 'A':
        browse(e, 1, out);
        break;
    case 'B':
        browse(e, -1, out);
        break;
    case 'C':
        e->cursor = right_of(e, e->cursor);
        break;
    case 'D':
        e->cursor = left_of(e, e->cursor);
        break;
    case 'H':
        e->cursor = 0;
        break;
    case 'F':
        e->cursor = e->text.len;
        break;
    case '~':
        if (e->parameter == 3)
            delete_right(e);
        else if (e->parameter == 1 || e->parameter == 7)
            e->cursor = 0;
        else if (e->parameter == 4 || e->parameter == 8)
            e->cursor = e->text.len;
        break;
    default:
        break;
    }
}

static void control_key(struct edit *e, uint8_t key, uint8_t last, struct strbuf *out)
{
    static const char plain[] = {
        CTRL_KEY('H'), 127, CTRL_KEY('R'), CTRL_KEY('U'), CTRL_KEY('V'), CTRL_KEY('W'), CTRL_KEY('X'), 27, 0};
    if (e->plain && (!key || !strchr(plain, key)))
        return;
    switch (key) {
    case CTRL_KEY('A'):
        e->cursor = 0;
        break;
    case CTRL_KEY('B'):
        e->cursor = left_of(e, e->cursor);
        break;
    case CTRL_KEY('D'):
        delete_right(e);
        break;
    case CTRL_KEY('E'):
        e->cursor = e->text.len;
        break;
    case CTRL_KEY('F'):
        e->cursor = right_of(e, e->cursor);
        break;
    case CTRL_KEY('H'):
    case 127:
        edit_erase(e, left_of(e, e->cursor), e->cursor);
        break;
    case CTRL_KEY('K'):
        edit_kill(e, e->cursor, e->text.len, last == LAST_KILL);
        e->last = LAST_KILL;
        break;
    case CTRL_KEY('L'):
    case CTRL_KEY('R'):
        strbuf_write(out, "\r\n", 2);
        edit_show(e, true, out);
        break;
    case CTRL_KEY('N'):
        browse(e, -1, out);
        break;
    case CTRL_KEY('P'):
        browse(e, 1, out);
        break;
    case CTRL_KEY('T'):
        transpose(e);
        break;
    case CTRL_KEY('U'):
    case CTRL_KEY('X'):
        edit_kill(e, 0, e->cursor, last == LAST_KILL);
        e->last = LAST_KILL;
        break;
    case CTRL_KEY('V'):
        e->literal = true;
        break;
    case CTRL_KEY('W'):
        edit_kill(e, blank_left(e), e->cursor, last == LAST_KILL);
        e->last = LAST_KILL;
        break;
    case CTRL_KEY('Y'):
        if (e->n_kill) {
            yank(e, 0);
            e->last = LAST_YANK;
        }
        break;
    case 27:
        e->escape = ESC_SEEN;
        e->last = last;
        break;
    default: /* no editing key: dropped (ios-cli 3.1) */
        break;
    }
}

/* The line's end: the cursor goes behind the text. */
static enum edit_event finished(struct edit *e, const char *mark, enum edit_event event, struct strbuf *out)
{
    e->cursor = e->text.len;
    draw(e, out);
    strbuf_write(out, mark, strlen(mark));
    drawn_forget(&e->drawn);
    return event;
}

static bool in_escape(struct edit *e, uint8_t key, uint8_t last, struct strbuf *out)
{
    if (e->escape == ESC_NONE)
        return false;
    if (e->escape == ESC_SEEN && (key == '[' || key == 'O')) {
        e->escape = key == '[' ? ESC_CSI : ESC_SS3;
        e->parameter = 0;
        return true;
    }
    if (e->escape == ESC_CSI && (key < 0x40 || key > 0x7e)) {
        if (isdigit(key) && e->parameter < 1000)
            e->parameter = e->parameter * 10 + (key - '0');
        return true;
    }
    if (e->plain)
        ;
    else if (e->escape == ESC_SEEN)
        escape_key(e, key, last);
    else
        cursor_key(e, key, out);
    e->escape = ESC_NONE;
    return true;
}

enum edit_event edit_key(struct edit *e, uint8_t key, struct strbuf *out)
{
    uint8_t last = e->last;
    e->last = LAST_OTHER;
    if (e->literal) {
        e->literal = false;
        if (key >= 32 && key != 127)
            edit_insert(e, (const char *)&key, 1);
    } else if (in_escape(e, key, last, out)) {
        ;
    } else if (key == '\r' || key == '\n') {
        return finished(e, "\r\n", EDIT_LINE, out);
    } else if (key == CTRL_KEY('C')) {
        return finished(e, "^C\r\n", EDIT_CTRL_C, out);
    } else if (key == CTRL_KEY('Z')) {
        return finished(e, "^Z\r\n", EDIT_CTRL_Z, out);
    } else if ((!e->prompt[0] || e->answer) && (key == '?' || key == '\t')) { /* inside a banner nothing is help */
        edit_insert(e, key == '?' ? "?" : " ", 1);
    } else if (key == '?') { /* echoed behind the line, wherever the cursor is */
        drawn_update(&e->drawn, e->text.s, e->text.len, e->text.len, drawn_room(e->width, strlen(e->prompt)), out);
        return EDIT_HELP;
    } else if (key == '\t') {
        return EDIT_TAB;
    } else if (key < 32 || key == 127) {
        control_key(e, key, last, out);
    } else {
        edit_insert(e, (const char *)&key, 1);
    }
    draw(e, out);
    return EDIT_NONE;
}
