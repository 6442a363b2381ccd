/* The ceiling of line 8: what one Diffie-Hellman exchange of group 14 costs and nothing else, with the library alone: a
 * key pair and the shared secret, the peer's value checked as 2 <= y <= p-2 (enough for this safe prime) instead of by
 * a full exponentiation. Prints `dh NANOSECONDS` of processor time. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static EVP_PKEY *key_pair(EVP_PKEY_CTX *g)
{
    EVP_PKEY *k = NULL;
    return EVP_PKEY_keygen(g, &k) == 1 ? k : NULL;
}

static int exchange(EVP_PKEY_CTX *g, EVP_PKEY *peer)
{
    unsigned char secret[256];
    size_t len = sizeof secret; /* a leading zero byte more or less is no matter here */
    EVP_PKEY *own = key_pair(g);
    EVP_PKEY_CTX *d = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
    int good = d && EVP_PKEY_derive_init(d) == 1 && EVP_PKEY_derive_set_peer_ex(d, peer, 0) == 1 &&
               EVP_PKEY_derive(d, secret, &len) == 1;
    EVP_PKEY_CTX_free(d);
    EVP_PKEY_free(own);
    return good;
}

int main(void)
{
    EVP_PKEY_CTX *g = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"modp_2048"}, 0),
                      OSSL_PARAM_construct_end()};
    if (!g || EVP_PKEY_keygen_init(g) != 1 || EVP_PKEY_CTX_set_params(g, p) != 1)
        return 1;
    EVP_PKEY *peer = key_pair(g);
    if (!peer || !exchange(g, peer))
        return 1;
    unsigned n = 0;
    double from = cpu_ns(), to;
    do {
        if (!exchange(g, peer))
            return 1;
        n++;
    } while ((to = cpu_ns()) - from < 0.5e9);
    printf("dh %.0f\n", (to - from) / n);
    EVP_PKEY_free(peer);
    EVP_PKEY_CTX_free(g);
    return 0;
}
