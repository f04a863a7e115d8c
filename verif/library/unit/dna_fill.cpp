// Data side of the load engine: descriptor, weights, input tiles (stride 2, narrow pictures) and residual tiles,
// against nested loops that say where every beat goes. Beats come with random gaps. WIDE: a narrow word's pixels are written at
// once (stride 2: even, then odd ones) where they belong to banks of their own. LOCAL: words of descriptors come from the chip, with
// random gaps too; nothing is asked for behind a descriptor before it is complete.
//
// module: dna_fill
// quick: LOG=3 IADDR=8 WADDR=9 OADDR=8 WIDE=1
// quick: LOG=3 IADDR=8 WADDR=9 OADDR=8
// quick: LOG=3 IADDR=8 WADDR=9 OADDR=8 WIDE=1 LOCAL=1
// full: LOG=4 IADDR=10 WADDR=11 OADDR=10 WIDE=1
// full: LOG=1 IADDR=6 WADDR=5 OADDR=5
#include <array>
#include <deque>
#include <vector>

#include "support.h"

namespace {

constexpr int kBeat = width::rdata_i, kWords = kBeat / 32;
using Beat = std::array<uint32_t, kWords>;
enum Kind { kDescriptor, kWeights, kInput, kResidual };

struct Layer {
    bool stride2, drop_odd, narrow;
    int log2_x, log2_y, width;
    int64_t x_words, plane_words, block_words;
};
struct Item {
    Kind kind;
    bool job_end;
    int beats, row, rows, blocks;
};
struct Write {
    Kind kind;
    int slot = 0, bank = 0;
    uint64_t address = 0;
    Beat data{};
};

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {
        dut_.item_i = dut_.rvalid_i = dut_.local_valid_i = 0;
        bench_.reset(dut_);
    }

    void layer(const Layer& layer, int items) {
        layer_ = layer;
        dut_.shift_i = layer.stride2, dut_.drop_odd_i = layer.drop_odd, dut_.narrow_i = layer.narrow;
        dut_.log2_x_i = layer.log2_x, dut_.log2_y_i = layer.log2_y, dut_.in_width_i = layer.width;
        dut_.x_words_i = layer.x_words, dut_.plane_words_i = layer.plane_words, dut_.block_words_i = layer.block_words;
        for (int left = items; left > 0; --left) {
            give(randomItem());
            for (int most = 20000; !locals_.empty() && most > 0; --most) cycle();
            for (int wait = int(bench_.random.below(40)); wait > 0; --wait) cycle();
            for (int most = 20000; waiting_items_ >= 8 && most > 0; --most) cycle();
        }
        for (int most = 100000; !beats_.empty() && most > 0; --most) cycle();
        for (int left = 0; left < 16; ++left) cycle();  // the last beat and the registered write
        bench_.expect(writes_.size(), 0, "writes that never came");
        bench_.expect(uint64_t(jobs_), 0, "jobs reported loaded");
    }

    /// After layers of all kinds.
    void finish() { bench_.expect(uint64_t(most_banks_), parameter::WIDE != 0 ? kWords : 1, "banks written at once"); }

private:
    Item randomItem() {
        unit::Random& random = bench_.random;
        const Kind kind = Kind(random.below(4));
        Item item{kind,
                  random.oneIn(2),
                  1 + int(random.below(12)),
                  int(random.below(20)),
                  1 + int(random.below(6)),
                  kind == kInput || kind == kResidual ? 1 + int(random.below(3)) : 1};
        if (kind == kDescriptor) item.beats = 16;
        return item;
    }

    /// One item record for one cycle; its beats and where they must go.
    void give(const Item& item) {
        dut_.item_i = 1, dut_.item_kind_i = item.kind, dut_.item_job_end_i = item.job_end,
        dut_.item_beats_i = item.beats;
        dut_.item_row_i = item.row, dut_.item_rows_i = item.rows, dut_.item_blocks_i = item.blocks;
        cycle();
        dut_.item_i = 0;
        ++waiting_items_;
        jobs_ += item.job_end;
        if (item.kind == kInput)
            input(item);
        else
            linear(item);
        slot_[item.kind] ^= 1;
        ends_.push_back(beats_given_ + beats_.size());
    }

