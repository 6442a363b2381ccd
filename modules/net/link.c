/* What every link has in common: the doors in and out, with faults between, frames as they are on a wire where the link
 * takes nothing else, and the names of the reasons for which a link loses frames. Called by interfaces and by links. */
#include "modules/net/link.h"
#include "modules/net/stack.h"
#include "modules/net/super.h"

const char *link_drop_name(enum link_drop why)
{
    static const char *const names[LINK_DROPS] = {
        [LINK_DROP_NO_CARRIER] = "link-no-carrier",
        [LINK_DROP_FULL] = "link-full",
        [LINK_DROP_NO_BUFFER] = "link-no-buffer",
        [LINK_DROP_REFUSED] = "link-refused",
        [LINK_DROP_SHORT] = "link-short",
        [LINK_DROP_LONG] = "link-long",
        [LINK_DROP_CHECKSUM] = "link-bad-checksum-offset",
        [LINK_DROP_GSO_TYPE] = "link-gso-type",
        [LINK_DROP_GSO_IPV6] = "link-gso-ipv6",
        [LINK_DROP_GSO_SIZE] = "link-gso-size",
        [LINK_DROP_GSO_PACKET] = "link-gso-packet",
        [LINK_DROP_UNSPLIT] = "link-gso-unsplit",
    };
    return why < LINK_DROPS ? names[why] : "link-unknown";
}

/* Gathers frames as they are on a wire and hands them on a vector at a time. */
struct plain {
    struct link *l;
    void (*put)(struct link *l, struct frame_vec *v);
    struct frame_vec out;
};

static void plain_add(struct plain *p, struct frame *f)
{
    p->out.f[p->out.n++] = f;
    if (p->out.n == FRAME_VEC)
        p->put(p->l, &p->out);
}

/* Consumes f. */
static void plain_cut(struct plain *p, struct frame *f)
{
    uint8_t ether[ETHER_HLEN + 4];
    struct super_cut cut;
    uint32_t hlen = f->len > sizeof ether && be16(f->data + 12) == ETHERTYPE_VLAN_ ? sizeof ether : ETHER_HLEN;
    memcpy(ether, f->data, f->len < hlen ? 0 : hlen);
    if (!frame_pull(f, hlen) || !super_cut_begin(&cut, f, 0)) {
        link_drop_count(p->l, LINK_DROP_UNSPLIT, 1);
        frame_free(f);
        return;
    }
    struct frame *piece;
    while ((piece = super_cut_next(&cut, frame_pool_of(f), f->arrival))) {
        memcpy(frame_push(piece, hlen), ether, hlen);
        plain_add(p, piece);
    }
    if (cut.done < cut.n)
        link_drop_count(p->l, LINK_DROP_NO_BUFFER, cut.n - cut.done);
    frame_free(f);
}

static void put_plain(struct link *l, struct frame_vec *v, void (*put)(struct link *l, struct frame_vec *v))
{
    struct plain p;
    p.l = l;
    p.put = put;
    p.out.n = 0;
    for (unsigned i = 0; i < v->n; i++) {
        struct frame *f = v->f[i];
        if (f->gso || f->frag) {
            plain_cut(&p, f);
        } else if (frame_csum_complete(f)) {
            plain_add(&p, f);
        } else {
            link_drop_count(l, LINK_DROP_CHECKSUM, 1);
            frame_free(f);
        }
    }
    v->n = 0;
    if (p.out.n)
        put(l, &p.out);
}

/* Does the link (NULL: one that takes nothing unusual) take them all as they are? */
static bool takes_all(const struct link *l, const struct frame_vec *v)
{
    bool tso = l && l->tso && !l->fault, csum = l && l->csum && !l->fault;
    for (unsigned i = 0; i < v->n; i++)
        if ((v->f[i]->gso && !tso) || ((v->f[i]->flags & FRAME_CSUM_PARTIAL) && !csum))
            return false;
    return true;
}

static void put_out(struct link *l, struct frame_vec *v)
{
    if (l->fault)
        link_fault_pass(l, v, true);
    else
        l->ops->tx(l, v);
    v->n = 0;
}

static void put_in(struct link *l, struct frame_vec *v)
{
    if (!l->rx)
        frame_free_vec(v);
    else if (l->fault)
        link_fault_pass(l, v, false);
    else
        l->rx(l->arg, v);
    v->n = 0;
}

void link_send(struct link *l, struct frame_vec *v)
{
    if (!link_up(l)) {
        link_drop_count(l, LINK_DROP_NO_CARRIER, v->n);
        frame_free_vec(v);
    } else if (takes_all(l, v)) {
        put_out(l, v);
    } else {
        put_plain(l, v, put_out);
    }
}

/* What the loop hands in is always plain: only who pulls knows about the rest. */
void link_deliver(struct link *l, struct frame_vec *v)
{
    if (takes_all(NULL, v))
        put_in(l, v);
    else
        put_plain(l, v, put_in);
}

void link_close(struct link *l)
{
    if (!l)
        return;
    link_fault_set(l, NULL, NULL);
    l->rx = NULL;
    l->state = NULL;
    l->ops->close(l);
}
