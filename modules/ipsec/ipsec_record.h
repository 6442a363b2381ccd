/* An IPsec SA and its numbers as sync records (state-sync.md 4.3). Internal to modules/ipsec. */
#ifndef TAPIR_IPSEC_RECORD_H
#define TAPIR_IPSEC_RECORD_H
#include "modules/ipsec/ipsec_internal.h"

struct ipsec_record {
    struct ipsec_pair p;
    bool enabled, has_numbers, exact, has_window;
    uint8_t key_len, auth_key_len;
    uint32_t win_size, left_ms, edge, limit, rate, n, m, floor;
    uint64_t in_bytes, out_bytes, bits[REPLAY_WORDS];
    unsigned seen; /* a bit for each TLV type that was there */
};

/* Appends the pair with its keys and numbers; what did not fit is the builder's error. */
void ipsec_record_encode(struct sa *s, struct builder *b);
/* Appends the numbers alone; *handed becomes the outbound limit that the record grants. */
void ipsec_record_encode_numbers(struct sa *s, struct builder *b, uint32_t *handed);
/* False: malformed, a critical TLV that is not known, or one that stands there twice. The caller wipes *rec (keys). */
bool ipsec_record_decode(struct cursor *c, struct ipsec_record *rec);
bool ipsec_record_whole(const struct ipsec_record *rec); /* all that a new SA needs was there */
#endif
