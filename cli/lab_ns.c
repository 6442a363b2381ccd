/* Network namespaces and the programs that are run in them, by way of iproute2. Called by the lab's subcommands. */
#include "cli/lab.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void lab_pause(int ms)
{
    poll(NULL, 0, ms);
}

void lab_ns_name(const char *lab, const char *node, char buf[128])
{
    snprintf(buf, 128, "tapir-%.40s-%.63s", lab, node);
}

static void ns_path(const char *ns, char buf[200])
{
    snprintf(buf, 200, "/run/netns/%.160s", ns);
}

bool lab_ns_exists(const char *ns)
{
    char path[200];
    ns_path(ns, path);
    return access(path, F_OK) == 0;
}

int lab_ns_here(void)
{
    return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

int lab_ns_back(int fd)
{
    int rc = setns(fd, CLONE_NEWNET) == 0 ? 0 : -errno;
    close(fd);
    return rc;
}

int lab_ns_enter(const char *ns)
{
    char path[200];
    ns_path(ns, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : lab_ns_back(fd);
}

/* Forks; in the child stdin/stdout/stderr are in, out, errfd (-1: kept). */
static pid_t start(const char *ns, char *const argv[], int in, int out, int errfd)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (in >= 0)
        dup2(in, 0);
    if (out >= 0)
        dup2(out, 1);
    if (errfd >= 0)
        dup2(errfd, 2);
    if (ns && lab_ns_enter(ns) != 0)
        _exit(127);
    execvp(argv[0], argv);
    _exit(127);
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void read_all(int fd, struct strbuf *out)
{
    char buf[4096];
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0 && out)
            strbuf_write(out, buf, (size_t)n);
}

int lab_run_argv(const char *ns, char *const argv[], char *err, size_t errlen)
{
    int p[2];
    struct strbuf text = {0};
    if (pipe2(p, O_CLOEXEC) != 0)
        return 127;
    pid_t pid = start(ns, argv, -1, -1, p[1]);
    close(p[1]);
    read_all(p[0], &text);
    close(p[0]);
    int status = pid < 0 ? 127 : wait_for(pid);
    if (status != 0 && err)
        snprintf(err, errlen, "%s: %.*s", argv[0], text.s ? (int)strcspn(text.s, "\n") : 13,
                 text.s ? text.s : "cannot be run");
    strbuf_free(&text);
    return status;
}

int lab_sh(const char *ns, const char *line, struct strbuf *out)
{
    int p[2];
    char *copy = strdup(line);
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, copy, NULL};
    if (!copy || pipe2(p, O_CLOEXEC) != 0) {
        free(copy);
        return 127;
    }
    pid_t pid = start(ns, argv, -1, out ? p[1] : -1, out ? p[1] : -1);
    close(p[1]);
    read_all(p[0], out);
    close(p[0]);
    free(copy);
    return pid < 0 ? 127 : wait_for(pid);
}

int lab_ip_batch(const char *ns, const char *commands, char *err, size_t errlen)
{
    int in[2], e[2];
    struct strbuf text = {0};
    char *argv[] = {(char[]){"ip"}, (char[]){"-batch"}, (char[]){"-"}, NULL};
    /* entering the namespace here is what `ip -n` does, for all of the batch */
    if (pipe2(in, O_CLOEXEC) != 0)
        return 1;
    if (pipe2(e, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return 1;
    }
    pid_t pid = start(ns, argv, in[0], -1, e[1]);
    close(in[0]);
    close(e[1]);
    size_t len = strlen(commands), at = 0;
    while (at < len) {
        ssize_t n = write(in[1], commands + at, len - at);
        if (n < 0 && errno != EINTR)
            break;
        at += n > 0 ? (size_t)n : 0;
    }
    close(in[1]);
    read_all(e[0], &text);
    close(e[0]);
    int status = pid < 0 ? 127 : wait_for(pid);
    if (status == 127)
        snprintf(err, errlen, "ip (iproute2) cannot be run: make deps installs it");
    else if (status)
        snprintf(err, errlen, "ip: %.*s", text.s ? (int)strcspn(text.s, "\n") : 6, text.s ? text.s : "failed");
    strbuf_free(&text);
    return status ? 1 : 0;
}

bool lab_pid_alive(pid_t pid)
{
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    if (!fgets(line, sizeof line, f))
        line[0] = 0;
    fclose(f);
    const char *state = strrchr(line, ')');
    return state && state[1] == ' ' && state[2] != 'Z' && state[2] != 'X';
}

void lab_kill_in_ns(const char *ns)
{
    char path[200], proc[300];
    struct stat want, st;
    ns_path(ns, path);
    if (stat(path, &want) != 0)
        return;
    for (int round = 0; round < 50; round++) {
        unsigned found = 0;
        DIR *d = opendir("/proc");
        for (struct dirent *e; d && (e = readdir(d));) {
            pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
            snprintf(proc, sizeof proc, "/proc/%.20s/ns/net", e->d_name);
            if (pid <= 1 || pid == getpid() || stat(proc, &st) != 0 || st.st_ino != want.st_ino ||
                st.st_dev != want.st_dev || !lab_pid_alive(pid))
                continue;
            kill(pid, SIGKILL);
            found++;
        }
        if (d)
            closedir(d);
        if (!found)
            return;
        lab_pause(10);
    }
}

static void put(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* this kernel has no such switch */
    if (write(fd, value, 1) != 1)
        fprintf(stderr, "tapir: %s: %s\n", path, strerror(errno));
    close(fd);
}

void lab_sysctl(const char *ns)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (lab_ns_enter(ns) != 0)
            _exit(1);
        put("/proc/sys/net/bridge/bridge-nf-call-iptables", "0");
        put("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0");
        put("/proc/sys/net/bridge/bridge-nf-call-arptables", "0");
        put("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
        put("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
        _exit(0);
    }
    if (pid > 0)
        wait_for(pid);
}
