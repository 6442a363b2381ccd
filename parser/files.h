/* Files that a user names at the prompt (flash:, disk0:, nvram:, system:), kept through the storage seam beside the
 * startup configuration. Called by the output filters redirect, tee and append, by copy, more, delete, dir and
 * configure replace. */
#ifndef TAPIR_PARSER_FILES_H
#define TAPIR_PARSER_FILES_H
#include "parser/cfg.h"

enum { FILES_MAX = 48, FILES_NAME_MAX = 63, FILES_BYTES = 62984192, FILE_BYTES = 8 << 20 };
enum file_kind { FILE_FLASH, FILE_STARTUP, FILE_RUNNING };
struct file_ref {
    enum file_kind kind;
    char name[FILES_NAME_MAX + 1];   /* without file system and slashes; "" where only a file system was named */
    char shown[FILES_NAME_MAX + 16]; /* flash:/name */
};
/* flash:name, flash:/name, disk0:, bootflash:, slot0: and a bare name are one file system; nvram:startup-config,
 * startup-config, system:running-config and running-config are the configurations. false: not of this box. */
bool file_parse(const char *url, struct file_ref *f);
int file_read(struct cfg *cfg, const struct file_ref *f, char **data, size_t *len); /* malloc'd; 0 or -errno */
int file_write(struct cfg *cfg, const struct file_ref *f, const char *data, size_t len, bool append);
int file_remove(struct cfg *cfg, const struct file_ref *f);
bool file_exists(struct cfg *cfg, const struct file_ref *f);
/* Those of flash:, by name. */
void file_list(struct cfg *cfg, void (*each)(void *arg, const char *name, size_t len), void *arg);
const char *file_error(int rc); /* as IOS puts it: No such file or directory */
#endif
