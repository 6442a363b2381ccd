/* The bench's traffic: numbered and time-stamped UDP as fast as it goes or at a given rate, what of it arrives, how
 * long nothing arrived, and ESP packets that nobody can verify. A program of its own, so that what it costs is not
 * ours. udp_load flood DST PORT PAYLOAD SECONDS [PER_SECOND]     prints `sent N` udp_load sink PORT SECONDS prints
 * `received N lost N gap_ms G seconds S` udp_load hole PORT SECONDS                               takes the port and
 * reads nothing udp_load esp DST SPI PAYLOAD SECONDS [PER_SECOND]        bad ICVs under that SPI, numbers above any
 * window The gap is between the sending times of two probes that arrived one behind the other. Ends early at SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 64, PAYLOAD_MAX = 8192 };
struct stamp {
    uint64_t seq, at;
};
static volatile sig_atomic_t over;

static void stop(int sig)
{
    (void)sig;
    over = 1;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int fail(const char *what)
{
    fprintf(stderr, "udp_load: %s: %s\n", what, strerror(errno));
    return 1;
}

static void wait_until(uint64_t at)
{
    struct timespec t = {.tv_sec = (time_t)(at / 1000000000u), .tv_nsec = (long)(at % 1000000000u)};
    while (!over && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

/* Fills a burst and sends it; what a full queue refuses is not counted. */
struct source {
    int fd;
    size_t len;
    uint32_t spi; /* 0: UDP */
    uint64_t sent;
    uint8_t buf[BURST][PAYLOAD_MAX];
    struct mmsghdr msg[BURST];
    struct iovec iov[BURST];
};

static int source_open(struct source *s, const char *dst, int port, size_t len, uint32_t spi)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, dst, &to.sin_addr) != 1 || len < sizeof(struct stamp) || len > PAYLOAD_MAX) {
        errno = EINVAL;
        return fail(dst);
    }
    s->fd = socket(AF_INET, spi ? SOCK_RAW : SOCK_DGRAM, spi ? IPPROTO_ESP : 0);
    int size = 4 << 20;
    if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof to))
        return fail(dst);
    setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    s->len = len;
    s->spi = spi;
    for (unsigned i = 0; i < BURST; i++) {
        s->iov[i] = (struct iovec){s->buf[i], len};
        s->msg[i].msg_hdr = (struct msghdr){.msg_iov = &s->iov[i], .msg_iovlen = 1};
    }
    return 0;
}

static void source_send(struct source *s, unsigned n)
{
    uint64_t at = now_ns();
    for (unsigned i = 0; i < n; i++) {
        struct stamp st = {s->sent + i, at};
        if (s->spi) {
            uint32_t head[2] = {htonl(s->spi), htonl(0x40000000 + (uint32_t)(s->sent + i))};
            memcpy(s->buf[i], head, sizeof head);
            memcpy(s->buf[i] + s->len - 8, &st.seq, 8);
        } else {
            memcpy(s->buf[i], &st, sizeof st);
        }
    }
    int got = sendmmsg(s->fd, s->msg, n, 0);
    if (got > 0)
        s->sent += (unsigned)got;
}

static int send_for(struct source *s, double seconds, double rate)
{
    uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9);
    if (rate > 0) {
        /* One at a time up to 1,000 a second, else every millisecond what is due. */
        uint64_t step = rate > 1000 ? 1000000 : (uint64_t)(1e9 / rate);
        for (uint64_t at = begin; at < end && !over; at += step) {
            wait_until(at);
            uint64_t due = (uint64_t)((double)(at - begin + step) / 1e9 * rate + 0.5);
            while (s->sent < due && !over) {
                uint64_t before = s->sent;
                source_send(s, due - s->sent > BURST ? BURST : (unsigned)(due - s->sent));
                if (s->sent == before)
                    break;
            }
        }
    } else {
        while (!over && now_ns() < end)
            source_send(s, BURST);
    }
    printf("sent %llu\n", (unsigned long long)s->sent);
    return 0;
}

static int listen_on(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;
    struct timeval tick = {.tv_usec = 50000};
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a))
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    return fd;
}

static int sink(int fd, double seconds)
{
    static uint8_t buf[BURST][64];
    struct mmsghdr msg[BURST] = {0};
    struct iovec iov[BURST];
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9), received = 0, gap = 0, highest = 0, first = 0, begin = 0,
             last = 0;
    struct stamp before = {0, 0};
    for (unsigned i = 0; i < BURST; i++) {
        iov[i] = (struct iovec){buf[i], sizeof buf[i]};
        msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    while (!over && now_ns() < end) {
        int n = recvmmsg(fd, msg, BURST, MSG_WAITFORONE, NULL);
        for (int i = 0; i < n; i++) {
            struct stamp st;
            memcpy(&st, buf[i], sizeof st);
            if (!received)
                first = st.seq, begin = now_ns();
            else if (st.seq > before.seq && st.at - before.at > gap)
                gap = st.at - before.at;
            if (!received || st.seq > before.seq)
                before = st;
            highest = st.seq > highest ? st.seq : highest;
            received++;
        }
        if (n > 0)
            last = now_ns();
    }
    uint64_t span = received ? highest - first + 1 : 0;
    printf("received %llu lost %llu gap_ms %.3f seconds %.3f\n", (unsigned long long)received,
           (unsigned long long)(span > received ? span - received : 0), (double)gap / 1e6,
           (double)(last - begin) / 1e9);
    return 0;
}

int main(int argc, char **argv)
{
    static struct source s;
    struct sigaction sa = {.sa_handler = stop};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    const char *what = argc > 1 ? argv[1] : "";
    bool esp = !strcmp(what, "esp");
    if (getenv("LOAD_FIFO")) /* a probe that must be on time */
        sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 20});
    if ((esp || !strcmp(what, "flood")) && argc >= 6) {
        if (source_open(&s, argv[2], esp ? 0 : atoi(argv[3]), (size_t)atoi(argv[4]),
                        esp ? (uint32_t)strtoul(argv[3], NULL, 0) : 0))
            return 1;
        return send_for(&s, atof(argv[5]), argc > 6 ? atof(argv[6]) : 0);
    }
    if (argc == 4 && (!strcmp(what, "sink") || !strcmp(what, "hole"))) {
        int fd = listen_on(atoi(argv[2]));
        if (fd < 0)
            return fail("port");
        if (what[0] == 's')
            return sink(fd, atof(argv[3]));
        wait_until(now_ns() + (uint64_t)(atof(argv[3]) * 1e9));
        return 0;
    }
    fprintf(stderr, "usage: udp_load flood|sink|hole|esp ARGUMENTS (see tests/bench/udp_load.c)\n");
    return 2;
}
