/* The state machines of main mode and quick mode as tables: (state, event) -> action, next state. A pair that is not
 * here is ignored. Called by the input paths, the DH queue and acquire; the actions are in ike_main.c and ike_quick.c.
 */
#include "modules/ike/ike_int.h"

struct main_rule {
    enum ike_state from;
    enum ike_event ev;
    enum ike_verdict (*act)(struct ike_sa *sa, struct ike_msg *m);
    enum ike_state via, to; /* via: IOS shows the state in which the message was taken in */
};
/* RFC 2409 5 (main mode); state names as IOS prints them. IKE_R_MM1 and IKE_R_MM2 live in struct ike_half: an
 * SA begins at IKE_R_MM2, when MM3 came back with our cookie. */
static const struct main_rule main_rules[] = {
    {IKE_READY, IKE_EV_ACQUIRE, ike_main_start, IKE_READY, IKE_I_MM1},
    {IKE_I_MM1, IKE_EV_SA, ike_main_i_sa, IKE_I_MM2, IKE_I_MM2},
    {IKE_I_MM2, IKE_EV_DH_DONE, ike_main_i_public, IKE_I_MM2, IKE_I_MM3},
    {IKE_I_MM3, IKE_EV_KE, ike_main_i_ke, IKE_I_MM4, IKE_I_MM4},
    {IKE_I_MM4, IKE_EV_DH_DONE, ike_main_i_keys, IKE_I_MM4, IKE_I_MM5},
    {IKE_I_MM5, IKE_EV_ID, ike_main_i_id, IKE_I_MM6, IKE_P1_COMPLETE},
    {IKE_R_MM2, IKE_EV_KE, ike_main_r_ke, IKE_R_MM3, IKE_R_MM3},
    {IKE_R_MM3, IKE_EV_DH_DONE, ike_main_r_dh, IKE_R_MM3, IKE_R_MM4},
    {IKE_R_MM4, IKE_EV_ID, ike_main_r_id, IKE_R_MM5, IKE_P1_COMPLETE},
};

struct quick_rule {
    enum ike_qm_state from;
    bool initiator;
    enum ike_event ev;
    enum ike_verdict (*act)(struct ike_qm *qm, struct ike_msg *m);
    enum ike_qm_state via, to;
};
/* RFC 2409 5.5 */
static const struct quick_rule quick_rules[] = {
    {IKE_QM_READY, true, IKE_EV_QM_START, ike_quick_begin, IKE_QM_READY, IKE_QM_I_QM1},
    {IKE_QM_READY, true, IKE_EV_DH_DONE, ike_quick_send_qm1, IKE_QM_READY, IKE_QM_I_QM1},
    {IKE_QM_I_QM1, true, IKE_EV_QM, ike_quick_qm2, IKE_QM_I_QM1, IKE_QM_PHASE2_COMPLETE},
    {IKE_QM_I_QM1, true, IKE_EV_DH_DONE, ike_quick_qm2_dh, IKE_QM_I_QM1, IKE_QM_PHASE2_COMPLETE},
    {IKE_QM_READY, false, IKE_EV_QM, ike_quick_qm1, IKE_QM_SPI_STARVE, IKE_QM_R_QM2},
    {IKE_QM_READY, false, IKE_EV_DH_DONE, ike_quick_qm1_dh, IKE_QM_SPI_STARVE, IKE_QM_R_QM2},
    {IKE_QM_R_QM2, false, IKE_EV_QM, ike_quick_qm3, IKE_QM_R_QM2, IKE_QM_PHASE2_COMPLETE},
};

static const char *const state_names[IKE_STATES] = {
    "IKE_READY", "IKE_I_MM1", "IKE_I_MM2", "IKE_I_MM3", "IKE_I_MM4", "IKE_I_MM5",       "IKE_I_MM6",
    "IKE_R_MM1", "IKE_R_MM2", "IKE_R_MM3", "IKE_R_MM4", "IKE_R_MM5", "IKE_P1_COMPLETE", "IKE_DEST_SA"};
static const char *const qm_names[IKE_QM_STATES] = {"IKE_QM_READY", "IKE_QM_I_QM1", "IKE_QM_SPI_STARVE", "IKE_QM_R_QM2",
                                                    "IKE_QM_PHASE2_COMPLETE"};

const char *ike_state_name(enum ike_state s)
{
    return state_names[s];
}

const char *ike_qm_state_name(enum ike_qm_state s)
{
    return qm_names[s];
}

