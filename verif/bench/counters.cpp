// The event counters of a model for a bench that was compiled apart from it (DNA_COUNTERS=2), so that one bench fits
// every design.
#include "Vdna_top.h"
#include "Vdna_top___024root.h"

const uint32_t* dnaCounters(const Vdna_top& top) {
    return top.rootp->dna_top__DOT__u_chunk0__DOT__u_chunk__DOT__gen_counters__DOT__u_perf__DOT__count_q.data();
}