    Beat newBeat(bool local = false) {
        Beat beat;
        for (uint32_t& word : beat) word = uint32_t(bench_.random.next());
        (local ? locals_ : beats_).push_back(beat);
        return beat;
    }

    void linear(const Item& item) {
        const int bits = item.kind == kDescriptor ? 4 : item.kind == kWeights ? parameter::WADDR : parameter::OADDR;
        for (int beat = 0; beat < item.beats * item.blocks; ++beat)
            writes_.push_back({item.kind, item.kind == kDescriptor ? 0 : slot_[item.kind], 0,
                               unit::unsignedValue(beat, bits), newBeat(parameter::LOCAL != 0 && item.kind == kDescriptor)});
    }

    void input(const Item& item) {
        const int across = 1 << layer_.log2_x, down = 1 << layer_.log2_y, per_beat = layer_.narrow ? kWords : 1;
        for (int block = 0; block < item.blocks; ++block) {
            for (int y = item.row; y < item.row + item.rows; ++y) {
                Beat beat{};
                int given = -1;
                for (const int x : order()) {
                    if (x / per_beat != given) beat = newBeat(), given = x / per_beat;
                    if (layer_.drop_odd && (x % 2 != 0 || y % 2 != 0)) continue;
                    const int divide = layer_.stride2 ? 2 : 1, px = x / divide, py = y / divide;
                    const int64_t plane =
                        layer_.stride2 && !layer_.drop_odd ? (x % 2 + 2 * (y % 2)) * layer_.plane_words : 0;
                    const int64_t rows = py / down - item.row / divide / down;
                    const int64_t address = block * layer_.block_words + rows * layer_.x_words + plane + px / across;
                    Write write{kInput, slot_[kInput], px % across + across * (py % down),
                                unit::unsignedValue(address, parameter::IADDR), beat};
                    if (layer_.narrow) write.data = Beat{beat[size_t(x % per_beat)]};
                    writes_.push_back(write);
                }
            }
        }
    }

    /// Pixels of a word that are written at once, or one by one.
    int atOnce() const {
        const int pixels = layer_.stride2 ? kWords / 2 : kWords;
        return parameter::WIDE != 0 && layer_.narrow && 1 << layer_.log2_x >= pixels ? pixels : 1;
    }

    /// Columns of a row as they are written.
    std::vector<int> order() const {
        std::vector<int> columns;
        if (atOnce() != kWords / 2) {
            for (int x = 0; x < layer_.width; ++x) columns.push_back(x);
            return columns;
        }
        for (int word = 0; word < layer_.width; word += kWords)
            for (const int x : {0, 2, 1, 3})
                if (word + x < layer_.width) columns.push_back(word + x);
        return columns;
    }

    void cycle() {
        const bool offer = !beats_.empty() && (offered_ || !bench_.random.oneIn(3));
        dut_.rvalid_i = offer;
        if (offer)
            for (int w = 0; w < kWords; ++w) unit::setBits(dut_.rdata_i, 32 * w, 32, beats_.front()[size_t(w)]);
        offerLocal();
        dut_.clk = 0;
        dut_.eval();
        observe();
        const bool taken = offer && dut_.rready_o, local_taken = dut_.local_take_o;
        bench_.expect(local_taken && !dut_.local_valid_i, false, "local_take_o without a word");
        offered_ = offer && !taken;
        bench_.clock(dut_);
        if (local_taken) locals_.pop_front(), dut_.local_valid_i = 0;
        if (taken) beats_.pop_front(), ++beats_given_;
        while (!ends_.empty() && ends_.front() <= beats_given_) ends_.pop_front(), --waiting_items_;
    }

