// Words of descriptors from a memory that answers a cycle behind each read: 16 of each, in order, the first one two cycles behind
// the fetch, a word a cycle where they are taken at once; the memory is read once for each.
//
// module: dna_descriptor_source
// quick: ADDR=6
// quick: ADDR=4
// quick: ADDR=4 LOCAL=0
#include "support.h"

namespace {

constexpr int kWords = 1 << parameter::ADDR, kDescriptor = 16;

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {
        dut_.fetch_i = dut_.take_i = 0;
        bench_.reset(dut_);
    }

    void descriptor(uint32_t byte, bool fast) {
        dut_.fetch_i = 1, dut_.byte_i = byte;
        cycle(false);
        dut_.fetch_i = 0, dut_.byte_i = uint32_t(bench_.random.next());
        reads_ = 0;
        int wait = 0, taken = 0;
        for (int most = 1000; taken < kDescriptor && most > 0; --most) {
            dut_.eval();
            if (!dut_.valid_o) {
                ++wait;
                cycle(false);
                continue;
            }
            bench_.expect(data_, (byte / 16 + uint32_t(taken)) % kWords, "word");
            const bool take = fast || bench_.random.oneIn(2);
            cycle(take);
            taken += take;
        }
        bench_.expect(uint64_t(taken), kDescriptor, "words");
        bench_.expect(uint64_t(wait), 1, "cycles without a word");
        bench_.expect(uint64_t(reads_), kDescriptor, "reads");
        for (int idle = int(bench_.random.below(4)); idle > 0; --idle) cycle(false);
        bench_.expect(uint64_t(reads_), kDescriptor, "reads behind the last word");
    }

    /// Descriptors are in DRAM: nothing is read, nothing is offered.
    void silent() {
        dut_.fetch_i = uint8_t(bench_.random.oneIn(2)), dut_.byte_i = uint32_t(bench_.random.next());
        cycle(bench_.random.oneIn(2));
        bench_.expect(dut_.read_o || dut_.valid_o, 0, "read_o or valid_o");
    }

private:
    void cycle(bool take) {
        dut_.take_i = take;
        dut_.eval();
        if (dut_.read_o) data_ = dut_.addr_o, ++reads_;  // word a holds a
        bench_.clock(dut_);
    }

    unit::Bench& bench_;
    Vdut dut_;
    uint32_t data_ = 0;
    int reads_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const int descriptors = bench.full ? 100000 : 5000;
    for (int i = 0; i < descriptors; ++i) {
        if (parameter::LOCAL == 0)
            run.silent();
        else
            run.descriptor(uint32_t(bench.random.below(1 << 20)) * 256, bench.random.oneIn(3));
    }
    return bench.finish();
}
