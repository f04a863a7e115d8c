// Signed operand times unsigned multiplier as it is mapped to cells, written out in rows, against the product, a new one in
// every cycle.
//
// module: dna_multiply
// define: DNA_CELLS
// quick: A_BITS=27 M_BITS=16 DIGIT=8 LEVELS=1
// quick: A_BITS=25 M_BITS=32 DIGIT=4 LEVELS=3
// quick: A_BITS=13 M_BITS=16 DIGIT=16 LEVELS=0
// full: A_BITS=33 M_BITS=16 DIGIT=4 LEVELS=2
#include <cstdint>
#include <deque>

#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    constexpr int kA = parameter::A_BITS, kM = parameter::M_BITS, kLatency = 1 + parameter::LEVELS;
    std::deque<uint64_t> expected;
    const int cycles = bench.full ? 3000000 : 200000;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const uint64_t a = bench.random.word(kA), m = bench.random.word(kM);
        dut.a_i = a, dut.m_i = m;
        expected.push_back(unit::unsignedValue(unit::signedValue(a, kA) * int64_t(m), kA + kM));
        bench.clock(dut);
        if (int(expected.size()) < kLatency) continue;
        bench.expect(unit::bits(dut.product_o, 0, kA + kM), expected.front(), "product_o");
        expected.pop_front();
    }
    return bench.finish();
}
