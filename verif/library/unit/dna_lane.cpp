// Feeds a PE row: word or pad value held, channel selected or own channels, against an array of bytes.
//
// module: dna_lane
// quick: COLS=8
// full: COLS=16
// full: COLS=32 BITS=4 SELECT=5
// full: COLS=8 BITS=16 SELECT=3
#include "support.h"

namespace {

constexpr int kWord = width::word_i, kOperand = width::pad_i, kChannels = kWord / kOperand;

struct Controls {
    bool load = false, depthwise = false, half = false;
    uint64_t select = 0;
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Vdut dut;
    uint64_t held[kChannels] = {};
    Controls now;  // registered controls: they meet the word of the next cycle
    const int cycles = bench.full ? 1000000 : 100000;
    bool loaded = false;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        Controls next{bench.random.oneIn(3), bench.random.oneIn(2), bench.random.oneIn(2),
                      bench.random.below(kChannels)};
        const bool valid = !bench.random.oneIn(4);
        const uint64_t pad = bench.random.word(kOperand);
        dut.load_i = next.load, dut.depthwise_i = next.depthwise, dut.half_i = next.half, dut.select_i = next.select;
        dut.valid_i = valid, dut.pad_i = pad;
        uint64_t word[kChannels];
        for (int c = 0; c < kChannels; ++c) {
            word[c] = bench.random.word(kOperand);
            unit::setBits(dut.word_i, c * kOperand, kOperand, word[c]);
        }
        bench.clock(dut);
        if (now.load && cycle > 0) {
            for (int c = 0; c < kChannels; ++c) held[c] = valid ? word[c] : pad;
            loaded = true;
        }
        now = next;
        if (!loaded) continue;
        const int first = parameter::COLS < kChannels && now.half ? parameter::COLS : 0;
        for (int c = 0; c < parameter::COLS; ++c)
            bench.expect(unit::bits(dut.x_o, c * kOperand, kOperand),
                         now.depthwise ? held[first + c] : held[now.select], "x_o");
    }
    return bench.finish();
}
