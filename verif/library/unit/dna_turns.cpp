// Turns of a loop against a counter: random bounds, steps with pauses, starts in the midst of a loop.
//
// module: dna_turns
// quick: BITS=4
// full: BITS=12
#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    const int loops = bench.full ? 20000 : 3000;
    for (int loop = 0; loop < loops; ++loop) {
        const uint64_t turns = 1 + bench.random.below(bench.random.oneIn(4) ? (1 << parameter::BITS) - 1 : 4);
        dut.turns_i = turns, dut.start_i = 1, dut.step_i = bench.random.oneIn(2);
        bench.clock(dut);
        dut.start_i = 0;
        uint64_t turn = 0;
        for (uint64_t cycles = 1 + bench.random.below(4 * turns); cycles > 0; --cycles) {
            dut.eval();
            bench.expect(dut.last_o, turn + 1 == turns, "last_o");
            dut.step_i = !bench.random.oneIn(4);
            if (dut.step_i) turn = turn + 1 == turns ? 0 : turn + 1;
            bench.clock(dut);
        }
    }
    return bench.finish();
}
