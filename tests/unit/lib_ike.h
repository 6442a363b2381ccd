/* A router that answers IKE, without a wire: for tests and fuzz targets that feed bytes to the decoder. */
#ifndef TAPIR_TESTS_LIB_IKE_H
#define TAPIR_TESTS_LIB_IKE_H
#include "modules/ike/ike_int.h"
#include "tests/unit/lib_alone.h"
struct ike_rig {
    struct alone alone;
    struct loop *loop; /* alone's */
    struct router *r;  /* alone's */
    struct ike *k;
    struct ike_sa *sa; /* established with 10.1.11.11, or NULL */
};
void ike_rig_open(struct ike_rig *g);
void ike_rig_close(struct ike_rig *g);
/* A clear ISAKMP message as UDP 500 delivers it. Copies. */
void ike_rig_feed(struct ike_rig *g, const uint8_t *data, size_t len);
/* Payload bytes (first: type of the first payload behind HASH) under a right hash and encryption. quick or
 * informational. */
void ike_rig_feed_sealed(struct ike_rig *g, bool quick, uint8_t first, const uint8_t *data, size_t len);
void ike_rig_establish(struct ike_rig *g);
#endif
