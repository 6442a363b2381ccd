/* Inside of modules/line. */
#ifndef TAPIR_LINE_INT_H
#define TAPIR_LINE_INT_H
#include "modules/core/command.h"
#include "modules/line/line.h"
#include "modules/net/ip.h"

enum line_kind { LINE_KIND_CON, LINE_KIND_AUX, LINE_KIND_VTY };
enum { LINE_BLOCKS_MAX = 256, LINE_USERS_MAX = 1024, LINE_LISTS_MAX = 64, LINE_USES_MAX = 128, LINE_TRIES = 3 };
enum { LINE_VTYS_MAX = 925 }; /* of the grammar */
enum { LINE_VTY_BASE = 2, LINE_LOGIN_TIMEOUT_S = 30, LINE_EXEC_TIMEOUT_S = 600, LINE_PASSWORD_MAX = 128 };
#define LINE_PENALTY NS_PER_S /* a wrong password */

enum line_login { LOGIN_DEFAULT, LOGIN_NONE, LOGIN_LINE, LOGIN_LOCAL, LOGIN_AAA };
struct line_block { /* the settings of a range of lines */
    enum line_kind kind;
    unsigned first, last;
    enum line_login login;
    char login_list[32], exec_list[32]; /* "": default */
    char password[LINE_PASSWORD_MAX];
    bool has_password, has_privilege, has_transport, telnet, ssh, synchronous, no_exec;
    unsigned privilege, exec_timeout_s, session_timeout_s, absolute_s, history, length, width;
    char acl_in[64], acl_out[64];
    bool no_motd, no_exec_banner; /* the latter: neither banner (as on IOS) */
    char location[104];
    unsigned session_limit; /* 0: none */
    unsigned login_timeout_s;
    bool no_telnet_out, no_ssh_out, prefer_ssh, lockable;
    struct line_block *next;
};
struct line_secret { /* as stored: type 0 (clear), 5, 8, 9 */
    unsigned type;   /* 255: none */
    char text[LINE_PASSWORD_MAX];
};
enum { SECRET_NONE = 255 };
struct line_user {
    char name[64];
    bool has_privilege, nopassword;
    unsigned privilege;
    struct line_secret secret;
    bool is_password;
    struct line_user *next;
};
enum aaa_method { AAA_END, AAA_LOCAL, AAA_LINE, AAA_ENABLE, AAA_NONE, AAA_IF_AUTHENTICATED, AAA_GROUP };
enum aaa_kind { AAA_LOGIN, AAA_ENABLE_LOGIN, AAA_EXEC };
enum { AAA_METHODS = 4 };
struct aaa_list {
    enum aaa_kind kind;
    char name[32]; /* "": default */
    enum aaa_method method[AAA_METHODS];
    struct aaa_list *next;
};
struct cmd_job;
/* The client's end of telnet, without a socket (line_telnet.c). */
struct telnet_client {
    unsigned state;
    uint8_t verb;
    bool echoes, spoken, after_cr;                /* the far side echoes; it has spoken telnet */
    uint8_t mine[32], theirs[32], refused[2][32]; /* options in effect; refusals said once */
    uint8_t sub[4];
    unsigned n_sub, length, width;
};
/* What the far side sends: text to out (at most n bytes), answers to reply. Returns the length of out. */
size_t telnet_client_in(struct telnet_client *t, const uint8_t *in, size_t n, uint8_t *out, struct strbuf *reply);
void telnet_client_out(struct telnet_client *t, const char *p, size_t n, struct strbuf *out);
enum { CONNS_MAX = 32, CONN_HELD_MAX = 16384 };
struct line_conn { /* from this prompt to elsewhere */
    struct lines *l;
    struct line_use *use; /* NULL: a command of the host, which nobody types at */
    unsigned number;
    char name[80]; /* as it was typed */
    struct line_call_to to;
    struct line_call *call;
    bool open, asking, escaped, raw; /* raw: the door hands keys over */
    struct cmd_job *job;             /* in the foreground */
    struct strbuf held;              /* came while it was not */
    char secret[LINE_PASSWORD_MAX];  /* as far as it is typed */
    size_t n_secret;
    struct telnet_client telnet;
    struct timer reader, idle; /* looks whether the terminal keeps up; session-timeout */
    nstime last;
    struct line_conn *next;
};
enum line_state { USE_LOGIN, USE_OPEN, USE_OVER };
struct line_use {
    struct lines *l;
    struct line_peer peer;
    enum line_kind kind;
    unsigned number;
    enum line_state state;
    struct line_ops ops;
    void *u;
    char user[64], name[160];
    bool have_user; /* authenticated as user */
    /* the dialogue */
    enum aaa_method method; /* AAA_LOCAL: user and password; AAA_LINE, AAA_ENABLE: a password */
    bool asked_user, asking;
    unsigned tries;
    char given[LINE_PASSWORD_MAX];
    char over[160]; /* text for closed, when a timer ends the use */
    struct timer limit, penalty, idle, absolute;
    struct task task;
    void (*later)(struct line_use *use); /* what penalty does */
    bool busy;
    nstime since, last_key;
    struct session *session;        /* of its commands; NULL: none yet */
    struct line_conn *conns;        /* by number */
    char locked[LINE_PASSWORD_MAX]; /* what `lock` was given */
    unsigned conn_last;             /* the one that RETURN goes back to; 0: none */
    char cipher_in[40], cipher_out[40], mac_in[40], mac_out[40];
    struct line_use *next;
};
struct line_auth {
    struct lines *l;
    struct timer timer;
    struct line_peer peer;
    char user[64], given[LINE_PASSWORD_MAX];
    bool ok;
    void (*done)(void *u, bool ok);
    void *u;
    struct line_auth *next;
};
enum { RSA_KEYS_MAX = 16 };
struct rsa_key {
    char label[200];
    char *pem;
    nstime made; /* wall */
    struct rsa_key *next;
};
enum { PUBKEYS_MAX = 1024, PUBKEY_HASH = 16 };
struct line_pubkey { /* of a user, as `ip ssh pubkey-chain` keeps it */
    char user[64], type[24];
    uint8_t hash[PUBKEY_HASH]; /* MD5 of the key as SSH writes it */
    struct line_pubkey *next;
};
enum { LINE_FAILURES = 50 };
struct line_watch {                                                              /* logins over time (line_watch.c) */
    unsigned block_s, attempts, within_s, delay_s, every_failure, every_success; /* 0: not configured */
    unsigned failed;                                                             /* since first */
    uint64_t failures, successes, all_failures; /* the first two: those that on-failure and on-success count */
    nstime first;
    bool quiet;
    struct timer timer;
    char acl[64];
    struct line_failure { /* show login failures: the newest last */
        char user[64], source[64];
        unsigned port, count;
        nstime at; /* wall */
    } recent[LINE_FAILURES];
    unsigned n_recent;
};
enum { BANNER_MOTD, BANNER_LOGIN, BANNER_EXEC, BANNER_INCOMING, BANNER_TIMEOUT, BANNER_AAA, BANNER_AAA_FAIL, BANNERS };
struct lines {
    struct router *r;
    struct line_block *blocks;
    struct line_user *users;
    struct aaa_list *lists;
    unsigned n_users, n_lists, n_blocks;
    struct line_secret enable_secret[16], enable_password[16]; /* by level */
    char *banner[BANNERS];
    unsigned attempts; /* of a login; 0: LINE_TRIES */
    char username_prompt[104], password_prompt[104];
    bool aaa, aaa_console, encrypt;
    struct line_use *uses;
    uint32_t served[LINE_VTY_BASE + LINE_VTYS_MAX]; /* how many have come, by absolute number */
    unsigned n_uses;
    struct line_auth *auths;
    struct line_watch watch;
    unsigned password_min; /* security passwords min-length; 0: any */
    nstime costly;         /* when the last slow hash was computed: they are kept apart */
    struct strbuf scratch; /* what a handler leaves in its arguments until the line is stored */
    /* SSH */
    struct line_ssh_settings ssh;
    struct rsa_key *keys; /* the first is the host key */
    unsigned n_keys, key_generation;
    struct line_pubkey *pubkeys;
    unsigned n_pubkeys;
    char shown_hash[2 * PUBKEY_HASH + 1]; /* likewise for arguments, as scratch */
    struct line_keygen keygen;
    struct keygen_job *job; /* one at a time */
    /* connections to elsewhere */
    struct line_dialer dialer;
    unsigned synwait_s; /* 0: IOS's 30 */
    char telnet_source[40], ssh_source[40];
    char domain[128];
};
extern const struct module line_module;
struct lines *lines_of(const struct router *r);
static inline struct lines *lines_cmd(const struct cmd *c)
{
    return lines_of(c->router);
}

