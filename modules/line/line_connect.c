/* What opens, lists, resumes and ends connections from the prompt: telnet, connect, ssh, resume, where, disconnect,
 * exit (grammar/connect.gram). */
#include "connect_cmd.h"
#include "modules/core/named.h"
#include "modules/line/line_int.h"
#include "modules/net/hosts.h"
#include "modules/net/ip.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_TELNET = 23, PORT_SSH = 22 };

/* ---- where to ---- */

int line_cmd_synwait(struct cmd *c, struct args_ip_tcp_synwait *a)
{
    lines_cmd(c)->synwait_s = c->op == CMD_SET ? a->wait : 0;
    return CMD_OK;
}

int line_cmd_telnet_source(struct cmd *c, struct args_ip_telnet_source *a)
{
    struct lines *l = lines_cmd(c);
    snprintf(l->telnet_source, sizeof l->telnet_source, "%s", c->op == CMD_SET ? a->interface.text : "");
    return CMD_OK;
}

static const struct line_block *block_here(const struct cmd *c)
{
    const struct line_use *use = cmd_line(c);
    return use ? line_block_of(use->l, use->kind, use->number) : NULL;
}

static int wrong_name(struct cmd *c, const char *name)
{
    out_text(c->out, "Translating \"%s\"\n\n", name);
    return cmd_error(c, "%% Unknown command or computer name, or unable to find computer address\n");
}

/* 0: no such port. */
static unsigned port_of(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9')
        return !*end && n <= 65535 ? (unsigned)n : 0;
    const struct named *p = named_find(named_tcp_ports, text, strlen(text), NULL, NULL);
    return p ? (unsigned)p->number : strcasecmp(text, "ssh") ? 0 : PORT_SSH;
}

/* From which address; false: the interface has none. */
static bool source_of(struct cmd *c, const char *interface, uint32_t *addr)
{
    struct netif *nif = interface[0] ? netif_find(c->router, interface) : NULL;
    struct addr a = {0};
    *addr = 0;
    if (!interface[0])
        return true;
    if (nif && nif->admin_up)
        a = netif_primary(nif);
    *addr = addr_v4_get(&a);
    return *addr;
}

/* transport output and access-class out of the line (outgoing: the list is asked about where it goes). */
static bool may_call(struct cmd *c, const struct line_call_to *to)
{
    const struct line_block *b = block_here(c);
    struct addr dst = addr_v4(to->addr);
    struct acl_flow flow = {.src = dst, .dst = dst, .proto = 6, .dport = to->port};
    if (!b || !b->acl_out[0])
        return true;
    enum acl_verdict v = acl_match(c->router, b->acl_out, &flow, true, NULL);
    return v == ACL_PERMIT || v == ACL_NONE;
}

static int call(struct cmd *c, const char *name, struct line_call_to *to, const char *interface)
{
    struct lines *l = lines_cmd(c);
    const struct line_block *b = block_here(c);
    char where[ADDR_STRLEN], port[16] = "";
    unsigned open = 0;
    const struct line_use *use = cmd_line(c);
    for (const struct line_conn *n = use ? use->conns : NULL; n; n = n->next)
        open++;
    if (open >= CONNS_MAX || (b && b->session_limit && open >= b->session_limit))
        return cmd_error(c, "%% Session limit exceeded");
    if (b && (to->ssh ? b->no_ssh_out : b->no_telnet_out))
        return cmd_error(c, "%% %s connections not permitted from this terminal", to->ssh ? "ssh" : "telnet");
    struct addr a;
    struct route_hit hit;
    if (!host_resolve(c->router, name, &a))
        return wrong_name(c, name);
    to->addr = addr_v4_get(&a);
    addr_format(&a, where);
    if (to->port != PORT_TELNET)
        snprintf(port, sizeof port, ", %u", to->port);
    if (!to->ssh && strcmp(where, name) != 0)
        out_text(c->out, "Trying %s (%s%s)... ", name, where, port);
    else if (!to->ssh)
        out_text(c->out, "Trying %s%s ... ", where, port);
    if (!may_call(c, to))
        return cmd_error(c, "%s%% Connections to that host not permitted from this terminal", to->ssh ? "" : "\n");
    if (!source_of(c, interface, &to->source))
        return cmd_error(c, "%s%% Interface %s has no address to connect from", to->ssh ? "" : "\n", interface);
    if (!route_lookup(c->router, &a, &hit))
        return cmd_error(c, "%s%% Destination unreachable; gateway or host down\n", to->ssh ? "" : "\n");
    to->set = &l->ssh;
    return conn_start(c, name, to);
}

