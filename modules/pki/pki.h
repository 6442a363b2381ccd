/* PKI as IKE sees it. Enrolment comes later: there is never a certificate today. */
#ifndef TAPIR_PKI_PKI_H
#define TAPIR_PKI_PKI_H
#include "modules/core/module.h"
#include <stdbool.h>
struct router;
/* A certificate with its private key, good for RSA signatures. */
bool pki_has_certificate(struct router *r);
unsigned pki_trustpoint_count(struct router *r);
extern const struct module pki_module;
#endif
