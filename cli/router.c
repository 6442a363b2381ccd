/* `tapir router`: one router on the real side, in the foreground: options, the run directory, the state directory,
 * the doors, signals. Called by main.c; the power switch is instance.c. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/dial.h"
#include "cli/instance.h"
#include "cli/keygen.h"
#include "cli/mirror.h"
#include "cli/taps.h"
#include "cli/telnet.h"
#include "modules/core/log.h"
#include "modules/core/meter.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct door {
    /* options */
    const char *name, *config_path, *state_dir;
    char *config;
    bool no_offload, lab_keys;
    long telnet_port, ssh_port; /* 0: none */
    bool mirror_on;
    double boot_time;
    /* what runs */
    struct loop *loop;
    struct storage storage;
    struct taps *taps;
    struct control *control;
    struct telnet *telnet;
    struct keygen *keygen;
    struct mirror_tun *mirror;
    struct dialer *dialer; /* with a mirror: it has the router's addresses */
    struct instance *instance;
    struct loop_fd *signal_watch;
    int signal_fd, lock_fd;
    bool first_boot, no_privilege;
    char err[400];
};

/* ---- what the power switch asks ---- */

static struct link *door_open_link(void *ctx, struct router *r, const char *ifname, uint16_t mtu)
{
    struct door *d = ctx;
    char err[300] = "";
    (void)mtu;
    struct link *l = taps_open(d->taps, ifname, err, sizeof err);
    if (l)
        return l;
    int why = errno;
    if (d->first_boot && (why == EPERM || why == EACCES || why == ENOENT || why == ENODEV || why == ENXIO)) {
        if (!d->no_privilege)
            snprintf(d->err, sizeof d->err, "%s: %s: %s", ifname, err,
                     why == EPERM || why == EACCES ? "try sudo" : "is the tun module loaded (modprobe tun)?");
        d->no_privilege = true;
    } else {
        fprintf(stderr, "tapir: %s: %s: %s\n", d->name, ifname, err);
        log_syslog(r, 0, "LINK", 3, "NOTAP", "Interface %s has no link: %s", ifname, err);
    }
    errno = why;
    return NULL;
}

static void door_bad(void *ctx, unsigned lineno, const char *line, const char *answer)
{
    struct door *d = ctx;
    /* Of IOS's answer the last line that says anything is the reason; a caret line says nothing alone. */
    const char *reason = strstr(answer, "% ");
    size_t len = reason ? strcspn(reason, "\r\n") : 0;
    struct strbuf safe = {0};
    strbuf_safe(&safe, line + strspn(line, " "));
    strbuf_write(&safe, "", 0);
    fprintf(stderr, "startup-config:%u: %s: %.*s\n", lineno, safe.s, (int)len, reason ? reason : "");
    struct router *r = instance_router(d->instance);
    if (r)
        log_syslog(r, 0, "PARSER", 4, "BADCFG", "startup-config line %u rejected: %.200s", lineno, safe.s);
    strbuf_free(&safe);
}

static void door_up(void *ctx, struct router *r)
{
    struct door *d = ctx;
    if (d->keygen)
        keygen_attach(d->keygen, r);
    if (d->mirror)
        mirror_tun_up(d->mirror, r);
    if (d->dialer)
        dialer_attach(d->dialer, r);
    control_set_router(d->control, r, NULL);
}

static void door_down(void *ctx, struct router *r, bool reload)
{
    struct door *d = ctx;
    const char *text = reload ? "\n\n***\n*** --- SHUTDOWN NOW ---\n***\n\n" : "";
    (void)r;
    if (d->mirror)
        mirror_tun_down(d->mirror);
    control_set_router(d->control, NULL, text);
}

static void door_signal(void *arg, unsigned events)
{
    struct door *d = arg;
    struct signalfd_siginfo info;
    (void)events;
    if (read(d->signal_fd, &info, sizeof info) == sizeof info)
        loop_stop(d->loop);
}

/* ---- set-up; each step returns 0, or prints why and returns the exit status ---- */

