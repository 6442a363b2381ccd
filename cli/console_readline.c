/* readline as the console uses it (front-ends 4): its callbacks carry the keys, what a key does is edit.c's, as on vty
 * lines, so that no door edits in a way of its own. Called by console.c. */
#include "cli/console_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* readline wants stdio first */
#include <readline/readline.h>

enum { KEY_CTRL_D = 4 };

static struct screen { /* readline keeps its state in the process; so does what its callbacks need */
    struct edit edit;
    const struct console_keymap *keymap;
} screen;

struct edit *console_edit(void)
{
    return &screen.edit;
}

static void put(struct strbuf *b)
{
    if (b->len)
        fwrite(b->s, 1, b->len, stdout);
    strbuf_free(b);
    fflush(stdout);
}

void console_wipe(void)
{
    struct strbuf out = {0};
    drawn_wipe(&screen.edit.drawn, strlen(screen.edit.prompt), &out);
    put(&out);
}

void console_show(void)
{
    struct strbuf out = {0};
    edit_show(&screen.edit, true, &out);
    put(&out);
}

static void line_done(char *line)
{
    bool end = !line;
    free(line);
    screen.keymap->line(end ? EDIT_NONE : screen.edit.ended);
}

void console_prompt(const char *prompt, const struct ctl_state *st, bool answer)
{
    edit_begin(&screen.edit, prompt, st->width, st->in_config, st->history);
    screen.edit.answer = answer;
    screen.edit.plain = st->plain;
    console_show();
    rl_callback_handler_install("", line_done);
}

void console_prompt_end(void)
{
    rl_callback_handler_remove();
}

void console_read_key(void)
{
    rl_callback_read_char();
}

static int key_get(FILE *f)
{
    (void)f;
    int ch = screen.keymap->get();
    return ch < 0             ? EOF
           : ch == KEY_CTRL_D ? 0
                              : ch; /* with nothing in its own line readline takes Ctrl-D for the end */
}

static int key_any(int count, int key)
{
    struct strbuf out = {0};
    (void)count;
    enum edit_event event = edit_key(&screen.edit, key ? (uint8_t)key : KEY_CTRL_D, &out);
    put(&out);
    switch (event) {
    case EDIT_NONE:
        break;
    case EDIT_HELP:
        screen.keymap->help();
        break;
    case EDIT_TAB:
        screen.keymap->complete();
        break;
    default:
        screen.edit.ended = event;
        rl_done = 1;
        break;
    }
    return 0;
}

static void draw_nothing(void)
{
}

static void no_prep(int meta)
{
    (void)meta;
}

void console_readline_setup(const struct console_keymap *k)
{
    screen.keymap = k;
    edit_init(&screen.edit);
    setenv("INPUTRC", "/dev/null", 1); /* the user's own bindings are for other programs */
    setenv("LC_ALL", "C.UTF-8", 1);
    rl_readline_name = "tapir";
    rl_catch_signals = 0;
    rl_prep_term_function = no_prep;
    rl_deprep_term_function = draw_nothing;
    rl_getc_function = key_get;
    rl_input_available_hook = k->available;
    rl_redisplay_function = draw_nothing;
    rl_initialize();
    /* On by default since 8.1: three pasted commands would arrive as one (front-ends 4). */
    rl_variable_bind("enable-bracketed-paste", "off");
    rl_variable_bind("bind-tty-special-chars", "off");
    rl_variable_bind("convert-meta", "off");
    Keymap map = rl_make_bare_keymap();
    for (int c = 0; c < 256; c++)
        rl_bind_key_in_map(c, key_any, map);
    rl_set_keymap(map);
    rl_tty_set_echoing(1);
}
