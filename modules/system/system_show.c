/* What the box says of itself: show version, clock, inventory, users, memory, hosts. Layouts after ios-cli
 * 11; clients take these lines apart, so the words are IOS's while the name is our own. */
#include "modules/core/wall.h"
#include "modules/net/netif.h"
#include "modules/system/system.h"
#include "shows_cmd.h"
#include "system_cmd.h"
#include <malloc.h>
#include <stdio.h>
#include <string.h>

int system_cmd_show_clock(struct cmd *c, struct args_show_clock *a)
{
    char buf[WALL_STRLEN];
    wall_format_zone(router_wall(c->router), true, c->router->stamps.zone, c->router->stamps.zone_minutes, buf);
    out_text(c->out, "%s%s\n", c->router->clock_set ? "" : "*", buf);
    if (a->kw_detail)
        out_text(c->out, "Time source is %s\n", c->router->clock_set ? "user configuration" : "hardware calendar");
    out_object(c->out, NULL);
    out_str(c->out, "time", buf);
    out_bool(c->out, "authoritative", c->router->clock_set); /* no asterisk */
    out_end(c->out);
    return CMD_OK;
}

int system_cmd_show_calendar(struct cmd *c, struct args_show_calendar *a)
{
    char buf[WALL_STRLEN];
    (void)a;
    wall_format_zone(router_wall(c->router), false, c->router->stamps.zone, c->router->stamps.zone_minutes, buf);
    out_text(c->out, "%s\n", buf);
    out_str(c->out, "time", buf);
    return CMD_OK;
}

/* "1 year, 2 weeks, 3 days, 4 hours, 5 minutes", zero units left out (ios-cli 11.1) */
static void uptime_words(nstime up, struct strbuf *b)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"year", 365 * 86400}, {"week", 7 * 86400}, {"day", 86400}, {"hour", 3600}, {"minute", 60}};
    int64_t s = up / NS_PER_S;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t n = s / units[i].seconds;
        s %= units[i].seconds;
        if (n)
            strbuf_add(b, "%s%lld %s%s", b->len ? ", " : "", (long long)n, units[i].name, n == 1 ? "" : "s");
    }
    if (!b->len)
        strbuf_add(b, "0 minutes");
}

/* A serial number that stays the same over restarts: from the router's name. */
static void serial_number(const struct router *r, char buf[16])
{
    uint32_t h = 2166136261u;
    for (const char *p = r->name; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    snprintf(buf, 16, "TPR%08X", (unsigned)h);
}

static void count_interfaces(struct cmd *c)
{
    static const struct {
        const char *type, *words;
    } types[] = {{"FastEthernet", "FastEthernet"},
                 {"GigabitEthernet", "Gigabit Ethernet"},
                 {"TenGigabitEthernet", "Ten Gigabit Ethernet"},
                 {"Ethernet", "Ethernet"}};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        unsigned n = 0;
        size_t len = strlen(types[t].type);
        for (struct netif *nif = netif_next(c->router, NULL); nif; nif = netif_next(c->router, nif))
            n += !strncmp(nif->name, types[t].type, len) && nif->name[len] >= '0' && nif->name[len] <= '9';
        if (n)
            out_text(c->out, "%u %s interface%s\n", n, types[t].words, n == 1 ? "" : "s");
    }
}