static int parse_options(struct door *d, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *o = argv[i];
        bool wants = !strcmp(o, "-c") || !strcmp(o, "-i") || !strcmp(o, "--state") || !strcmp(o, "--telnet") ||
                     !strcmp(o, "--ssh") || !strcmp(o, "--boot-time");
        if (wants && i + 1 == argc)
            return cli_usage("router", "%s wants a value", o);
        const char *v = wants ? argv[++i] : NULL;
        char *end;
        if (!strcmp(o, "-c")) {
            d->config_path = v;
        } else if (!strcmp(o, "-i")) {
            if (!taps_name(d->taps, v, d->err, sizeof d->err))
                return cli_usage("router", "%s", d->err);
        } else if (!strcmp(o, "--state")) {
            d->state_dir = v;
        } else if (!strcmp(o, "--telnet") || !strcmp(o, "--ssh")) {
            long *port = o[2] == 't' ? &d->telnet_port : &d->ssh_port;
            *port = strtol(v, &end, 10);
            if (*end || *port < 1 || *port > 65535)
                return cli_usage("router", "%s wants a port from 1 to 65535, not %.20s", o, v);
        } else if (!strcmp(o, "--boot-time")) {
            d->boot_time = strtod(v, &end);
            if (end == v || *end || !(d->boot_time >= 0 && d->boot_time <= 86400))
                return cli_usage("router", "--boot-time wants seconds, not %.20s", v);
        } else if (!strcmp(o, "--no-offload")) {
            d->no_offload = true;
        } else if (!strcmp(o, "--mirror")) {
            d->mirror_on = true;
        } else if (!strcmp(o, "--lab-keys")) {
            d->lab_keys = true;
        } else if (o[0] == '-') {
            return cli_usage("router", "there is no option %.40s", o);
        } else if (d->name) {
            return cli_usage("router", "one router at a time: %.40s is too many", o);
        } else {
            d->name = o;
        }
    }
    if (!d->name)
        return cli_usage("router", "say the router's name");
    if (strlen(d->name) > 63 || !isalnum((unsigned char)d->name[0]))
        return cli_usage("router", "a name begins with a letter or a digit and has at most 63 characters");
    for (const char *p = d->name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
            return cli_usage("router", "%.63s is no name: letters, digits, - _ . only", d->name);
    return 0;
}

static int make_dirs(const char *path)
{
    char copy[512];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return -ENAMETOOLONG;
    for (char *p = copy + 1;; p++) {
        if (*p && *p != '/')
            continue;
        char c = *p;
        *p = '\0';
        if (mkdir(copy, 0755) && errno != EEXIST)
            return -errno;
        *p = c;
        if (!c)
            return 0;
    }
}

static int open_state(struct door *d)
{
    if (d->config_path) {
        size_t len;
        d->config = cli_read_file(d->config_path, &len);
        if (!d->config)
            return cli_fail("-c %s: %s", d->config_path, strerror(errno));
        if (strlen(d->config) != len)
            return cli_fail("-c %s is no text", d->config_path);
    }
    int rc = storage_open_dir(&d->storage, d->state_dir);
    if (rc == -EBUSY)
        return cli_fail("--state %s is in use by another router: stop it or choose another directory", d->state_dir);
    if (rc)
        return cli_fail("--state %s: %s", d->state_dir ? d->state_dir : "", strerror(-rc));
    return 0;
}

static int open_port(struct door *d, const char *option, enum line_service service, long port)
{
    int rc = port ? telnet_listen(d->telnet, service, INADDR_LOOPBACK, (uint16_t)port) : 0;
    return rc < 0 ? cli_fail("%s %ld: %s: choose another port", option, port, strerror(-rc)) : 0;
}

