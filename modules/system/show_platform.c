/* What programs ask of a box before they look at what it does: show boot, show file systems' like, CDP and LLDP (which
 * are not there and say so as IOS does), show privilege's neighbours. Called by the parser. */
#include "modules/system/system.h"
#include "platform_cmd.h"

int system_cmd_show_boot(struct cmd *c, struct args_show_boot *a)
{
    struct out *o = c->out;
    (void)a;
    out_text(o, "BOOT variable = flash:tapir-%s.bin,1;\n", SYSTEM_RELEASE);
    out_text(o, "Config file : nvram:startup-config\n\n");
    out_text(o, "NVRAM/Config file\n      buffer size:   262144\n");
    out_object(o, NULL);
    out_fmt(o, "boot_variable", "flash:tapir-%s.bin,1;", SYSTEM_RELEASE);
    out_str(o, "config_file", "nvram:startup-config");
    out_int(o, "buffer_size", 262144);
    out_end(o);
    return CMD_OK;
}

int system_cmd_show_cdp(struct cmd *c, struct args_show_cdp *a)
{
    (void)a;
    out_text(c->out, "%% CDP is not enabled\n");
    out_bool(c->out, "enabled", false);
    return CMD_OK;
}

int system_cmd_show_lldp(struct cmd *c, struct args_show_lldp *a)
{
    (void)a;
    out_text(c->out, "%% LLDP is not enabled\n");
    out_bool(c->out, "enabled", false);
    return CMD_OK;
}

int system_cmd_show_ntp(struct cmd *c, struct args_show_ntp *a)
{
    (void)a;
    out_text(c->out, "%%NTP is not enabled.\n");
    out_bool(c->out, "enabled", false);
    return CMD_OK;
}

int system_cmd_show_environment(struct cmd *c, struct args_show_environment *a)
{
    (void)a;
    out_text(c->out, "SYSTEM POWER SUPPLY STATUS\n==========================\nInternal Power Supply 1 is up\n");
    out_array(c->out, "power_supplies");
    out_object(c->out, NULL);
    out_str(c->out, "name", "Internal Power Supply 1");
    out_str(c->out, "status", "up");
    out_end(c->out);
    out_end(c->out);
    return CMD_OK;
}

/* There are no SNMPv3 users: nothing is printed, as a router does that has none. */
int system_cmd_show_snmp_user(struct cmd *c, struct args_show_snmp_user *a)
{
    (void)a;
    out_array(c->out, NULL);
    out_end(c->out);
    return CMD_OK;
}
