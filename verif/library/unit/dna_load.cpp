// Request side of the load engine against nested loops over jobs: the item records and all bursts of random layers,
// then one item at every place in 4 KiB with many lengths. The memory and the slots answer with random delays; partial sums
// (SPILL) and inputs may not be asked for before the descriptor before has written their rows, or the inputs' blocks. Descriptors in
// the chip (LOCAL) are items without bursts.
//
// module: dna_load
// quick: OUTSTANDING=8
// quick: OUTSTANDING=8 SPILL=1
// quick: OUTSTANDING=8 LOCAL=1
// full: OUTSTANDING=2
#include <algorithm>
#include <deque>
#include <vector>

#include "support.h"

namespace {

constexpr int kBeat = width::data_i, kBytes = kBeat / 8, kPage = 4096;
constexpr int kDescriptorBeats = 256 / kBytes;
enum Kind { kDescriptor, kWeights, kInput, kResidual };

/// One layer, as the load section of a descriptor says it (docs/descriptor.md).
struct Layer {
    bool depthwise = false, residual = false, channels_outer = false, shared_weights = false, last = true;
    int row_tiles = 1, channel_tiles = 1;
    uint32_t base = 0, first = 0, y_step = 0, pitch = 0, c_step = 0;
    int pad = 0, row_step = 0, height = 1, dense_blocks = 1, span_full = 1, span_last = 1;
    int blocks_full = 1, blocks_last = 1, pitch_words = 1;
    uint32_t weights = 0, weight_step = 0;
    int weight_full = 1, weight_last = 1;
    uint32_t residual_base = 0, residual_y = 0, residual_pitch = 0, residual_c = 0;
    int residual_full = 1, residual_last = 1;
    bool reload = false;  ///< the residual are partial sums
    int out_rows = 1;     ///< of a full tile
    bool waits = false, by_blocks = false;

    std::vector<uint32_t> words() const {
        std::vector<uint32_t> w(64, 0);
        const auto pair = [](int low, int high) { return uint32_t(low) | uint32_t(high) << 16; };
        w[0] = uint32_t(depthwise) | uint32_t(residual) << 4 | uint32_t(channels_outer) << 5 |
               uint32_t(shared_weights) << 6 | uint32_t(waits) << 7 | uint32_t(last) << 8 | uint32_t(reload) << 21 |
               uint32_t(by_blocks) << 23;
        w[1] = pair(row_tiles, channel_tiles), w[2] = base, w[3] = first, w[4] = y_step, w[5] = pitch, w[6] = c_step;
        w[7] = pair(pad, row_step), w[8] = pair(height, dense_blocks), w[9] = pair(span_full, span_last);
        w[10] = pair(blocks_full, blocks_last), w[11] = pair(pitch_words, out_rows);
        w[14] = weights, w[15] = weight_step, w[16] = pair(weight_full, weight_last);
        w[17] = residual_base, w[18] = residual_y, w[19] = residual_pitch, w[20] = residual_c;
        w[21] = pair(residual_full, residual_last);
        return w;
    }
};

struct Item {
    Kind kind;
    bool job_end;
    int beats, row, rows, blocks;  ///< of a linear item its beats, of an input item its rows
    int written = 0;               ///< rows that must be complete
    int blocks_written = 0;        ///< or blocks of channels; 0: they do not help
};
struct Burst {
    uint32_t address;
    int beats;
};

/// Items and bursts of a program, by definition.
class Expected {
public:
    std::deque<Item> items;
    std::deque<Burst> bursts;
    std::deque<uint32_t> fetches;  ///< addresses of the descriptors

    void descriptor(uint32_t address) {
        fetches.push_back(address);
        item({kDescriptor, false, kDescriptorBeats, 0, 0, 1}, address, parameter::LOCAL != 0 ? 0 : kDescriptorBeats, 0);
    }

