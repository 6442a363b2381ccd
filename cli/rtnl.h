/* The few requests to the kernel's routing socket that the mirror needs. 0, or -1 with errno. */
#ifndef TAPIR_CLI_RTNL_H
#define TAPIR_CLI_RTNL_H
#include <stdbool.h>
#include <stdint.h>

int rtnl_open(void); /* a descriptor, or -1 */
int rtnl_up(int fd, unsigned index);
int rtnl_address(int fd, unsigned index, uint32_t ip, bool add); /* host order, /32 */
/* dst/len through the device, spoken to from src; replaces. */
int rtnl_route(int fd, unsigned index, uint32_t dst, unsigned len, uint32_t src);
#endif
