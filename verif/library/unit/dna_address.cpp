// Addresses of the input banks against the definition of where a pixel stands, lane by lane: random layers, taps,
// blocks.
//
// module: dna_address
// quick: ROWS=8 LOG=3 ADDR=6
// full: ROWS=4 LOG=2 ADDR=9
// full: ROWS=16 LOG=4 ADDR=7
// full: ROWS=32 LOG=5 ADDR=10
#include <deque>
#include <vector>

#include "support.h"

namespace {

constexpr int kLatency = 4;

struct Layer {
    bool dilated, stride2;
    int log2_x, log2_y, pad, width, height;
    int64_t x_words, plane_words;
};
struct Tap {
    bool load;
    int x, y, x_block, y_block, y_base;
    int64_t channel;
};
struct Expected {
    std::vector<bool> read;
    std::vector<uint64_t> address;
    int amount = 0;
    bool load = false;
};

/// Input pixels of a lane's output pixel, by the definition of a convolution; then where that pixel stands.
Expected expected(const Layer& layer, const Tap& tap) {
    Expected out{std::vector<bool>(parameter::ROWS), std::vector<uint64_t>(parameter::ROWS), 0, tap.load};
    const int across = 1 << layer.log2_x, down = 1 << layer.log2_y, stride = layer.stride2 ? 2 : 1;
    for (int lane = 0; lane < parameter::ROWS; ++lane) {
        const int i = lane % across, j = lane / across;
        const int x = (tap.x_block * across + i) * stride + tap.x * (layer.dilated ? 2 : 1) - layer.pad;
        const int y = (tap.y_block * down + j) * stride + tap.y * (layer.dilated ? 2 : 1) - layer.pad;
        // In its plane; floor for pixels left of and above the map.
        const int px = layer.stride2 ? x >> 1 : x, py = layer.stride2 ? y >> 1 : y;
        const int64_t plane = layer.stride2 ? (x & 1 ? layer.plane_words : 0) + (y & 1 ? 2 * layer.plane_words : 0) : 0;
        const int bank = (px & (across - 1)) + across * (py & (down - 1));
        if (lane == 0) out.amount = bank;
        out.read[size_t(bank)] = tap.load && x >= 0 && x < layer.width && y >= 0 && y < layer.height;
        out.address[size_t(bank)] = unit::unsignedValue(
            ((py >> layer.log2_y) - tap.y_base) * layer.x_words + (px >> layer.log2_x) + tap.channel + plane,
            parameter::ADDR);
    }
    return out;
}

Layer randomLayer(unit::Random& random) {
    Layer layer;
    layer.stride2 = random.oneIn(2), layer.dilated = random.oneIn(3);
    layer.log2_x = int(random.below(parameter::LOG + 1)), layer.log2_y = parameter::LOG - layer.log2_x;
    layer.pad = int(random.below(7));
    const int most = random.oneIn(4) ? 900 : 40;
    layer.width = 1 + int(random.below(most)), layer.height = 1 + int(random.below(most));
    layer.x_words = 1 + int64_t(random.below(40)), layer.plane_words = int64_t(random.below(200));
    return layer;
}

Tap randomTap(unit::Random& random, const Layer& layer) {
    const auto blocks = [&](int size, int log2) { return (size / (layer.stride2 ? 2 : 1) >> log2) + 1; };
    Tap tap;
    tap.load = !random.oneIn(5);
    tap.x = int(random.below(7)), tap.y = int(random.below(7));
    tap.x_block = int(random.below(uint64_t(blocks(layer.width, layer.log2_x))));
    tap.y_block = int(random.below(uint64_t(blocks(layer.height, layer.log2_y))));
    tap.y_base = int(random.below(uint64_t(tap.y_block) + 1));
    tap.channel = int64_t(random.below(60000));
    return tap;
}

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {}

    void layer(const Layer& layer, int taps) {
        dut_.shift_i = layer.stride2, dut_.log2_x_i = layer.log2_x;
        dut_.log2_y_i = layer.log2_y, dut_.in_width_i = layer.width;
        dut_.in_height_i = layer.height, dut_.x_words_i = layer.x_words, dut_.plane_words_i = layer.plane_words;
        std::deque<Expected> under_way;
        for (int i = 0; i < taps + kLatency - 1; ++i) {
            if (i < taps) under_way.push_back(issue(layer));
            bench_.clock(dut_);
            if (i + 1 < kLatency) continue;
            compare(under_way.front());
            under_way.pop_front();
        }
    }

private:
    Expected issue(const Layer& layer) {
        const Tap tap = randomTap(bench_.random, layer);
        const int dilation = layer.dilated ? 2 : 1;
        dut_.load_i = tap.load, dut_.x_block_i = tap.x_block;
        dut_.tap_x_i = unit::unsignedValue(tap.x * dilation - layer.pad, 6);
        dut_.tap_y_i = unit::unsignedValue(tap.y * dilation - layer.pad, 6);
        dut_.y_block_i = tap.y_block, dut_.y_base_i = tap.y_base, dut_.channel_addr_i = tap.channel;
        return expected(layer, tap);
    }

    void compare(const Expected& wanted) {
        for (int bank = 0; bank < parameter::ROWS; ++bank) {
            const bool read = wanted.read[size_t(bank)];
            bench_.expect(unit::bits(dut_.read_o, bank, 1), read, "read_o");
            if (read)
                bench_.expect(unit::bits(dut_.addr_o, bank * parameter::ADDR, parameter::ADDR),
                              wanted.address[size_t(bank)], "addr_o");
        }
        if (wanted.load) bench_.expect(dut_.amount_o, uint64_t(wanted.amount), "amount_o");
    }

    unit::Bench& bench_;
    Vdut dut_;
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const int layers = bench.full ? 20000 : 1500;
    for (int i = 0; i < layers; ++i) run.layer(randomLayer(bench.random), 60);
    return bench.finish();
}