/* ios-cli 11.1 */
int system_cmd_show_version(struct cmd *c, struct args_show_version *a)
{
    struct router *r = c->router;
    struct out *o = c->out;
    struct strbuf up = {0};
    char serial[16], when[WALL_STRLEN];
    nstime age = router_uptime(r);
    const char *reason = r->reload_reason && *r->reload_reason ? r->reload_reason : NULL;
    (void)a;
    uptime_words(age, &up);
    serial_number(r, serial);
    out_text(o,
             "Cisco IOS Software, Tapir Software (TAPIR-M), Version %s, RELEASE SOFTWARE (fc1)\n"
             "This is Tapir %s, a free router with an IOS-like command line; no vendor's software\n"
             "Technical Support: see the project README\n\n"
             "ROM: Tapir bootstrap\n\n",
             SYSTEM_VERSION, SYSTEM_RELEASE);
    out_text(o, "%s uptime is %s\n", r->hostname, up.s ? up.s : "");
    out_text(o, "System returned to ROM by %s\n", reason ? "reload" : "power-on");
    wall_format_zone(router_wall(r) - age, false, r->stamps.zone, r->stamps.zone_minutes, when);
    out_text(o, "System restarted at %s\n", when);
    out_text(o, "System image file is \"flash:tapir-%s.bin\"\n", SYSTEM_RELEASE);
    out_text(o, "Last reload reason: %s\n\n", reason ? reason : "power-on");
    out_text(o, "cisco Tapir (revision %s) with 262144K/32768K bytes of memory.\n", SYSTEM_RELEASE);
    out_text(o, "Processor board ID %s\n", serial);
    count_interfaces(c);
    out_text(o, "255K bytes of non-volatile configuration memory.\n\nConfiguration register is 0x2102\n");
    out_object(o, NULL);
    out_str(o, "version", SYSTEM_VERSION);
    out_str(o, "release", SYSTEM_RELEASE);
    out_str(o, "hostname", r->hostname);
    out_int(o, "uptime", age / NS_PER_MS);
    out_str(o, "restarted_at", when);
    out_str(o, "last_reload_reason", reason ? reason : "power-on");
    out_str(o, "processor_board_id", serial);
    out_str(o, "configuration_register", "0x2102");
    out_end(o);
    strbuf_free(&up);
    return CMD_OK;
}

int system_cmd_show_inventory(struct cmd *c, struct args_show_inventory *a)
{
    char serial[16];
    (void)a;
    serial_number(c->router, serial);
    out_text(c->out, "NAME: \"Tapir chassis\", DESCR: \"Tapir chassis\"\nPID: %-18s, VID: V01 , SN: %s\n\n", "TAPIR",
             serial);
    out_array(c->out, NULL);
    out_object(c->out, NULL);
    out_str(c->out, "name", "Tapir chassis");
    out_str(c->out, "descr", "Tapir chassis");
    out_str(c->out, "pid", "TAPIR");
    out_str(c->out, "vid", "V01");
    out_str(c->out, "sn", serial);
    out_end(c->out);
    out_end(c->out);
    return CMD_OK;
}

/* ---- memory ---- */

int system_cmd_show_memory(struct cmd *c, struct args_show_memory_statistics *a)
{
    struct mallinfo2 m = {0};
    (void)a;
    if (!loop_is_sim(c->router->loop)) /* there it would count every router of the world */
        m = mallinfo2();
    out_text(c->out, "                Head    Total(b)     Used(b)     Free(b)   Lowest(b)  Largest(b)\n");
    out_text(c->out, "Processor          0 %11zu %11zu %11zu %11zu %11zu\n", m.arena + m.hblkhd, m.uordblks + m.hblkhd,
             m.fordblks, m.fordblks, m.keepcost);
    out_array(c->out, NULL);
    out_object(c->out, NULL);
    out_str(c->out, "pool", "Processor");
    out_int(c->out, "total_bytes", (int64_t)(m.arena + m.hblkhd));
    out_int(c->out, "used_bytes", (int64_t)(m.uordblks + m.hblkhd));
    out_int(c->out, "free_bytes", (int64_t)m.fordblks);
    out_int(c->out, "lowest_bytes", (int64_t)m.fordblks);
    out_int(c->out, "largest_bytes", (int64_t)m.keepcost);
    out_end(c->out);
    out_end(c->out);
    return CMD_OK;
}

/* The parts of a router share one heap: they are one process. */
int system_cmd_show_processes_memory(struct cmd *c, struct args_show_processes_memory *a)
{
    struct mallinfo2 m = {0};
    (void)a;
    if (!loop_is_sim(c->router->loop))
        m = mallinfo2();
    size_t total = m.arena + m.hblkhd, used = m.uordblks + m.hblkhd;
    out_text(c->out, "Processor Pool Total: %10zu Used: %10zu Free: %10zu\n\n", total, used, total - used);
    out_text(c->out, " PID TTY  Allocated      Freed    Holding    Getbufs    Retbufs Process\n");
    out_text(c->out, "   1   0 %10zu %10zu %10zu          0          0 Tapir\n", total, total - used, used);
    out_text(c->out, "                           %10zu Total\n", used);
    out_int(c->out, "total_bytes", (int64_t)total);
    out_int(c->out, "used_bytes", (int64_t)used);
    out_int(c->out, "free_bytes", (int64_t)(total - used));
    return CMD_OK;
}