    void layer(const Layer& l) {
        int row_before = -1, channel_before = -1;
        const int outer = l.channels_outer ? l.channel_tiles : l.row_tiles;
        const int inner = l.channels_outer ? l.row_tiles : l.channel_tiles;
        for (int o = 0; o < outer; ++o) {
            for (int i = 0; i < inner; ++i) {
                const int row = l.channels_outer ? i : o, channel = l.channels_outer ? o : i;
                job(l, row, channel, row != row_before, channel != channel_before);
                row_before = row, channel_before = channel;
            }
        }
    }

private:
    void job(const Layer& l, int row, int channel, bool new_row, bool new_channel) {
        const bool last_row = row + 1 == l.row_tiles, last_channel = channel + 1 == l.channel_tiles;
        const bool input = new_row || (l.depthwise && new_channel);
        const bool weights = new_channel && (!l.shared_weights || (row == 0 && channel == 0));
        const int blocks = last_channel ? l.blocks_last : l.blocks_full;
        if (weights) {
            const int beats = last_channel ? l.weight_last : l.weight_full;
            const uint32_t address = l.weights + (l.shared_weights ? 0 : uint32_t(channel) * l.weight_step);
            item({kWeights, !input && !l.residual, beats, 0, 0, 1}, address, beats, 0);
        }
        if (input) {
            const int begin = row * l.row_step - l.pad, end = begin + (last_row ? l.span_last : l.span_full);
            const int from = std::max(begin, 0), to = std::min(end, l.height);
            const uint32_t offset = l.depthwise ? uint32_t(channel) * l.c_step : 0;
            const uint32_t address = (begin < 0 ? l.base : l.first + uint32_t(row) * l.y_step) + offset;
            item({kInput, !l.residual, 0, from, to - from, l.depthwise ? blocks : l.dense_blocks, l.waits ? to : 0,
                  l.by_blocks ? channel * l.blocks_full + blocks : 0}, address,
                 (to - from) * l.pitch_words, l.pitch);
        }
        if (l.residual) {
            const int beats = last_row ? l.residual_last : l.residual_full;
            item({kResidual, true, beats, 0, 0, blocks, l.reload ? (row + 1) * l.out_rows : 0},
                 l.residual_base + uint32_t(row) * l.residual_y + uint32_t(channel) * l.residual_c, beats,
                 l.residual_pitch);
        }
    }

    void item(const Item& item, uint32_t address, int beats, uint32_t pitch) {
        items.push_back(item);
        for (int block = 0; block < item.blocks; ++block) {
            uint32_t at = address + uint32_t(block) * pitch;
            for (int left = beats; left > 0;) {
                const int take = std::min({left, 256, int((kPage - at % kPage) / kBytes)});
                bursts.push_back({at, take});
                at += uint32_t(take * kBytes), left -= take;
            }
        }
    }
};

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {
        dut_.start_i = dut_.write_i = dut_.arready_i = dut_.burst_done_i = 0;
        dut_.stored_i = 1, dut_.storing_i = 0, dut_.rows_done_i = dut_.blocks_done_i = 0;
        dut_.descriptor_free_i = dut_.weight_free_i = dut_.input_free_i = dut_.residual_free_i = 1;
        bench_.reset(dut_);
    }

    void program(const std::vector<Layer>& layers, uint32_t address, bool fast) {
        fast_ = fast;
        expected_ = {};
        for (size_t i = 0; i < layers.size(); ++i) {
            expected_.descriptor(address + uint32_t(256 * i));
            expected_.layer(layers[i]);
        }
        dut_.descriptor_addr_i = address, dut_.start_i = 1;
        cycle();
        dut_.start_i = 0;
        for (const Layer& layer : layers) {
            for (int most = 20000; descriptors_ == 0 && most > 0; --most) cycle();
            --descriptors_;
            const std::vector<uint32_t> words = layer.words();
            for (int beat = 0; beat < kDescriptorBeats; ++beat) {
                dut_.write_i = 1, dut_.beat_i = beat;
                for (int w = 0; w < kBeat / 32; ++w)
                    unit::setBits(dut_.data_i, 32 * w, 32, words[size_t(beat * kBeat / 32 + w)]);
                cycle();
            }
            dut_.write_i = 0;
        }
        for (int quiet = 0; quiet < 20000 && !(dut_.idle_o && outstanding_ == 0); ++quiet) cycle();
        bench_.expect(dut_.idle_o, 1, "idle_o at the end");
        bench_.expect(expected_.items.size(), 0, "items that never came");
        bench_.expect(expected_.bursts.size(), 0, "bursts that never came");
    }

