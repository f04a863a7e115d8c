#include <doctest/doctest.h>

#include <algorithm>

#include "costmodel/technology.h"

using namespace dna;
using namespace dna::costmodel;

TEST_CASE("technology: the built-in files are read and written back unchanged") {
    REQUIRE(technologyNames().size() >= 2);
    for (const std::string& name : technologyNames()) {
        const Technology technology = builtinTechnology(name);
        CHECK(technology.name == name);
        CHECK(technology.logic.pe_area_um2 > 0);
        CHECK(dramPart(technology, "lpddr4").read_pj_per_bit > 0);
        CHECK_FALSE(technology.sources.at("memory").empty());
        CHECK_THROWS_AS(dramPart(technology, "lpddr5"), base::InputError);
    }
    CHECK_THROWS_AS(builtinTechnology("osu81"), base::InputError);
}

TEST_CASE("memory: a macro of the right depth is taken before one that needs banks") {
    MemorySource source{"macros", {}, {{"deep", 256, 32, 100, 2, 3, 0.5}, {"small", 64, 32, 10, 1, 1, 0.1}}};
    // 256 x 64: two deep macros in parallel; four banks of the small one would need 8 x 10 um2, but 4 banks.
    const MemoryPrice price = priceMemory(source, 256, 64);
    CHECK(price.macro == "deep");
    CHECK(price.wide == 2);
    CHECK(price.deep == 1);
    CHECK(price.area_um2 == 200);
    CHECK(price.read_pj == 4);
    CHECK(price.write_pj == 6);
    CHECK(price.leakage_mw == 1.0);
    CHECK(priceMemory(source, 64, 20).macro == "small");
    CHECK(priceMemory(source, 512, 32).deep == 2);
}

TEST_CASE("memory: of several banks an access takes one") {
    MemorySource source{"macros", {}, {{"deep", 256, 32, 100, 2, 3, 0.5}, {"small", 64, 32, 20, 1, 1, 0.1}}};
    const MemoryPrice price = priceBanks(source, 250, 64, 4);  // 63 words each
    CHECK(price.macro == "small");
    CHECK(price.wide == 2);
    CHECK(price.deep == 4);
    CHECK(price.area_um2 == 160);
    CHECK(price.read_pj == 2);
    CHECK(price.leakage_mw == doctest::Approx(0.8));
    CHECK(priceBanks(source, 256, 64, 1).macro == "deep");
}

TEST_CASE("memory: the law by hand, in pieces no wider than it was made for") {
    MemorySource source{"estimated", {100, 2, 3, 0.5, 1, 0.1, 0.01, 2, 0.2, 0.02, 4.0, 64, 1000}, {}};
    // 10 words x 128 bits = 2 pieces of 10 x 64: 100 + 20 + 192 + 320 = 632 each.
    const MemoryPrice price = priceMemory(source, 10, 128);
    CHECK(price.wide == 2);
    CHECK(price.area_um2 == doctest::Approx(2 * 632.0));
    CHECK(price.read_pj == doctest::Approx(2 * (1 + 6.4 + 6.4)));
    CHECK(price.write_pj == doctest::Approx(2 * (2 + 12.8 + 12.8)));
    CHECK(price.leakage_mw == doctest::Approx(4e-6 * 1280));
    CHECK(priceMemory(source, 1001, 64).deep == 2);
}

TEST_CASE("memory: more words or bits never cost less with a law") {
    const MemorySource source = builtinTechnology("osu018").memory;
    double last = 0;
    for (int words = 16; words <= 16384; words *= 2) {
        const double area = priceMemory(source, words, 128).area_um2;
        CHECK(area > last);
        last = area;
    }
}
