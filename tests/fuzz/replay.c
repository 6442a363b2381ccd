/* The fuzz targets without libFuzzer: every file named, or in a folder named, is one input. `make test` replays the
 * seeds so, among them whatever a fuzzer once found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int one(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) != 0) {
        perror(path);
        return -1;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1); /* its own block: reading past the end is seen */
    if (!data || fread(data, 1, size, f) != size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **list;
        int entries = scandir(argv[i], &list, NULL, alphasort);
        if (entries < 0) {
            if (one(argv[i]) != 0)
                return 1;
            n++;
            continue;
        }
        for (int k = 0; k < entries; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], list[k]->d_name);
            if (list[k]->d_name[0] != '.' && one(path) == 0)
                n++;
            free(list[k]);
        }
        free(list);
    }
    printf("%u inputs\n", n);
    return n ? 0 : 1;
}
