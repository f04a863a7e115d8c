// Writes of 32 bits and reads of 128 bits against an array; what was read stays until the next read.
//
// module: dna_descriptor_ram
// quick: WORDS=48 ADDR=6
// full: WORDS=4096 ADDR=12
#include <vector>

#include "support.h"

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    dut.write_i = dut.read_i = 0;
    bench.clock(dut);
    std::vector<uint32_t> model(4 * parameter::WORDS);
    std::vector<bool> known(model.size(), false);
    uint64_t read = parameter::WORDS;
    const int cycles = bench.full ? 1000000 : 50000;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        const bool write = bench.random.oneIn(2);
        dut.write_i = write, dut.read_i = !write && bench.random.oneIn(2);
        dut.write_addr_i = bench.random.below(model.size()), dut.write_data_i = uint32_t(bench.random.next());
        dut.addr_i = bench.random.below(parameter::WORDS);
        bench.clock(dut);
        if (write && read < parameter::WORDS && dut.write_addr_i / 4 == read) read = parameter::WORDS;  // compared no longer
        if (write) model[dut.write_addr_i] = dut.write_data_i, known[dut.write_addr_i] = true;
        if (dut.read_i) read = dut.addr_i;
        for (uint64_t part = 0; part < 4 && read < parameter::WORDS; ++part)
            if (known[4 * read + part]) bench.expect(unit::bits(dut.data_o, int(32 * part), 32), model[4 * read + part], "data_o");
    }
    return bench.finish();
}
