// Store engine against nested loops over tiles, stored whole or in parts of some blocks: bursts, every byte written, no word read before
// its part is handed over, the half word of a last block, responses, rows and blocks done, words read ahead; random stalls of
// both channels. Then one tile at every place in 4 KiB with many lengths.
//
// module: dna_store
// quick: OADDR=9
// full: OADDR=6
#include <algorithm>
#include <deque>
#include <vector>

#include "support.h"

namespace {

constexpr int kBeat = width::data_i, kBytes = kBeat / 8, kPage = 4096;

/// One layer, as the store section of a descriptor says it.
struct Layer {
    bool channels_outer = false, half_last = false;
    int part_blocks = 0;  ///< 0: whole tiles
    int row_tiles = 1, channel_tiles = 1, rows_full = 1;
    uint32_t base = 0, y_step = 0, pitch = 0, c_step = 0;
    int words_full = 1, words_last = 1, blocks_full = 1, blocks_last = 1;

    std::vector<uint32_t> words() const {
        std::vector<uint32_t> w(64, 0);
        const auto pair = [](int low, int high) { return uint32_t(low) | uint32_t(high) << 16; };
        w[48] = pair(int(channels_outer) << 5 | int(part_blocks == 0) << 7 | part_blocks << 10 | int(half_last) << 9, rows_full);
        w[49] = pair(row_tiles, channel_tiles), w[50] = base, w[51] = y_step, w[52] = pitch, w[53] = c_step;
        w[54] = pair(words_full, words_last), w[55] = pair(blocks_full, blocks_last);
        return w;
    }
};

struct Burst {
    uint32_t address;
    int beats;
};
struct Beat {
    int slot;
    uint64_t word;  ///< address in the output buffer
    bool half, last;
};

/// A word of the output buffer has this content in its part `part` of 32 bits.
uint32_t content(int slot, uint64_t word, int part) {
    return uint32_t((word * 8 + uint64_t(part)) * 2654435761u + uint32_t(slot) * 40503u + 12345u);
}

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {
        dut_.write_i = dut_.tile_i = dut_.awready_i = dut_.wready_i = dut_.bvalid_i = 0;
        bench_.reset(dut_);
    }

    void layer(const Layer& layer, bool fast) {
        fast_ = fast;
        expect(layer);
        const std::vector<uint32_t> words = layer.words();
        for (int beat = 0; beat < int(words.size()) * 32 / kBeat; ++beat) {
            dut_.write_i = 1, dut_.beat_i = beat;
            for (int w = 0; w < kBeat / 32; ++w)
                unit::setBits(dut_.data_i, 32 * w, 32, words[size_t(beat * kBeat / 32 + w)]);
            cycle();
        }
        dut_.write_i = 0;
        layers_done_ = answered_ = released_ = 0;
        rows_full_ = layer.rows_full;
        for (int64_t left = 200000; layers_done_ == 0 && left > 0; --left) cycle();
        bench_.expect(uint64_t(layers_done_), 1, "layer_done_o");
        bench_.expect(bursts_.size() + beats_.size(), 0, "bursts or beats that never came");
        bench_.expect(parts_.size(), 0, "parts taken");
        bench_.expect(uint64_t(released_), uint64_t(parts_expected_), "slots released");
    }

    /// After layers with stalls: the engine has read as far ahead as the cycle law says (kWordsAhead in cycles.cpp).
    void finish() { bench_.expect(uint64_t(most_ahead_), 4, "most words read ahead of their beats"); }

private:
    void expect(const Layer& l) {
        rows_end_.clear(), blocks_end_.clear(), parts_expected_ = 0;
        const int outer = l.channels_outer ? l.channel_tiles : l.row_tiles;
        const int inner = l.channels_outer ? l.row_tiles : l.channel_tiles;
        for (int o = 0; o < outer; ++o)
            for (int i = 0; i < inner; ++i) tile(l, l.channels_outer ? i : o, l.channels_outer ? o : i);
    }

    void tile(const Layer& l, int row, int channel) {
        const bool last_channel = channel + 1 == l.channel_tiles;
        const int words = row + 1 == l.row_tiles ? l.words_last : l.words_full;
        const int blocks = last_channel ? l.blocks_last : l.blocks_full;
        uint64_t word = 0;
        for (int block = 0; block < blocks; ++block) {
            uint32_t at = l.base + uint32_t(row) * l.y_step + uint32_t(channel) * l.c_step + uint32_t(block) * l.pitch;
            for (int left = words; left > 0;) {
                const int take = std::min({left, 256, int((kPage - at % kPage) / kBytes)});
                bursts_.push_back({at, take});
                for (int beat = 0; beat < take; ++beat, ++word)
                    beats_.push_back({slot_, word & ((1u << parameter::OADDR) - 1),
                                      l.half_last && last_channel && block + 1 == blocks, beat + 1 == take});
                at += uint32_t(take * kBytes), left -= take;
            }
            const int number = block + 1;
            if (number == blocks || (l.part_blocks != 0 && number % l.part_blocks == 0)) {
                const int whole_parts = l.part_blocks == 0 ? 0 : (number - 1) / l.part_blocks * l.part_blocks;
                part(l, row, words, number - whole_parts);
            }
        }
        if (last_channel) rows_end_.push_back(int(bursts_.size()));
    }

    void part(const Layer& l, int row, int words, int blocks) {
        parts_.push_back(words * blocks);
        ++parts_expected_, slot_ ^= 1;
        if (row + 1 == l.row_tiles) blocks_end_.insert(blocks_end_.end(), size_t(blocks), int(bursts_.size()));
    }

