// Token counter against an integer.
//
// module: dna_token
// quick: BITS=2 INITIAL=2
// full: BITS=3 INITIAL=0
#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    dut.give_i = dut.take_i = 0;
    bench.reset(dut);
    int count = parameter::INITIAL;
    const int cycles = bench.full ? 1000000 : 100000;
    bench.expect(dut.available_o, count > 0, "available_o");
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const bool take = count > 0 && bench.random.oneIn(2);
        const bool give = (count < (1 << parameter::BITS) - 1 || take) && bench.random.oneIn(2);
        dut.give_i = give, dut.take_i = take;
        bench.clock(dut);
        count += int(give) - int(take);
        bench.expect(dut.available_o, count > 0, "available_o");
    }
    return bench.finish();
}
