/* The control thread's place in the kernel's queue. */
#ifndef TAPIR_CORE_SCHED_H
#define TAPIR_CORE_SCHED_H
struct loop;
/* SCHED_FIFO if it may, else nice -20 if it may, else nothing; silently. `show processes cpu` says which it got. */
void sched_control_thread(struct loop *loop);
#endif
