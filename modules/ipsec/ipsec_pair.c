/* What an SA keeps of the pair that IKE agreed on, and the pair made of it again. Names of maps and groups are held
 * once for all SAs that have them. Called by ipsec_sadb.c; on the control side only (the data path reads no name). */
#include "modules/ipsec/ipsec_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sa_name {
    struct sa_name *next;
    unsigned users;
    char text[];
};

static const char *name_get(struct ipsec *st, const char *text)
{
    if (text[0] == '\0')
        return "";
    for (struct sa_name *n = st->names; n != NULL; n = n->next)
        if (strcmp(n->text, text) == 0) {
            n->users++;
            return n->text;
        }
    size_t len = strlen(text) + 1;
    struct sa_name *n = malloc(sizeof *n + len);
    if (n == NULL)
        return NULL;
    n->users = 1;
    memcpy(n->text, text, len);
    n->next = st->names;
    st->names = n;
    return n->text;
}

static void name_put(struct ipsec *st, const char *text)
{
    for (struct sa_name **at = &st->names; *at != NULL; at = &(*at)->next)
        if ((*at)->text == text) {
            struct sa_name *n = *at;
            if (--n->users == 0) {
                *at = n->next;
                free(n);
            }
            return;
        }
}

void ipsec_pair_drop(struct sa *s)
{
    const char **const names[] = {&s->p.prop.map, &s->p.prop.dynamic_map, &s->p.prop.group};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        name_put(s->st, *names[i]);
        *names[i] = "";
    }
}

bool ipsec_pair_keep(struct sa *s, const struct ipsec_pair *p)
{
    s->p.prop.map = name_get(s->st, p->prop.map);
    s->p.prop.dynamic_map = name_get(s->st, p->prop.dynamic_map);
    s->p.prop.group = name_get(s->st, p->prop.group);
    if (s->p.prop.map == NULL || s->p.prop.dynamic_map == NULL || s->p.prop.group == NULL) {
        ipsec_pair_drop(s);
        return false;
    }
    s->p.prop.seq = p->prop.seq;
    s->p.prop.dynamic_seq = p->prop.dynamic_seq;
    s->p.prop.local = p->prop.local;
    s->p.prop.peer = p->prop.peer;
    s->p.prop.ident = p->prop.ident;
    s->p.prop.transforms[0] = p->prop.transforms[0];
    s->p.in_spi = p->in_spi;
    s->p.out_spi = p->out_spi;
    s->p.in = p->in;
    s->p.out = p->out;
    s->p.life_s = p->life_s;
    s->p.life_kb = p->life_kb;
    memcpy(s->p.cookies, p->cookies, sizeof s->p.cookies);
    s->p.message_id = p->message_id;
    s->p.udp_encap = p->udp_encap;
    s->p.initiator = p->initiator;
    s->p.local_port = p->local_port;
    s->p.peer_port = p->peer_port;
    s->p.pfs_group = p->pfs_group;
    return true;
}

void ipsec_pair_of(const struct sa *s, struct ipsec_pair *p)
{
    const struct sa_pair *k = &s->p;
    memset(p, 0, sizeof *p);
    snprintf(p->prop.map, sizeof p->prop.map, "%s", k->prop.map);
    snprintf(p->prop.dynamic_map, sizeof p->prop.dynamic_map, "%s", k->prop.dynamic_map);
    snprintf(p->prop.group, sizeof p->prop.group, "%s", k->prop.group);
    snprintf(p->prop.interface, sizeof p->prop.interface, "%s", s->b->ifname);
    p->prop.seq = k->prop.seq;
    p->prop.dynamic_seq = k->prop.dynamic_seq;
    p->prop.stateful = s->ha;
    p->prop.local = k->prop.local;
    p->prop.peer = k->prop.peer;
    p->prop.ident = k->prop.ident;
    p->prop.transforms[0] = k->prop.transforms[0];
    p->prop.n_transforms = 1;
    p->prop.pfs_group = p->pfs_group = k->pfs_group;
    p->prop.life_s = p->life_s = k->life_s;
    p->prop.life_kb = p->life_kb = k->life_kb;
    p->in_spi = k->in_spi;
    p->out_spi = k->out_spi;
    p->in = k->in;
    p->out = k->out;
    memcpy(p->cookies, k->cookies, sizeof p->cookies);
    p->message_id = k->message_id;
    p->udp_encap = k->udp_encap;
    p->initiator = k->initiator;
    p->local_port = k->local_port;
    p->peer_port = k->peer_port;
}