/* line.c */
const struct line_block *line_block_of(const struct lines *l, enum line_kind kind, unsigned number);
unsigned line_vty_count(const struct lines *l);
unsigned line_absolute(enum line_kind kind, unsigned number);
/* line_secret.c */
bool secret_store(struct lines *l, const char *clear, unsigned type, char *out, size_t size); /* hashes */
bool secret_valid(unsigned type, const char *hash);                                           /* well-formed */
bool secret_check(const struct line_secret *s, const char *clear);
bool secret_costly(const struct line_secret *s);
void secret_set(struct line_secret *s, unsigned type, const char *text);
void secret_hide(struct lines *l, const char *clear, char *out, size_t size); /* type 7 */
bool secret_reveal(const char *hidden, char *out, size_t size);
nstime secret_wait(struct lines *l, const struct line_secret *s); /* how long until it may be computed; books it */
/* line_aaa.c */
const struct aaa_list *aaa_find(const struct lines *l, enum aaa_kind kind, const char *name);
struct line_user *line_user_find(const struct lines *l, const char *name);
bool line_user_check(struct lines *l, const char *name, const char *password);
const struct line_secret *line_enable_secret(const struct lines *l, unsigned level);
/* A password as it was given, hidden (type 7) or as text, into clear, which the caller wipes whatever the result; was:
 * the one that is there, NULL: none that is clear. An error is said. (line_aaa.c) */
