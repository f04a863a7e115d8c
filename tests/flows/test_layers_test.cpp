#include <doctest/doctest.h>

#include "flows/test_layers.h"

using namespace dna::flows;

TEST_CASE("test layers: cases are counted as doctest prints them, skipped ones apart") {
    LayerResult result;
    CHECK(countCases("[dna] skipped: no chromium\n"
                     "[doctest] test cases: 17 | 15 passed | 2 failed | 3 skipped\n",
                     result));
    CHECK(result.passed == 14);
    CHECK(result.failed == 2);
    CHECK(result.skipped == std::vector<std::string>{"no chromium"});
}

TEST_CASE("test layers: a crash is no success") {
    LayerResult result;
    CHECK_FALSE(countCases("terminate called without an active exception\n", result));
}