const char *ike_state_shown(const struct ike_sa *sa)
{
    switch (sa->state) {
    case IKE_P1_COMPLETE:
        return "QM_IDLE";
    case IKE_I_MM3:
    case IKE_I_MM2:
    case IKE_R_MM2:
    case IKE_R_MM3:
        return "MM_SA_SETUP";
    case IKE_I_MM4:
    case IKE_I_MM5:
    case IKE_R_MM4:
        return "MM_KEY_EXCH";
    case IKE_I_MM6:
    case IKE_R_MM5:
        return "MM_KEY_AUTH";
    default:
        return "MM_NO_STATE";
    }
}

static const struct main_rule *main_rule(enum ike_state s, enum ike_event ev)
{
    for (unsigned i = 0; i < sizeof main_rules / sizeof *main_rules; i++)
        if (main_rules[i].from == s && main_rules[i].ev == ev)
            return &main_rules[i];
    return NULL;
}

static const struct quick_rule *quick_rule(enum ike_qm_state s, bool initiator, enum ike_event ev)
{
    for (unsigned i = 0; i < sizeof quick_rules / sizeof *quick_rules; i++)
        if (quick_rules[i].from == s && quick_rules[i].initiator == initiator && quick_rules[i].ev == ev)
            return &quick_rules[i];
    return NULL;
}

bool ike_fsm_main_has(enum ike_state s, enum ike_event ev)
{
    return main_rule(s, ev) != NULL;
}

bool ike_fsm_quick_has(enum ike_qm_state s, bool initiator, enum ike_event ev)
{
    return quick_rule(s, initiator, ev) != NULL;
}

enum ike_verdict ike_fsm_main(struct ike_sa *sa, enum ike_event ev, struct ike_msg *m)
{
    const struct main_rule *rule = main_rule(sa->state, ev);
    struct ike *k = sa->ike;
    if (!rule)
        return IKE_DROP;
    enum ike_state before = sa->state;
    sa->state = rule->via; /* what "sending packet" lines show */
    enum ike_verdict v = rule->act(sa, m);
    if (v == IKE_FAIL) {
        ike_sa_delete(sa, IKE_END_SILENT, "main mode failed", 0);
        return IKE_FAIL;
    }
    sa->state = v == IKE_DROP ? before : rule->to;
    if (v == IKE_DROP)
        return v;
    if (rule->via != before && rule->via != rule->to)
        ike_dbg(k, "ISAKMP:(%u):Old State = %s  New State = %s \n", sa->conn_id, state_names[before],
                state_names[rule->via]);
    ike_dbg(k, "ISAKMP:(%u):Input = %s", sa->conn_id,
            ev == IKE_EV_ACQUIRE   ? "IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM"
            : ev == IKE_EV_DH_DONE ? "IKE_MESG_INTERNAL, IKE_PROCESS_COMPLETE"
                                   : "IKE_MESG_FROM_PEER, IKE_MM_EXCH");
    ike_dbg(k, "ISAKMP:(%u):Old State = %s  New State = %s \n", sa->conn_id,
            state_names[rule->via != rule->to ? rule->via : before], state_names[rule->to]);
    if (rule->to == IKE_P1_COMPLETE)
        ike_sa_established(sa, sa->cause);
    return IKE_OK;
}

enum ike_verdict ike_fsm_quick(struct ike_qm *qm, enum ike_event ev, struct ike_msg *m)
{
    const struct quick_rule *rule = quick_rule(qm->state, qm->initiator, ev);
    if (!rule)
        return IKE_DROP;
    struct ike *k = qm->sa->ike;
    unsigned conn = qm->sa->conn_id, mid = qm->mid;
    enum ike_verdict v = rule->act(qm, m);
    if (v == IKE_FAIL) {
        ike_quick_fail(qm, "quick mode failed");
        return IKE_FAIL;
    }
    if (v == IKE_DROP || v == IKE_WAIT)
        return v;
    qm->state = rule->to;
    ike_dbg(k, "ISAKMP:(%u):Node %u, Input = %s", conn, mid,
            qm->initiator && rule->from == IKE_QM_READY ? "IKE_MESG_INTERNAL, IKE_INIT_QM"
                                                        : "IKE_MESG_FROM_PEER, IKE_QM_EXCH");
    ike_dbg(k, "ISAKMP:(%u):Old State = %s  New State = %s", conn, qm_names[rule->via], qm_names[rule->to]);
    if (rule->to == IKE_QM_PHASE2_COMPLETE)
        ike_quick_done(qm);
    return IKE_OK;
}