static int telnet_to(struct cmd *c, const char *name, const char *port, const char *interface)
{
    struct line_call_to to = {.port = PORT_TELNET};
    if (port && !(to.port = (uint16_t)port_of(port)))
        return cmd_error(c, "%% There is no port %s", port);
    return call(c, name, &to, interface ? interface : lines_cmd(c)->telnet_source);
}

static int host_answer(struct cmd *c, const char *text, void *arg)
{
    (void)arg;
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)(text ? strcspn(text, " ") : 0), text ? text : "");
    return name[0] ? telnet_to(c, name, NULL, NULL) : CMD_OK;
}

int line_cmd_telnet(struct cmd *c, struct args_exec_telnet *a)
{
    if (!a->has_host)
        return cmd_ask(c, "Host: ", true, host_answer, NULL);
    return telnet_to(c, a->host, a->has_port ? a->port : NULL, a->has_source ? a->source.text : NULL);
}

static int ssh_to(struct cmd *c, const char *name, struct line_call_to *to)
{
    const struct line_use *use = cmd_line(c);
    if (!to->user[0] && use)
        snprintf(to->user, sizeof to->user, "%s", use->user);
    if (!to->user[0])
        return cmd_error(c, "%% No user specified nor available for SSH client");
    to->ssh = true;
    return call(c, name, to, lines_cmd(c)->ssh_source);
}

/* A word alone comes here too: the protocol that the line prefers. */
int line_cmd_connect(struct cmd *c, struct args_exec_connect *a)
{
    const struct line_block *b = block_here(c);
    struct line_call_to to = {.port = PORT_SSH, .prompts = LINE_TRIES};
    if (b && b->prefer_ssh && !a->has_port)
        return ssh_to(c, a->host, &to);
    return telnet_to(c, a->host, a->has_port ? a->port : NULL, NULL);
}

int line_cmd_ssh(struct cmd *c, struct args_exec_ssh *a)
{
    struct line_call_to to = {.port = PORT_SSH, .prompts = LINE_TRIES};
    const char *user[] = {a->a_user, a->b_user, a->c_user, a->d_user};
    bool has[] = {a->has_a_user, a->has_b_user, a->has_c_user, a->has_d_user};
    bool ported[] = {a->has_a_port, a->has_b_port, a->has_c_port, a->has_d_port};
    unsigned port[] = {a->a_port, a->b_port, a->c_port, a->d_port};
    bool asked[] = {a->has_a_prompts, a->has_b_prompts, a->has_c_prompts, a->has_d_prompts};
    unsigned prompts[] = {a->a_prompts, a->b_prompts, a->c_prompts, a->d_prompts};
    for (unsigned i = 0; i < 4; i++) {
        if (has[i])
            snprintf(to.user, sizeof to.user, "%s", user[i]);
        if (ported[i])
            to.port = (uint16_t)port[i];
        if (asked[i])
            to.prompts = prompts[i];
    }
    return ssh_to(c, a->host, &to);
}

/* ---- those that are open ---- */

static struct line_conn *find(const struct line_use *use, const char *which)
{
    struct line_conn *n = use ? use->conns : NULL;
    char *end;
    unsigned long number = which ? strtoul(which, &end, 10) : use ? use->conn_last : 0;
    bool by_number = !which || (*which && !*end);
    while (n && (by_number ? n->number != number : strcasecmp(n->name, which) != 0))
        n = n->next;
    return n;
}

int line_cmd_resume(struct cmd *c, struct args_exec_resume *a)
{
    const struct line_use *use = cmd_line(c);
    struct line_conn *n = find(use, a->has_connection ? a->connection : NULL);
    if (!use || !use->conns)
        return cmd_error(c, "%% No connections open"), CMD_OK;
    return n ? conn_resume(c, n) : cmd_error(c, "%% There is no connection %s", a->connection);
}