    /// After many layers: some inputs were asked for because of their blocks.
    void finish() { bench_.expect(early_ > 0, true, "inputs by their blocks"); }

private:
    void cycle() {
        unit::Random& random = bench_.random;
        dut_.arready_i = fast_ || !random.oneIn(3);
        dut_.burst_done_i = outstanding_ > 0 && (fast_ || random.oneIn(4));
        dut_.descriptor_free_i = fast_ || random.oneIn(2), dut_.weight_free_i = fast_ || random.oneIn(2);
        dut_.input_free_i = fast_ || random.oneIn(2), dut_.residual_free_i = fast_ || random.oneIn(2);
        blocks_before_ = dut_.storing_i ? int(dut_.blocks_done_i) : 0;
        dut_.stored_i = random.oneIn(4), dut_.storing_i = random.oneIn(2), dut_.rows_done_i = random.below(20);
        dut_.blocks_done_i = random.below(12);
        dut_.clk = 0;
        dut_.eval();
        bench_.expect(dut_.fetch_o, dut_.item_o && dut_.item_kind_o == kDescriptor, "fetch_o");
        if (dut_.item_o) item();
        bench_.expect(dut_.weight_take_o, dut_.item_o && dut_.item_kind_o == kWeights, "weight_take_o");
        bench_.expect(dut_.input_take_o, dut_.item_o && dut_.item_kind_o == kInput, "input_take_o");
        bench_.expect(dut_.residual_take_o, dut_.item_o && dut_.item_kind_o == kResidual, "residual_take_o");
        if (dut_.arvalid_o && dut_.arready_i) burst();
        outstanding_ -= dut_.burst_done_i;
        bench_.clock(dut_);
    }

    void item() {
        bench_.expect(expected_.items.empty(), false, "an item that nobody asked for");
        if (expected_.items.empty()) return;
        const Item wanted = expected_.items.front();
        expected_.items.pop_front();
        bench_.expect(dut_.item_kind_o, wanted.kind, "item_kind_o");
        if (wanted.kind != kDescriptor) bench_.expect(dut_.item_job_end_o, wanted.job_end, "item_job_end_o");
        bench_.expect(dut_.item_blocks_o, uint64_t(wanted.blocks), "item_blocks_o");
        if (wanted.kind == kInput) {
            bench_.expect(dut_.item_row_o, uint64_t(wanted.row), "item_row_o");
            bench_.expect(dut_.item_rows_o, uint64_t(wanted.rows), "item_rows_o");
        } else {
            bench_.expect(dut_.item_beats_o, uint64_t(wanted.beats), "item_beats_o");
        }
        bool free[] = {bool(dut_.descriptor_free_i), bool(dut_.weight_free_i), bool(dut_.input_free_i),
                       bool(dut_.residual_free_i)};
        bench_.expect(free[wanted.kind], true, "an item without a free slot");
        const bool blocks = wanted.blocks_written != 0 && blocks_before_ >= wanted.blocks_written;
        const bool written = dut_.stored_i || blocks || (dut_.storing_i && int(dut_.rows_done_i) >= wanted.written);
        bench_.expect(written || wanted.written == 0, true, "inputs or partial sums that are not written yet");
        early_ += wanted.written != 0 && blocks && !dut_.stored_i && int(dut_.rows_done_i) < wanted.written;
        if (wanted.kind != kDescriptor) return;
        bench_.expect(dut_.fetch_addr_o, expected_.fetches.front(), "fetch_addr_o");
        expected_.fetches.pop_front();
        fetching_ = parameter::LOCAL == 0;
        descriptors_ += parameter::LOCAL != 0;  // its words may come from now on
    }

