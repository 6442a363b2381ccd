/* The pool's end of life; loop.c frees it with the loop. Everybody else uses frame.h. */
#ifndef TAPIR_CORE_FRAME_POOL_H
#define TAPIR_CORE_FRAME_POOL_H
struct frame_pool;
void frame_pool_free(struct frame_pool *pool); /* NULL is harmless */
#endif
