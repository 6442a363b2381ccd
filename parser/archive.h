/* The archive of configurations, as write memory and the rollback commands use it. */
#ifndef TAPIR_PARSER_ARCHIVE_H
#define TAPIR_PARSER_ARCHIVE_H
#include "parser/cfg.h"

bool archive_enabled(struct cfg *cfg);
/* Saves the running configuration; its name in shown (NULL: not wanted). -ENOENT: no path. */
int archive_save(struct cfg *cfg, char shown[96]);
void archive_write_memory(struct cfg *cfg); /* after write memory, if the archive wants it */
#endif
