/* Fuzz target: whatever bytes arrive at a console. Each line is typed into one session in configuration or exec mode,
 * and asked for help and completion. */
#include "parser/session.h"
#include "tests/unit/lib_alone.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_line(struct session *s, const char *line)
{
    session_line(s, line);
    if (session_busy(s))
        session_abort(s);
    free(session_help(s, line));
    free(session_complete(s, line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alone w;
    alone_open(&w, "fuzz", alone_sim_loop());
    router_start(w.r);
    struct session_ops ops = {0};
    struct session_opts so = {.line_name = "console", .privilege = 15};
    struct session *s = session_new(w.r, &so, &ops, NULL);
    char *text = malloc(size + 1);
    if (!text)
        abort();
    for (size_t i = 0; i < size; i++)
        text[i] = data[i] ? (char)data[i] : ' ';
    text[size] = 0;
    if (size && (data[0] & 1))
        session_line(s, "configure terminal");
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        one_line(s, line);
    free(text);
    session_free(s);
    alone_close(&w);
    return 0;
}
