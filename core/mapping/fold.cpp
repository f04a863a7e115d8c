#include "core/mapping/fold.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "core/base/error.h"

namespace dna::mapping {

namespace {

int ceilDiv(int a, int b) { return (a + b - 1) / b; }

/// Input rows from the first to the last one that a step reads.
int spanOf(const Layer& layer, const Fold& fold) {
    return (fold.groups - 1) * layer.stride + (fold.filter_rows - 1) * layer.dilation + 1;
}

/// A step lasts until its sums are added up and drained; with partial sums, until its last one is written (dna_psum).
int stepCycles(const Fold& fold, bool partial_sums) {
    const int drained = fold.groups + std::max(fold.chain() - 1, partial_sums ? 3 : 0);
    return std::max({fold.stepMacs(), drained, 4});
}

/// Walks over all folds that the array and its banks allow.
class FoldSearch {
public:
    FoldSearch(const Layer& layer, const SubLayer& sub, const design::Chunk& chunk, int tile_rows, int channel_offset,
               int run_start)
        : layer_(layer), sub_(sub), chunk_(chunk), tile_rows_(tile_rows), offset_(channel_offset), run_(run_start) {}

    Fold run() {
        const bool dense = layer_.mode == ArrayMode::Dense;
        const int half = chunk_.rf_words / 2, widest = dense ? chunk_.block() : 1;
        for (int channels = 1; channels <= std::min(widest, half); channels *= 2) {
            Fold fold;
            fold.channels = channels;
            fold.column_passes = ceilDiv(layer_.kernel_width, half / channels);
            fold.filter_columns = ceilDiv(layer_.kernel_width, fold.column_passes);
            for (fold.slices = 1; channels * fold.slices <= widest; fold.slices *= 2) tryRows(fold);
        }
        return choose();
    }

private:
    void tryRows(Fold fold) {
        int before = 0;
        for (int passes = 1; passes <= layer_.kernel; ++passes) {
            fold.filter_rows = ceilDiv(layer_.kernel, passes);
            fold.row_passes = ceilDiv(layer_.kernel, fold.filter_rows);
            if (fold.filter_rows == before || fold.chain() > chunk_.rows) continue;
            before = fold.filter_rows;
            for (int parts = 1; parts <= tile_rows_; ++parts) {
                fold.groups = ceilDiv(tile_rows_, parts);
                if (fold.groups * fold.chain() > chunk_.rows || spanOf(layer_, fold) > chunk_.rows) continue;
                consider(fold);
                break;  // fewer output rows at a time only take longer
            }
        }
    }

    void consider(Fold fold) {
        const int runs = layer_.mode == ArrayMode::Dense ? sub_.runs : 1;
        const int sets = fold.taps() * runs * setsOfRun(sub_, layer_.mode, offset_, run_, fold.setChannels());
        const int64_t steps = foldSteps(fold, tile_rows_, layer_.out_width);
        fold.step_cycles = stepCycles(fold, sets > 1);
        const int64_t most = sets > 1 ? chunk_.psum_words / fold.groups : steps;
        const int64_t blocks = (steps + most - 1) / most;
        fold.block_steps = (steps + blocks - 1) / blocks;
        const int64_t words = sets * steps * fold.filter_columns * spanOf(layer_, fold);
        const int64_t sums = 2 * int64_t{sets - 1} * tile_rows_ * layer_.out_width;
        folds_.push_back({fold, foldUnitCycles(fold, sets, steps) + fold.setVectors(),
                          words * 8 * design::kWordBytes + sums * chunk_.cols * chunk_.accumulator_bits});
    }

    Fold choose() const {
        DNA_CHECK(!folds_.empty(), "a fold of one filter row, one channel and one output row always exists");
        const auto faster = [](const Priced& a, const Priced& b) { return a.cycles < b.cycles; };
        const int64_t fewest = std::min_element(folds_.begin(), folds_.end(), faster)->cycles;
        const Priced* best = nullptr;
        for (const Priced& fold : folds_) {
            if (fold.cycles > fewest + fewest / kCyclesForTraffic) continue;
            if (!best || std::tie(fold.traffic_bits, fold.cycles) < std::tie(best->traffic_bits, best->cycles))
                best = &fold;
        }
        return best->fold;
    }

    /// A fold may take this part of the fewest cycles more when it moves fewer bits.
    static constexpr int kCyclesForTraffic = 16;
    struct Priced {
        Fold fold;
        int64_t cycles = 0;        ///< of a unit and its first set
        int64_t traffic_bits = 0;  ///< read from the input buffer, to and from the partial sums
    };
    const Layer& layer_;
    const SubLayer& sub_;
    const design::Chunk& chunk_;
    int tile_rows_, offset_, run_;
    std::vector<Priced> folds_;
};

}  // namespace

int setsOfRun(const SubLayer& sub, ArrayMode mode, int channel_offset, int run_start, int width) {
    if (mode == ArrayMode::Depthwise) return 1;
    const int sets = sliceCount(channel_offset, sub.in_channels, width);
    return sub.runs == 1 ? sets : std::max(sets, sliceCount(run_start, sub.in_channels, width));
}

Fold bestFold(const Layer& layer, const SubLayer& sub, const design::Chunk& chunk, int tile_rows, int channel_offset,
              int run_start) {
    return FoldSearch(layer, sub, chunk, tile_rows, channel_offset, run_start).run();
}

int64_t foldSteps(const Fold& fold, int tile_rows, int out_width) {
    return int64_t{ceilDiv(tile_rows, fold.groups)} * out_width;
}

int64_t foldSetCycles(const Fold& fold, int64_t steps) {
    return std::max<int64_t>(steps * fold.step_cycles, fold.setVectors());
}

int64_t foldUnitCycles(const Fold& fold, int sets, int64_t tile_steps) {
    const int64_t whole = (tile_steps - 1) / fold.block_steps, rest = tile_steps - whole * fold.block_steps;
    return sets * (whole * foldSetCycles(fold, fold.block_steps) + foldSetCycles(fold, rest));
}

}  // namespace dna::mapping
