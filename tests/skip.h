#pragma once

#include <cstdio>

/// Leaves a test case that this machine cannot run, with the reason; `dna test` counts it as skipped, not as passed.
/// doctest has no such thing at run time, so a line on standard output carries it.
#define DNA_SKIP(reason)                            \
    do {                                            \
        std::printf("[dna] skipped: %s\n", reason); \
        std::fflush(stdout);                        \
        return;                                     \
    } while (false)
