// FIFO against std::deque: all levels, pushes and pops together.
//
// module: dna_fifo
// quick: BITS=8 DEPTH=4 ADDR=2
// full: BITS=129 DEPTH=4 ADDR=2
// full: BITS=49 DEPTH=16 ADDR=4
// full: BITS=17 DEPTH=2 ADDR=1
#include <deque>

#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    dut.push_i = dut.pop_i = 0;
    bench.reset(dut);
    constexpr int kLow = parameter::BITS < 64 ? parameter::BITS : 64, kHigh = parameter::BITS - kLow;
    std::deque<std::pair<uint64_t, uint64_t>> model;
    const int cycles = bench.full ? 1000000 : 100000;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const int phase = cycle / 100 % 3;  // fills, empties, both
        const bool pop = !model.empty() && !bench.random.oneIn(phase == 0 ? 1 : 3);
        const bool room = int(model.size()) < parameter::DEPTH || pop;
        const bool push = room && !bench.random.oneIn(phase == 1 ? 1 : 3);
        const std::pair<uint64_t, uint64_t> word{bench.random.word(kLow),
                                                 kHigh > 0 ? bench.random.word(kHigh > 64 ? 64 : kHigh + !kHigh) : 0};
        unit::setBits(dut.data_i, 0, kLow, word.first);
        if (kHigh > 0) unit::setBits(dut.data_i, kLow, kHigh > 64 ? 64 : kHigh, word.second);
        dut.push_i = push, dut.pop_i = pop;
        bench.clock(dut);
        if (pop) model.pop_front();
        if (push) model.push_back(word);
        bench.expect(dut.valid_o, !model.empty(), "valid_o");
        bench.expect(dut.full_o, int(model.size()) == parameter::DEPTH, "full_o");
        if (model.empty()) continue;
        bench.expect(unit::bits(dut.data_o, 0, kLow), model.front().first, "data_o");
        if (kHigh > 0)
            bench.expect(unit::bits(dut.data_o, kLow, kHigh > 64 ? 64 : kHigh), model.front().second, "data_o above");
    }
    return bench.finish();
}