    void burst() {
        ++outstanding_;
        descriptors_ += fetching_;  // its data may come from now on
        fetching_ = false;
        bench_.expect(outstanding_ <= parameter::OUTSTANDING, true, "bursts under way");
        bench_.expect(expected_.bursts.empty(), false, "a burst that nobody asked for");
        if (expected_.bursts.empty()) return;
        const Burst wanted = expected_.bursts.front();
        expected_.bursts.pop_front();
        bench_.expect(dut_.araddr_o, wanted.address, "araddr_o");
        bench_.expect(dut_.arlen_o + 1u, uint64_t(wanted.beats), "arlen_o + 1");
    }

    unit::Bench& bench_;
    Vdut dut_;
    Expected expected_;
    int outstanding_ = 0, descriptors_ = 0, early_ = 0;
    int blocks_before_ = 0;  ///< blocks done of a descriptor that is being stored, a cycle ago
    bool fast_ = false, fetching_ = false;
};

Layer randomLayer(unit::Random& random) {
    const auto upTo = [&](int most) { return 1 + int(random.below(uint64_t(most))); };
    const auto address = [&] { return uint32_t(random.below(1 << 20)) * kBytes; };
    Layer l;
    l.depthwise = random.oneIn(3), l.residual = random.oneIn(3), l.channels_outer = random.oneIn(2);
    l.shared_weights = random.oneIn(4), l.last = false;
    l.row_tiles = upTo(4), l.channel_tiles = upTo(4);
    l.base = address(), l.first = address(), l.y_step = address(), l.pitch = address(), l.c_step = address();
    // Every tile holds at least one row of the map.
    l.pad = int(random.below(4)), l.row_step = upTo(6), l.span_full = l.pad + upTo(8), l.span_last = l.pad + upTo(8);
    l.height = std::max(1, (l.row_tiles - 1) * l.row_step - l.pad + upTo(8));
    l.dense_blocks = upTo(3), l.blocks_full = upTo(3), l.blocks_last = upTo(l.blocks_full);
    l.pitch_words = upTo(random.oneIn(5) ? 300 : 20);
    l.weights = address(), l.weight_step = address(), l.weight_full = upTo(400), l.weight_last = upTo(400);
    l.residual_base = address(), l.residual_y = address(), l.residual_pitch = address(), l.residual_c = address();
    l.residual_full = upTo(60), l.residual_last = upTo(60);
    l.reload = parameter::SPILL != 0 && l.residual && random.oneIn(2), l.out_rows = upTo(6);
    l.waits = random.oneIn(2), l.by_blocks = l.depthwise && random.oneIn(2);
    return l;
}

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const int programs = bench.full ? 4000 : 150;
    for (int i = 0; i < programs; ++i) {
        std::vector<Layer> layers(1 + bench.random.below(3));
        for (Layer& layer : layers) layer = randomLayer(bench.random);
        layers.back().last = true;
        run.program(layers, uint32_t(bench.random.below(1 << 16)) * 256, bench.random.oneIn(3));
    }
    run.finish();
    // Every beat of a page as the start of one item, all lengths up to two pages and a bit (or a choice of them).
    std::vector<int> lengths;
    for (int length = 1; length <= 2 * kPage / kBytes + 8; ++length)
        if ((bench.full && length <= kPage / kBytes + 16) || length % 61 == 0 || length < 3 ||
            length % (kPage / kBytes) <= 1)
            lengths.push_back(length);
    for (int offset = 0; offset < kPage / kBytes; ++offset) {
        for (const int length : lengths) {
            Layer layer;
            layer.weights = 0x70000u + uint32_t(offset * kBytes), layer.weight_last = length;
            run.program({layer}, 0, true);
        }
    }
    return bench.finish();
}
