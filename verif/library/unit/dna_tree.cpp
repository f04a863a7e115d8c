// Adder tree: random and extreme terms against their sum, and the latency.
//
// module: dna_tree
// quick: LEVELS=4 BITS=16 CUT=2
// full: LEVELS=3 BITS=16 CUT=1
// full: LEVELS=2 BITS=16 CUT=4
// full: LEVELS=4 BITS=8 CUT=3
#include <deque>

#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    constexpr int kTerms = 1 << parameter::LEVELS, kSum = parameter::BITS + parameter::LEVELS;
    constexpr int kLatency = (parameter::LEVELS + parameter::CUT - 1) / parameter::CUT;
    static_assert(kSum == width::sum_o);
    std::deque<int64_t> sums;
    const int cycles = bench.full ? 1000000 : 100000;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        int64_t sum = 0;
        const bool extreme = bench.random.oneIn(50);
        const uint64_t same = bench.random.word(parameter::BITS);
        for (int i = 0; i < kTerms; ++i) {
            const uint64_t term = extreme ? same : bench.random.word(parameter::BITS);
            unit::setBits(dut.terms_i, i * parameter::BITS, parameter::BITS, term);
            sum += unit::signedValue(term, parameter::BITS);
        }
        sums.push_back(sum);
        bench.clock(dut);
        if (int(sums.size()) < kLatency) continue;
        bench.expect(unit::bits(dut.sum_o, 0, kSum), unit::unsignedValue(sums.front(), kSum), "sum_o");
        sums.pop_front();
    }
    return bench.finish();
}
