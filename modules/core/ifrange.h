/* Ranges of interfaces as `interface range` has them: `gi0/1 - 3 , lo1`. Used by the parser (type ifrange). */
#ifndef TAPIR_CORE_IFRANGE_H
#define TAPIR_CORE_IFRANGE_H
#include "modules/core/ifname.h"
#include "modules/core/out.h"
enum { IFRANGE_MAX = 512 /* interfaces in one range */ };
/* Reads text[0..len). IFNAME_FITS: *pos is behind the range. Otherwise as ifname_fit; IFNAME_SHORT: something is
 * missing at the end. canonical (may be NULL): `GigabitEthernet0/1 - 3 , Loopback1`. names (may be NULL): the single
 * interfaces, each with a line end. */
enum ifname_fit ifrange_fit(const char *text, size_t len, size_t *pos, struct strbuf *canonical, struct strbuf *names);
#endif
