/* readline as the console uses it (front-ends 4): its editing, with IOS's keys and no others, and the line drawn by the
 * same code as on vty lines (edit.h). Called by console.c. */
#include "cli/console_int.h"
#include "cli/edit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* readline wants stdio first */
#include <readline/history.h>
#include <readline/readline.h>

static struct screen { /* readline keeps its state in the process; so does what its callbacks need */
    struct drawn drawn;
    char *prompt;
    bool prompted; /* the prompt stands on the screen */
    unsigned width;
    const struct console_keymap *keymap;
    HISTORY_STATE *exec_history; /* while the configuration's list is in use */
    bool in_config;
} screen;

/* ---- the line on the screen ---- */

static void put(struct strbuf *b)
{
    if (b->len)
        fwrite(b->s, 1, b->len, stdout);
    strbuf_free(b);
    fflush(stdout);
}

static void redisplay(void)
{
    struct strbuf out = {0};
    size_t n = strlen(screen.prompt);
    if (!screen.prompted)
        strbuf_write(&out, screen.prompt, n);
    screen.prompted = true;
    drawn_update(&screen.drawn, rl_line_buffer, (size_t)rl_end, (size_t)rl_point, drawn_room(screen.width, n), &out);
    put(&out);
}

void console_wipe(void)
{
    struct strbuf out = {0};
    drawn_wipe(&screen.drawn, screen.prompted ? strlen(screen.prompt) : 0, &out);
    screen.prompted = false;
    put(&out);
}

void console_show(void)
{
    drawn_forget(&screen.drawn);
    screen.prompted = false;
    redisplay();
}

void console_line_end(const char *mark)
{
    rl_point = rl_end;
    redisplay();
    printf("%s\n", mark);
    fflush(stdout);
}

void console_prompt(const char *prompt, unsigned width, void (*line)(char *line))
{
    free(screen.prompt);
    screen.prompt = strdup(prompt);
    screen.prompted = false;
    screen.width = width;
    drawn_forget(&screen.drawn);
    rl_callback_handler_install(prompt, line);
}

/* ---- history ---- */

void console_history_pick(bool config, unsigned size)
{
    if (config && !screen.in_config) {
        HISTORY_STATE empty = {0};
        screen.exec_history = history_get_history_state();
        history_set_history_state(&empty);
        using_history();
    } else if (!config && screen.in_config) {
        clear_history();
        if (screen.exec_history)
            history_set_history_state(screen.exec_history);
        free(screen.exec_history);
        screen.exec_history = NULL;
        using_history();
    }
    screen.in_config = config;
    stifle_history((int)size);
}

void console_history_note(const char *line)
{
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    while (*line == ' ')
        line++;
    if (*line && *line != '!' && (!last || strcmp(last->line, line)))
        add_history(line);
}

/* ---- keys ---- */

static int key_get(FILE *f)
{
    (void)f;
    int ch = screen.keymap->get();
    return ch < 0 ? EOF : ch;
}

static int key_enter(int count, int key)
{
    (void)count, (void)key;
    console_line_end("");
    rl_done = 1;
    return 0;
}

static int key_refresh(int count, int key)
{
    (void)count, (void)key;
    putchar('\n');
    console_show();
    return 0;
}

static int key_nothing(int count, int key)
{
    (void)count, (void)key;
    return 0;
}

static int key_older(int count, int key)
{
    int at = where_history();
    rl_get_previous_history(count, key);
    if (where_history() != at)
        rl_point = rl_end;
    return 0;
}

static int key_newer(int count, int key)
{
    rl_get_next_history(count, key);
    rl_point = rl_end;
    return 0;
}

static void no_prep(int meta)
{
    (void)meta;
}

static void no_deprep(void)
{
}