    /// A word that was offered stays.
    void offerLocal() {
        if (locals_.empty() || dut_.local_valid_i) return;
        dut_.local_valid_i = !bench_.random.oneIn(3);
        for (int w = 0; w < kWords; ++w) unit::setBits(dut_.local_data_i, 32 * w, 32, locals_.front()[size_t(w)]);
    }

    void observe() {
        if (dut_.descriptor_o) match({kDescriptor, 0, 0, dut_.descriptor_beat_o, beat(dut_.data_o)});
        if (dut_.weight_write_o) match({kWeights, dut_.weight_slot_o, 0, dut_.weight_addr_o, beat(dut_.data_o)});
        if (dut_.residual_write_o) match({kResidual, dut_.residual_slot_o, 0, dut_.residual_addr_o, beat(dut_.data_o)});
        if (dut_.input_write_o) inputWrite();
        if (dut_.loaded_o) --jobs_;
    }

    void inputWrite() {
        int banks = 0;
        for (int bank = 0; bank < 1 << parameter::LOG; ++bank) {
            const int number = bank % kWords;
            if (((bank ^ int(dut_.input_bank_o)) & ~int(dut_.input_group_o)) != 0 || (dut_.input_valid_o >> number & 1) == 0)
                continue;
            Beat data = beat(dut_.input_data_o);
            data[0] = uint32_t(unit::bits(dut_.input_pixels_o, 32 * number, 32));
            match({kInput, dut_.input_slot_o, bank, dut_.input_addr_o, data});
            ++banks;
        }
        bench_.expect(dut_.input_words_o, uint64_t(banks), "input_words_o");
        most_banks_ = std::max(most_banks_, banks);
    }

    template <class Port>
    static Beat beat(const Port& port) {
        Beat out;
        for (int w = 0; w < kWords; ++w) out[size_t(w)] = uint32_t(unit::bits(port, 32 * w, 32));
        return out;
    }

    /// Input writes are registered once more than the others: the order is that of each kind.
    void match(const Write& found) {
        auto wanted = writes_.begin();
        while (wanted != writes_.end() && wanted->kind != found.kind) ++wanted;
        bench_.expect(wanted != writes_.end(), true, "a write that nobody asked for");
        if (wanted == writes_.end()) return;
        bench_.expect(uint64_t(found.slot), uint64_t(wanted->slot), "slot");
        bench_.expect(uint64_t(found.bank), uint64_t(wanted->bank), "bank");
        bench_.expect(found.address, wanted->address, "address");
        bench_.expect(found.data == wanted->data, true, "data");
        writes_.erase(wanted);
    }

    unit::Bench& bench_;
    Vdut dut_;
    Layer layer_{};
    std::deque<Beat> beats_, locals_;  ///< on the bus, from the chip's memory
    std::deque<Write> writes_;
    std::deque<size_t> ends_;
    size_t beats_given_ = 0;
    int slot_[4] = {};
    int jobs_ = 0, waiting_items_ = 0, most_banks_ = 0;
    bool offered_ = false;
};

Layer randomLayer(unit::Random& random) {
    Layer layer;
    layer.stride2 = random.oneIn(2), layer.drop_odd = layer.stride2 && random.oneIn(3), layer.narrow = random.oneIn(3);
    layer.log2_x = int(random.below(parameter::LOG + 1)), layer.log2_y = parameter::LOG - layer.log2_x;
    layer.width = 1 + int(random.below(20));
    layer.x_words = 1 + int64_t(random.below(20)), layer.plane_words = int64_t(random.below(60));
    layer.block_words = int64_t(random.below(100));
    return layer;
}

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const int layers = bench.full ? 3000 : 250;
    for (int i = 0; i < layers; ++i) run.layer(randomLayer(bench.random), 8);
    run.finish();
    return bench.finish();
}