static int list(struct cmd *c)
{
    const struct line_use *use = cmd_line(c);
    char where[ADDR_STRLEN];
    const struct line_conn *first = use ? use->conns : NULL;
    if (first)
        out_text(c->out, "Conn Host                Address             Byte  Idle Conn Name\n");
    else
        out_text(c->out, "%% No connections open\n");
    out_array(c->out, NULL);
    for (const struct line_conn *n = first; n; n = n->next) {
        struct addr a = addr_v4(n->to.addr);
        nstime idle = loop_now(c->router->loop) - n->last;
        out_text(c->out, "%c%3u %-19s %-19s %4zu %5lld %s\n", n->number == use->conn_last ? '*' : ' ', n->number,
                 n->name, addr_format(&a, where), n->held.len, (long long)(idle / (60 * NS_PER_S)), n->name);
        out_object(c->out, NULL);
        out_int(c->out, "connection", n->number);
        out_str(c->out, "host", n->name);
        out_str(c->out, "address", where);
        out_int(c->out, "port", n->to.port);
        out_str(c->out, "protocol", n->to.ssh ? "ssh" : "telnet");
        out_int(c->out, "bytes", (int64_t)n->held.len);
        out_int(c->out, "idle_ms", idle / NS_PER_MS);
        out_end(c->out);
    }
    out_end(c->out);
    return CMD_OK;
}

int line_cmd_where(struct cmd *c, struct args_exec_where *a)
{
    (void)a;
    return list(c);
}

int line_cmd_sessions(struct cmd *c, struct args_show_sessions *a)
{
    (void)a;
    return list(c);
}

static int disconnect_answer(struct cmd *c, const char *text, void *arg)
{
    const struct line_use *use = cmd_line(c);
    struct line_conn *n = use ? use->conns : NULL;
    while (n && n->number != (uintptr_t)arg)
        n = n->next;
    if (text && n && (!*text || (*text | 0x20) == 'y'))
        conn_close(n);
    return CMD_OK;
}

int line_cmd_disconnect(struct cmd *c, struct args_exec_disconnect *a)
{
    const struct line_use *use = cmd_line(c);
    char text[160];
    if (a->kw_ssh) {
        for (struct line_use *u = lines_cmd(c)->uses, *next; u; u = next) {
            next = u->next;
            if (u->peer.service == LINE_SSH && u->number == (a->has_vty ? a->vty : a->session))
                line_end(u, "");
        }
        return CMD_OK;
    }
    struct line_conn *n = find(use, a->has_connection ? a->connection : NULL);
    if (!n)
        return cmd_error(c, "%% No current connection"), CMD_OK;
    snprintf(text, sizeof text, "Closing connection to %s [confirm]", n->name);
    return cmd_ask(c, text, true, disconnect_answer, (void *)(uintptr_t)n->number);
}

static int exit_answer(struct cmd *c, const char *text, void *arg)
{
    struct line_use *use = cmd_line(c);
    (void)arg;
    if (!text || (*text && (*text | 0x20) != 'y'))
        return CMD_OK;
    out_text(c->out, "Closing:");
    for (const struct line_conn *n = use->conns; n; n = n->next)
        out_text(c->out, " %s !", n->name);
    out_text(c->out, "\n");
    line_conns_close(use);
    cmd_close(c);
    return CMD_OK;
}

static int leave(struct cmd *c)
{
    const struct line_use *use = cmd_line(c);
    if (use && use->conns)
        return cmd_ask(c, "(You have open connections) [confirm]", true, exit_answer, NULL);
    cmd_close(c);
    return CMD_OK;
}

int line_cmd_exit(struct cmd *c, struct args_exec_exit *a)
{
    (void)a;
    return leave(c);
}

int line_cmd_quit(struct cmd *c, struct args_exec_quit *a)
{
    (void)a;
    return leave(c);
}

int line_cmd_logout(struct cmd *c, struct args_exec_logout *a)
{
    (void)a;
    return leave(c);
}
