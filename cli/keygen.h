/* RSA keys made in a thread of their own (line_set_keygen). Called by router.c. */
#ifndef TAPIR_CLI_KEYGEN_H
#define TAPIR_CLI_KEYGEN_H
#include "modules/line/line.h"
struct keygen;
struct keygen *keygen_new(struct loop *loop);
void keygen_attach(struct keygen *k, struct router *r); /* for every incarnation */
void keygen_free(struct keygen *k);                     /* waits for a key that is being made */
#endif
