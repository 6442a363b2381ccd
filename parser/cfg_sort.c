/* Sorting a block's lines as they are shown. They mostly stand in order already (that is how configurations are
 * pasted), so this is a merge of the runs that are there: 100,000 routes cost one pass. Called by cfg_text.c. */
#include "parser/cfg.h"
#include <stdlib.h>
#include <string.h>

typedef int (*compare_fn)(const void *a, const void *b);

/* How many of v[0..n) stand in front of x; equal ones too if `after`. */
static size_t place_of(struct cfg_node **v, size_t n, struct cfg_node *x, compare_fn compare, bool after)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int d = compare(&v[mid], &x);
        if (d < 0 || (after && d == 0))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* v[0..mid) and v[mid..n) are in order each; tmp has room for n. */
static void merge(struct cfg_node **v, size_t mid, size_t n, struct cfg_node **tmp, compare_fn compare)
{
    size_t from = place_of(v, mid, v[mid], compare, true); /* what stands right at both ends stays */
    size_t to = mid + place_of(v + mid, n - mid, v[mid - 1], compare, false);
    size_t left = mid - from, a = 0, b = mid, k = from;
    if (!left)
        return;
    memcpy(tmp, v + from, left * sizeof *tmp);
    while (a < left && b < to)
        v[k++] = compare(&tmp[a], &v[b]) <= 0 ? tmp[a++] : v[b++];
    memcpy(v + k, tmp + a, (left - a) * sizeof *tmp);
}

void cfg_sort(struct cfg_node **v, size_t n, compare_fn compare)
{
    struct cfg_node **tmp = malloc((n + 1) * sizeof *tmp);
    size_t *run = malloc((n + 1) * sizeof *run), runs = 0;
    if (!tmp || !run)
        abort();
    for (size_t i = 0; i < n; i++)
        if (!i || compare(&v[i - 1], &v[i]) > 0)
            run[runs++] = i;
    run[runs] = n;
    while (runs > 1) {
        size_t k = 0;
        for (size_t i = 0; i < runs; i += 2) {
            if (i + 1 < runs)
                merge(v + run[i], run[i + 1] - run[i], run[i + 2] - run[i], tmp, compare);
            run[k++] = run[i];
        }
        run[k] = n;
        runs = k;
    }
    free(tmp);
    free(run);
}
