/* Router processes of a lab: power on, wait until one answers, kill -9. Called by `lab up|start|kill` and scenarios. */
#include "cli/control.h"
#include "cli/lab.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lab_router_spawn(const struct lab *l, const char *node, char *err, size_t errlen)
{
    char ns[128], cfg[500], state[500], log[500], pidfile[500], self[500];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) {
        snprintf(err, errlen, "/proc/self/exe: %s", strerror(errno));
        return 1;
    }
    self[n] = 0;
    lab_ns_name(l->t->name, node, ns);
    lab_path(l, node, ".cfg", cfg, sizeof cfg);
    lab_path(l, node, ".d", state, sizeof state);
    lab_path(l, node, ".log", log, sizeof log);
    lab_path(l, node, ".pid", pidfile, sizeof pidfile);
    char *argv[] = {self,
                    (char[]){"router"},
                    (char *)(uintptr_t)node,
                    (char[]){"-c"},
                    cfg,
                    (char[]){"--state"},
                    state,
                    (char[]){"--mirror"},
                    l->t->keys ? (char[]){"--lab-keys"} : NULL,
                    NULL};
    pid_t pid = fork();
    if (pid < 0) {
        snprintf(err, errlen, "fork: %s", strerror(errno));
        return 1;
    }
    if (pid == 0) {
        setsid();
        int null = open("/dev/null", O_RDONLY), out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        dup2(null, 0);
        dup2(out, 1);
        dup2(out, 2);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        setenv("TAPIR_RUN", l->dir, 1);
        if (lab_ns_enter(ns) == 0)
            execv(self, argv);
        _exit(127);
    }
    FILE *f = fopen(pidfile, "we");
    if (f) {
        fprintf(f, "%d\n", (int)pid);
        fclose(f);
    }
    return 0;
}

pid_t lab_router_pid(const struct lab *l, const char *node)
{
    char path[500], proc[64], exe[600];
    int pid = 0;
    lab_path(l, node, ".pid", path, sizeof path);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%d", &pid) != 1)
        pid = 0;
    fclose(f);
    if (pid <= 1 || !lab_pid_alive(pid))
        return 0;
    /* The number may be somebody else's by now. Not its command line: that is empty for a moment while it starts. */
    snprintf(proc, sizeof proc, "/proc/%d/exe", pid);
    ssize_t n = readlink(proc, exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    const char *base = strrchr(exe, '/');
    return base && strncmp(base + 1, "tapir", 5) == 0 ? pid : 0;
}

static void last_log_line(const struct lab *l, const char *node, char *err, size_t errlen)
{
    char path[500];
    lab_path(l, node, ".log", path, sizeof path);
    char *text = topology_file_text(path), *line = NULL, *save = NULL;
    for (char *p = strtok_r(text ? text : (char[1]){0}, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
        line = p;
    snprintf(err, errlen, "router %s ended: %s", node, line ? line : "it said nothing");
    free(text);
}

int lab_router_wait(const struct lab *l, const char *node, int ms, char *err, size_t errlen)
{
    char path[500], why[300];
    lab_path(l, node, ".sock", path, sizeof path);
    for (int left = ms; left > 0; left -= 20) {
        struct ctl *c = ctl_connect_path(path, why, sizeof why);
        if (c) {
            struct ctl_state st;
            int rc = ctl_open(c, CTL_EXEC, &st, why, sizeof why);
            ctl_close(c);
            if (rc == 0)
                return 0;
        }
        if (!lab_router_pid(l, node)) {
            last_log_line(l, node, err, errlen);
            return 1;
        }
        lab_pause(20);
    }
    snprintf(err, errlen, "router %s does not answer after %d s", node, ms / 1000);
    return 1;
}

bool lab_router_kill(const struct lab *l, const char *node)
{
    pid_t pid = lab_router_pid(l, node);
    char path[500];
    if (!pid)
        return false;
    kill(pid, SIGKILL);
    while (lab_pid_alive(pid))
        lab_pause(1);
    lab_path(l, node, ".pid", path, sizeof path);
    unlink(path);
    return true;
}