int line_password_take(struct cmd *c, const char *hidden, const char *text, const char *was,
                       char clear[LINE_PASSWORD_MAX]);
const char *line_password_hidden(struct lines *l, const char *clear); /* type 7, for arguments that are stored */
/* line_admit.c */
struct acl_flow line_flow(const struct line_peer *p); /* what an access list is asked */
struct line_use *line_use_on(const struct lines *l, enum line_kind kind, unsigned number); /* NULL: nobody */
/* The first free vty that takes the peer; skip: so many are spoken for; first: the access list counts and logs him. -1
 * with the reason. */
int line_find_vty(struct lines *l, const struct line_peer *p, unsigned skip, bool first, const char **why);
/* line_banner.c */
void line_say_banner(struct line_use *use, unsigned which);
/* line_login.c */
const struct line_block *line_block_at(const struct line_use *use); /* what holds for his line */
void line_begin(struct line_use *use);
void line_dialog_answer(struct line_use *use, const char *text);
void line_opened(struct line_use *use);
void line_end(struct line_use *use, const char *text);
enum aaa_method line_method(const struct lines *l, const struct line_block *b, const struct line_peer *p);
bool line_is_open_house(const struct lines *l, const struct line_block *b, const struct line_peer *p);
/* line_conn.c, line_connect.c */
int conn_start(struct cmd *c, const char *name, const struct line_call_to *to);
int conn_resume(struct cmd *c, struct line_conn *n);
void conn_close(struct line_conn *n);
void line_conns_close(struct line_use *use);
/* line_watch.c */
void line_watch_init(struct lines *l);
void line_watch_fini(struct lines *l);
nstime line_watch_delay(const struct lines *l); /* what a wrong password costs */
bool line_watch_admits(struct lines *l, const struct line_peer *p);
void line_watch_result(struct lines *l, const struct line_peer *p, const char *user, bool ok);
/* line_key.c, line_pubkey.c, line_ssh.c */
void line_keys_free(struct lines *l);
void line_keys_load(struct lines *l);
void line_pubkeys_free(struct lines *l);
void line_ssh_init(struct lines *l);
void line_ssh_fini(struct lines *l);
#endif
