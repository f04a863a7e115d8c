#include <algorithm>

#include "core/base/error.h"
#include "core/nn/op_registry.h"
#include "core/nn/ops.h"

namespace dna::nn {
namespace {

using autodiff::forSlots;
using autodiff::Gradients;
using autodiff::GradientTarget;
using autodiff::kLanes;

/// Channels [begin, begin + channels) of a picture of `whole`, which are those of a picture of `part`, seen from both.
template <class T>
struct Range {
    MapShape whole, part;
    int begin = 0;

    /// Full planes that start on a block of the whole are copied as they are; others channel by channel.
    bool aligned() const { return begin % kLanes == 0; }
};

/// to = from for the range's channels of one picture; lanes beyond them are not touched, unless they are nobody's.
template <class T>
void putPart(const Range<T>& range, const T* from, T* to) {
    const size_t plane = range.part.planeSize();
    if (range.aligned()) {
        std::copy_n(from, range.part.pictureSize(), to + static_cast<size_t>(range.begin / kLanes) * plane);
        return;
    }
    for (int c = 0; c < range.part.channels; ++c) {
        const int at = range.begin + c;
        const T* source = from + static_cast<size_t>(c / kLanes) * plane + c % kLanes;
        T* target = to + static_cast<size_t>(at / kLanes) * plane + at % kLanes;
        for (size_t p = 0; p < plane; p += kLanes) target[p] = source[p];
    }
}

/// The way back: to = (base ? base : 0) + from; lanes of `to` beyond the part's channels become (or stay) 0.
template <class T>
void takePart(const Range<T>& range, const T* from, T* to, const T* base) {
    const size_t plane = range.part.planeSize();
    for (int block = 0; block < range.part.blocks(); ++block) {
        const size_t at = static_cast<size_t>(block) * plane;
        const int lanes = std::min(kLanes, range.part.channels - block * kLanes);
        for (int lane = 0; lane < kLanes; ++lane) {
            const int channel = range.begin + block * kLanes + lane;
            const T* source = from + static_cast<size_t>(channel / kLanes) * plane + channel % kLanes;
            for (size_t p = 0; p < plane; p += kLanes) {
                const size_t place = at + p + static_cast<size_t>(lane);
                to[place] = (base ? base[place] : T(0)) + (lane < lanes ? source[p] : T(0));
            }
        }
    }
}

}  // namespace

/// y[begin of part k + c] = parts[k][c]; every part's gradient is its channels of dy.
template <class T>
Var concat(Tape<T>& tape, const std::vector<Var>& parts) {
    DNA_CHECK(!parts.empty(), "concat: no maps");
    std::vector<Range<T>> ranges;
    MapShape shape = tape.stored(parts[0]).map;
    shape.channels = 0;
    for (const Var part : parts) {
        const MapShape& map = tape.stored(part).map;
        DNA_CHECK(map.pictures == shape.pictures && map.height == shape.height && map.width == shape.width,
                  "concat: maps of different sizes");
        ranges.push_back({{}, map, shape.channels});
        shape.channels += map.channels;
    }
    for (Range<T>& range : ranges) range.whole = shape;
    const Tensor<T> y = tape.allocate(shape);
    std::vector<Tensor<T>> values;
    for (const Var part : parts) values.push_back(tape.value(part));
    forSlots(tape.workers(), shape.pictures, [&](int, int begin, int end) {
        for (int n = begin; n < end; ++n) {
            if (shape.channels % kLanes != 0) std::fill_n(y.plane(n, shape.blocks() - 1), shape.planeSize(), T(0));
            // In order, so that what an aligned part leaves behind its channels is written over by the next part.
            for (size_t k = 0; k < ranges.size(); ++k) putPart(ranges[k], values[k].plane(n, 0), y.plane(n, 0));
        }
    });
    return tape.record(y, parts, [&tape, parts, ranges](const Tensor<T>& dy, Gradients<T>& gradients) {
        for (size_t k = 0; k < parts.size(); ++k) {
            if (!gradients.wants(parts[k])) continue;
            const GradientTarget<T> to = gradients.target(parts[k]);
            const size_t picture = ranges[k].part.pictureSize();
            forSlots(tape.workers(), dy.map.pictures, [&](int, int begin, int end) {
                for (int n = begin; n < end; ++n) {
                    const size_t at = static_cast<size_t>(n) * picture;
                    takePart(ranges[k], dy.plane(n, 0), to.data + at, to.base ? to.base + at : nullptr);
                }
            });
        }
    });
}

template Var concat<float>(Tape<float>&, const std::vector<Var>&);
template Var concat<double>(Tape<double>&, const std::vector<Var>&);

void register_concat(OpRegistry& ops) {
    using autodiff::GradientSample;
    ops.add({"concat", "channels of several maps one behind the other", [] {
                 return std::vector<GradientSample>{
                     {"16 and 5",
                      {{{2, 16, 3, 2}}, {{2, 5, 3, 2}}},
                      [](Tape<double>& tape, const std::vector<Var>& v) { return concat(tape, {v[0], v[1]}); }},
                     {"5, 18 and the 5 again",
                      {{{2, 5, 2, 2}}, {{2, 18, 2, 2}}},
                      [](Tape<double>& tape, const std::vector<Var>& v) {
                          return concat(tape, {v[0], v[1], v[0]});
                      }},
                     {"normalised 18 beside its sum with itself",
                      {{{2, 18, 3, 3}}, {{}, 18, 1.0, 0.3}, {{}, 18}},
                      [](Tape<double>& tape, const std::vector<Var>& v) {
                          const Var a = batchNorm<double>(tape, v[0], v[1], v[2], {.relu = true});
                          return concat(tape, {a, add(tape, a, a)});
                      }}};
             }});
}

}  // namespace dna::nn
