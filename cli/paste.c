/* `tapir paste`: types a configuration file into a running router, which does the work line by line
 * (control_paste.c); this end prints what was rejected and the count. Called by main.c. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/paste_missing.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_rejected(const char *file, const struct ctl_msg *m)
{
    const char *line = m->data + 4, *answer = line + strlen(line) + 1;
    struct strbuf b = {0};
    strbuf_safe(&b, line);
    strbuf_add(&b, "\n");
    strbuf_safe(&b, answer);
    printf("%s:%u: %s", file, (unsigned)ctl_u32(m, 0), b.s);
    if (b.s[b.len - 1] != '\n')
        putchar('\n');
    strbuf_free(&b);
}

static int print_answers(struct ctl *c, const char *name, const char *file, struct missing *missing)
{
    struct ctl_msg m;
    while (ctl_recv(c, &m, -1) == 1) {
        if (m.type == CTL_REJECTED && m.len > 4) {
            print_rejected(file, &m);
            missing_line(missing, ctl_u32(&m, 0));
        } else if (m.type == CTL_HEALED && m.len > 4) {
            const char *what = m.data + 4;
            struct strbuf b = {0};
            strbuf_safe(&b, what + strlen(what) + 1);
            printf("repaired %s:%u: %s: %s\n", file, (unsigned)ctl_u32(&m, 0), what, b.s ? b.s : "");
            strbuf_free(&b);
        } else if (m.type == CTL_PASTED) {
            missing_print(missing);
            printf("%u lines, %u accepted, %u rejected, %u comments, %u repaired\n", (unsigned)ctl_u32(&m, 0),
                   (unsigned)ctl_u32(&m, 4), (unsigned)ctl_u32(&m, 8), (unsigned)ctl_u32(&m, 12),
                   (unsigned)ctl_u32(&m, 16));
            return ctl_u32(&m, 8) != 0;
        } else if (m.type == CTL_CLOSED || m.type == CTL_REFUSED) {
            return cli_fail("router %s ended the session: %s", name, m.data);
        }
    }
    return cli_fail("router %s ended while it read %s", name, file);
}

int cmd_paste(int argc, char **argv)
{
    const char *name = NULL, *file = NULL;
    uint8_t repair = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--repair"))
            repair = 1;
        else if (argv[i][0] == '-' && argv[i][1])
            return cli_usage("paste", "there is no option %.40s", argv[i]);
        else if (!name)
            name = argv[i];
        else if (!file)
            file = argv[i];
        else
            return cli_usage("paste", "one file at a time");
    }
    if (!file)
        return cli_usage("paste", name ? "say which file, or - for standard input" : "say which router and which file");
    size_t len;
    char err[400], *text = cli_read_file(file, &len);
    if (!text)
        return cli_fail("%s: %s", file, strerror(errno));
    if (len >= CTL_MAX) {
        free(text);
        return cli_fail("%s is larger than %u MB: no configuration is", file, CTL_MAX >> 20);
    }
    struct missing *missing = missing_new(text);
    struct ctl *c = ctl_connect(name, err, sizeof err);
    struct ctl_state st;
    int status;
    if (!c)
        status = cli_fail("%s", err);
    else if (ctl_open(c, CTL_EXEC, &st, err, sizeof err))
        status = cli_fail("%s: %s", name, err);
    else if (ctl_send2(c, CTL_PASTE, repair, text, len))
        status = cli_fail("router %s ended while it was sent %s", name, file);
    else
        status = print_answers(c, name, file, missing);
    missing_free(missing);
    free(text);
    ctl_close(c);
    return cli_output_lost() ? cli_fail("cannot write the answers") : status;
}
