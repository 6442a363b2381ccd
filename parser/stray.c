/* Lines of a text whose block was refused (see configure.h). Called by config_load() and by the paste. */
#include "modules/core/router.h"
#include "parser/configure.h"
#include <string.h>

static bool indented(const char *line)
{
    return *line == ' ' || *line == '\t';
}

bool stray_line(const struct stray *s, const char *line)
{
    return s->below && indented(line);
}

void stray_comment(struct stray *s, const char *line)
{
    line += strspn(line, " \t");
    s->comment = *line == '!' && line[1 + strspn(line + 1, "! \t")];
}

void stray_done(struct stray *s, const char *line, bool refused, bool known)
{
    if (!indented(line))
        s->below = refused && (known || !s->comment);
    s->comment = false;
}

void stray_answer(const struct cfg *cfg, const char *line, struct strbuf *out)
{
    struct verdict v = {MATCH_INVALID, strspn(line, " \t"), false};
    verdict_text(&v, line, strlen(cfg->router->hostname) + strlen("(config)#"), out);
}