static void bind_keys(Keymap map)
{
    static const struct {
        const char *seq;
        rl_command_func_t *run;
    } keys[] = {{"\\C-a", rl_beg_of_line},
                {"\\C-b", rl_backward_char},
                {"\\C-d", rl_delete},
                {"\\C-e", rl_end_of_line},
                {"\\C-f", rl_forward_char},
                {"\\C-h", rl_rubout},
                {"\\C-?", rl_rubout},
                {"\\C-j", key_enter},
                {"\\C-m", key_enter},
                {"\\C-k", rl_kill_line},
                {"\\C-l", key_refresh},
                {"\\C-r", key_refresh},
                {"\\C-n", key_newer},
                {"\\C-p", key_older},
                {"\\C-t", rl_transpose_chars},
                {"\\C-u", rl_unix_line_discard},
                {"\\C-x", rl_unix_line_discard},
                {"\\C-v", rl_quoted_insert},
                {"\\C-w", rl_unix_word_rubout},
                {"\\C-y", rl_yank},
                {"\\eb", rl_backward_word},
                {"\\eB", rl_backward_word},
                {"\\ef", rl_forward_word},
                {"\\eF", rl_forward_word},
                {"\\ed", rl_kill_word},
                {"\\eD", rl_kill_word},
                {"\\ec", rl_capitalize_word},
                {"\\eC", rl_capitalize_word},
                {"\\el", rl_downcase_word},
                {"\\eL", rl_downcase_word},
                {"\\eu", rl_upcase_word},
                {"\\eU", rl_upcase_word},
                {"\\ey", rl_yank_pop},
                {"\\eY", rl_yank_pop},
                {"\\eq", rl_quoted_insert},
                {"\\eQ", rl_quoted_insert},
                {"\\e\\C-h", rl_backward_kill_word},
                {"\\e\\C-?", rl_backward_kill_word},
                {"\\e[A", key_older},
                {"\\eOA", key_older},
                {"\\e[B", key_newer},
                {"\\eOB", key_newer},
                {"\\e[C", rl_forward_char},
                {"\\eOC", rl_forward_char},
                {"\\e[D", rl_backward_char},
                {"\\eOD", rl_backward_char},
                {"\\e[H", rl_beg_of_line},
                {"\\eOH", rl_beg_of_line},
                {"\\e[F", rl_end_of_line},
                {"\\eOF", rl_end_of_line},
                {"\\e[1~", rl_beg_of_line},
                {"\\e[7~", rl_beg_of_line},
                {"\\e[4~", rl_end_of_line},
                {"\\e[8~", rl_end_of_line},
                {"\\e[3~", rl_delete},
                {"\\e[2~", key_nothing},
                {"\\e[5~", key_nothing},
                {"\\e[6~", key_nothing}};
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++)
        rl_bind_keyseq_in_map(keys[i].seq, keys[i].run, map);
    rl_bind_key_in_map('?', screen.keymap->help, map);
    rl_bind_key_in_map('\t', screen.keymap->complete, map);
    rl_bind_key_in_map(KEY_CTRL_Z, screen.keymap->leave, map);
    rl_bind_key_in_map(KEY_CTRL_C, screen.keymap->leave, map);
}

void console_readline_setup(const struct console_keymap *k)
{
    screen.keymap = k;
    setenv("INPUTRC", "/dev/null", 1); /* the user's own bindings are for other programs */
    setenv("LC_ALL", "C.UTF-8", 1);
    rl_readline_name = "tapir";
    rl_catch_signals = 0;
    rl_prep_term_function = no_prep;
    rl_deprep_term_function = no_deprep;
    rl_getc_function = key_get;
    rl_input_available_hook = k->available;
    rl_redisplay_function = redisplay;
    rl_initialize();
    /* On by default since 8.1: three pasted commands would arrive as one (front-ends 4). */
    rl_variable_bind("enable-bracketed-paste", "off");
    rl_variable_bind("bind-tty-special-chars", "off");
    Keymap map = rl_make_keymap();
    for (int c = 0; c < 32; c++)
        rl_bind_key_in_map(c, c == 27 ? NULL : key_nothing, map);
    bind_keys(map);
    rl_set_keymap(map);
    rl_tty_set_echoing(1);
    using_history();
}