    void cycle() {
        unit::Random& random = bench_.random;
        dut_.awready_i = fast_ || !random.oneIn(3), dut_.wready_i = fast_ || !random.oneIn(3);
        dut_.bvalid_i = responses_ > 0 && (fast_ || random.oneIn(5));
        dut_.tile_i = !parts_.empty() && (fast_ || random.oneIn(3));
        dut_.clk = 0;
        dut_.eval();
        bench_.expect(dut_.tile_take_o && !dut_.tile_i, false, "a part taken that is not there");
        if (dut_.tile_take_o && !parts_.empty()) readable_ += parts_.front(), parts_.pop_front();
        released_ += dut_.slot_release_o;
        if (dut_.awvalid_o && dut_.awready_i) burst();
        if (dut_.wvalid_o && dut_.wready_i) beat();
        if (dut_.bvalid_i && dut_.bready_o) --responses_, ++answered_;
        rowsDone();
        const bool read = dut_.read_o;
        bench_.expect((readable_ -= int(read)) >= 0, true, "a word read before its part is handed over");
        most_ahead_ = std::max(most_ahead_, ahead_ += int(read));
        const int slot = dut_.read_slot_o;
        const uint64_t address = dut_.read_addr_o;
        const bool done = dut_.layer_done_o;
        bench_.clock(dut_);
        if (read)
            for (int part = 0; part < kBeat / 32; ++part)
                unit::setBits(dut_.read_data_i, 32 * part, 32, content(slot, address, part));
        layers_done_ += done;
    }

    /// Rows and blocks are reported only when all of their bytes are answered for.
    void rowsDone() {
        const auto complete =
            std::count_if(rows_end_.begin(), rows_end_.end(), [&](int end) { return end <= answered_; });
        bench_.expect(dut_.rows_done_o <= complete * rows_full_, true, "rows_done_o");
        const auto blocks =
            std::count_if(blocks_end_.begin(), blocks_end_.end(), [&](int end) { return end <= answered_; });
        bench_.expect(dut_.blocks_done_o <= blocks, true, "blocks_done_o");
    }

    void burst() {
        bench_.expect(bursts_.empty(), false, "a burst that nobody asked for");
        if (bursts_.empty()) return;
        bench_.expect(dut_.awaddr_o, bursts_.front().address, "awaddr_o");
        bench_.expect(dut_.awlen_o + 1u, uint64_t(bursts_.front().beats), "awlen_o + 1");
        bursts_.pop_front();
        ++announced_;
    }

    void beat() {
        bench_.expect(beats_.empty(), false, "a beat that nobody asked for");
        if (beats_.empty()) return;
        const Beat wanted = beats_.front();
        beats_.pop_front();
        bench_.expect(announced_ > 0, true, "data before their address");
        --ahead_;
        const uint64_t all = unit::unsignedValue(-1, kBytes);
        bench_.expect(dut_.wstrb_o, wanted.half ? all >> (kBytes / 2) : all, "wstrb_o");
        bench_.expect(dut_.wlast_o, wanted.last, "wlast_o");
        for (int part = 0; part < kBeat / 32; ++part)
            bench_.expect(unit::bits(dut_.wdata_o, 32 * part, 32), content(wanted.slot, wanted.word, part), "wdata_o");
        if (wanted.last) ++responses_, --announced_;
    }

    unit::Bench& bench_;
    Vdut dut_;
    std::deque<Burst> bursts_;
    std::deque<Beat> beats_;
    std::deque<int> parts_;  ///< words of each part of a tile that is not handed over yet
    int slot_ = 0, readable_ = 0, released_ = 0, responses_ = 0, announced_ = 0, layers_done_ = 0;
    int answered_ = 0, rows_full_ = 0, parts_expected_ = 0, ahead_ = 0, most_ahead_ = 0;
    std::vector<int> rows_end_, blocks_end_;  ///< bursts of the layer up to the end of each row tile, each block of the last one
    bool fast_ = false;
};

Layer randomLayer(unit::Random& random) {
    const auto upTo = [&](int most) { return 1 + int(random.below(uint64_t(most))); };
    const auto address = [&] { return uint32_t(random.below(1 << 20)) * kBytes; };
    Layer l;
    l.channels_outer = random.oneIn(2), l.half_last = random.oneIn(3), l.part_blocks = int(random.below(4));
    l.row_tiles = upTo(4), l.channel_tiles = upTo(4), l.rows_full = upTo(8);
    l.base = address(), l.y_step = address(), l.pitch = address(), l.c_step = address();
    l.words_full = upTo(40), l.words_last = upTo(40), l.blocks_full = upTo(5), l.blocks_last = upTo(5);
    if (random.oneIn(6)) l.words_full = upTo(600);
    return l;
}

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const int layers = bench.full ? 4000 : 200;
    for (int i = 0; i < layers; ++i) run.layer(randomLayer(bench.random), bench.random.oneIn(3));
    std::vector<int> lengths;
    for (int length = 1; length <= 2 * kPage / kBytes + 8; ++length)
        if (bench.full ? length % 7 == 0 || length % (kPage / kBytes) < 4 : length % (kPage / kBytes) == 1)
            lengths.push_back(length);
    for (int offset = 0; offset < kPage / kBytes; ++offset) {
        for (const int length : lengths) {
            Layer layer;
            layer.base = 0x123000u + uint32_t(offset * kBytes), layer.words_last = length;
            run.layer(layer, true);
        }
    }
    run.finish();
    return bench.finish();
}