/* The name's lock and its socket: one router per name and run directory. */
static int open_doors(struct door *d)
{
    char path[600];
    meter_enter(d->loop, meter_part(d->loop, "Exec")); /* sessions and what they open */
    int rc = make_dirs(ctl_run_dir());
    if (rc)
        return cli_fail("%s: %s: make it, or set TAPIR_RUN", ctl_run_dir(), strerror(-rc));
    snprintf(path, sizeof path, "%s/%s.lock", ctl_run_dir(), d->name);
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock_fd < 0)
        return cli_fail("%s: %s: try sudo, or set TAPIR_RUN", path, strerror(errno));
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB))
        return cli_fail("a router %s is running already: stop it or choose another name", d->name);
    snprintf(path, sizeof path, "%s/%s.sock", ctl_run_dir(), d->name);
    d->control = control_new(d->loop, path, d->err, sizeof d->err);
    if (!d->control)
        return cli_fail("%s", d->err);
    d->keygen = keygen_new(d->loop);
    if (d->telnet_port || d->ssh_port || d->mirror_on) {
        d->telnet = telnet_new(d->loop, d->control, d->err, sizeof d->err);
        if (!d->telnet)
            return cli_fail("%s", d->err);
    }
    if (d->mirror_on) {
        d->mirror = mirror_tun_new(d->loop, d->telnet, d->err, sizeof d->err);
        if (!d->mirror)
            return cli_fail("%s", d->err);
        d->dialer = dialer_new(d->loop);
    }
    return open_port(d, "--telnet", LINE_TELNET, d->telnet_port) || open_port(d, "--ssh", LINE_SSH, d->ssh_port);
}

static int catch_signals(struct door *d)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    d->signal_watch = d->signal_fd < 0 ? NULL : loop_fd_add(d->loop, d->signal_fd, LOOP_READ, door_signal, d);
    return d->signal_watch ? 0 : cli_fail("cannot wait for signals: %s", strerror(errno));
}

static int power_on(struct door *d)
{
    struct instance_opts o = {.name = d->name,
                              .loop = d->loop,
                              .storage = &d->storage,
                              .first_config = d->config,
                              .boot_time = (nstime)(d->boot_time * (double)NS_PER_S),
                              .lab_keys = d->lab_keys,
                              .no_offload = d->no_offload,
                              .ctx = d,
                              .open_link = door_open_link,
                              .bad = door_bad,
                              .up = door_up,
                              .down = door_down};
    d->instance = instance_new(&o);
    if (!d->instance)
        return cli_fail("out of memory");
    d->first_boot = true;
    int rc = instance_power_on(d->instance);
    d->first_boot = false;
    meter_leave(d->loop, 0);
    if (rc)
        return cli_fail("router %s does not start: %s", d->name, strerror(-rc));
    if (d->no_privilege)
        return cli_fail("%s", d->err);
    return 0;
}

static void door_close(struct door *d)
{
    instance_free(d->instance); /* the power cut */
    control_free(d->control);
    mirror_tun_free(d->mirror);
    telnet_free(d->telnet);
    dialer_free(d->dialer);
    keygen_free(d->keygen);
    taps_free(d->taps);
    loop_fd_del(d->signal_watch);
    if (d->signal_fd >= 0)
        close(d->signal_fd);
    storage_close(&d->storage);
    loop_free(d->loop);
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    free(d->config);
}

int cmd_router(int argc, char **argv)
{
    struct door d = {.boot_time = 2, .signal_fd = -1, .lock_fd = -1};
    d.loop = loop_new_real();
    if (!d.loop)
        return cli_fail("no event loop: %s", strerror(errno));
    for (int i = 1; i < argc; i++) /* the taps must know before the first -i */
        d.no_offload |= !strcmp(argv[i], "--no-offload");
    d.taps = taps_new(d.loop, !d.no_offload);
    int status = d.taps ? parse_options(&d, argc, argv) : cli_fail("out of memory");
    if (!status)
        status = open_state(&d);
    if (!status)
        status = catch_signals(&d);
    if (!status)
        status = open_doors(&d);
    if (!status)
        status = power_on(&d);
    if (!status) {
        printf("%s ready\n", d.name);
        fflush(stdout);
        loop_run(d.loop, INT64_MAX);
    }
    door_close(&d);
    return status;
}
