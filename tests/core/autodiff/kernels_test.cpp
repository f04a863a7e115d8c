// Every kernel of every level that this machine runs, against plain loops in double, over ragged sizes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/autodiff/arena.h"
#include "core/autodiff/kernels/dispatch.h"
#include "core/autodiff/kernels/window_places.h"
#include "core/autodiff/tensor.h"
#include "core/base/rng.h"

using namespace dna::autodiff;

namespace {

using Values = std::vector<float>;

Values randomValues(size_t size, uint64_t seed) {
    dna::base::Rng rng(seed, "kernels-test");
    Values values(size);
    for (float& value : values) value = static_cast<float>(rng.normal());
    return values;
}

/// Norm of the difference relative to the norm of what is right.
double relativeError(const Values& found, const std::vector<double>& wanted) {
    double difference = 0, norm = 0;
    REQUIRE(found.size() == wanted.size());
    for (size_t i = 0; i < found.size(); ++i) {
        difference += (found[i] - wanted[i]) * (found[i] - wanted[i]);
        norm += wanted[i] * wanted[i];
    }
    return std::sqrt(difference / std::max(norm, 1e-30));
}

constexpr double kForward = 1e-5, kGradient = 1e-4;

/// Runs check(kernels) on every level; levels that fuse must return the same values.
template <class Run>
void onEveryLevel(const std::vector<double>& wanted, double bound, const Run& run) {
    const Values* fused = nullptr;
    std::vector<Values> results;
    results.reserve(kernelLevels().size());
    for (const Kernels<float>* level : kernelLevels()) {
        CAPTURE(level->name);
        results.push_back(run(*level));
        CHECK(relativeError(results.back(), wanted) <= bound);
        if (!level->fused) continue;
        if (fused) CHECK(std::memcmp(fused->data(), results.back().data(), fused->size() * sizeof(float)) == 0);
        fused = &results.back();
    }
}

size_t lineAt(int pixel, int channel, size_t block) {
    return static_cast<size_t>(channel / kLanes) * block + static_cast<size_t>(pixel) * kLanes + channel % kLanes;
}
size_t panelAt(int output, int input, int inputs) {
    return (static_cast<size_t>(output / kLanes) * inputs + input) * kLanes + output % kLanes;
}
int blocksOf(int channels) { return (channels + kLanes - 1) / kLanes; }

void checkProducts(int inputs, int outputs, int pixels) {
    CAPTURE(inputs);
    CAPTURE(outputs);
    CAPTURE(pixels);
    const size_t block = static_cast<size_t>(pixels) * kLanes;
    const int blocks = blocksOf(outputs);
    const Values in = randomValues(blocksOf(inputs) * block, 1), panel = randomValues(blocks * inputs * 16UL, 2),
                 base = randomValues(blocks * block, 3), dout = randomValues(blocks * block, 4);
    std::vector<double> out(base.begin(), base.end()), weight(panel.begin(), panel.end());
    for (int p = 0; p < pixels; ++p)
        for (int k = 0; k < blocks * kLanes; ++k)
            for (int c = 0; c < inputs; ++c) {
                const double x = in[lineAt(p, c, block)];
                out[lineAt(p, k, block)] += x * static_cast<double>(panel[panelAt(k, c, inputs)]);
                weight[panelAt(k, c, inputs)] += x * static_cast<double>(dout[lineAt(p, k, block)]);
            }
    const ProductShape shape{inputs, blocks, block, block};
    onEveryLevel(out, kForward, [&](const Kernels<float>& level) {
        Values found(base.size());
        const ProductRun<float> run{in.data(), found.data(), base.data(), pixels};
        level.multiply(&run, 1, shape, panel.data(), {});
        return found;
    });
    onEveryLevel(weight, kGradient, [&](const Kernels<float>& level) {
        Values found = panel;
        level.accumulate(in.data(), dout.data(), pixels, shape, found.data(), true, {});
        return found;
    });
}

/// What slides over the map itself gives the same bits as over a tile.
void checkMap(const Window& w, const Values& x, const Values& dy_tile, const Values& weight, const Values& tile) {
    Window bare = w;
    bare.tile = false;
    for (const Kernels<float>* level : kernelLevels()) {
        CAPTURE(level->name);
        Values y(static_cast<size_t>(w.out_height) * w.out_width * kLanes), same = y, dweight = weight,
                                                                            same_weight = weight;
        level->slide(w, tile.data(), weight.data(), y.data(), {});
        level->slide(bare, x.data(), weight.data(), same.data(), {});
        CHECK(y == same);
        level->slideWeight(w, tile.data(), dy_tile.data(), dweight.data(), {});
        level->slideWeight(bare, x.data(), dy_tile.data(), same_weight.data(), {});
        CHECK(dweight == same_weight);
    }
}

void checkWindow(const Window& w) {
    CAPTURE(w.kernel);
    CAPTURE(w.stride);
    CAPTURE(w.pad);
    CAPTURE(w.height);
    CAPTURE(w.width);
    const GradientTile grid = gradientTile(w);
    const int tile_width = w.width + 2 * w.pad, taps = w.kernel * w.kernel;
    Values tile(static_cast<size_t>(tile_width) * (w.height + 2 * w.pad) * kLanes), dy_tile(grid.lines() * kLanes);
    const Values x = randomValues(static_cast<size_t>(w.height) * w.width * kLanes, 1),
                 weight = randomValues(taps * 16UL, 2),
                 dy = randomValues(static_cast<size_t>(w.out_height) * w.out_width * kLanes, 3);
    for (int row = 0; row < w.height; ++row)
        std::copy_n(x.begin() + row * w.width * kLanes, w.width * kLanes,
                    tile.begin() + ((row + w.pad) * tile_width + w.pad) * kLanes);
    for (int row = 0; row < w.out_height; ++row)
        std::copy_n(dy.begin() + row * w.out_width * kLanes, w.out_width * kLanes,
                    dy_tile.begin() + ((row + grid.border) * grid.width + grid.border) * kLanes);
    std::vector<double> y(dy.size()), dx(x.size()), dweight(weight.begin(), weight.end());
    for (int row = 0; row < w.out_height; ++row)
        for (int column = 0; column < w.out_width; ++column)
            for (int tap = 0; tap < taps; ++tap) {
                const int r = row * w.stride + tap / w.kernel - w.pad, c = column * w.stride + tap % w.kernel - w.pad;
                if (r < 0 || r >= w.height || c < 0 || c >= w.width) continue;
                for (int lane = 0; lane < kLanes; ++lane) {
                    const size_t from = static_cast<size_t>(r * w.width + c) * kLanes + lane,
                                 to = static_cast<size_t>(row * w.out_width + column) * kLanes + lane,
                                 at = static_cast<size_t>(tap) * kLanes + lane;
                    y[to] += static_cast<double>(x[from]) * static_cast<double>(weight[at]);
                    dx[from] += static_cast<double>(dy[to]) * static_cast<double>(weight[at]);
                    dweight[at] += static_cast<double>(dy[to]) * static_cast<double>(x[from]);
                }
            }
    onEveryLevel(y, kForward, [&](const Kernels<float>& level) {
        Values found(y.size());
        level.slide(w, tile.data(), weight.data(), found.data(), {});
        return found;
    });
    if (window::needsNoTile(w)) checkMap(w, x, dy_tile, weight, tile);
    Values spread(weight.size());
    spreadWeights(w, weight.data(), spread.data());
    onEveryLevel(dx, kGradient, [&](const Kernels<float>& level) {
        Values found(dx.size());
        level.slideBack(w, dy_tile.data(), spread.data(), found.data(), {});
        return found;
    });
    onEveryLevel(dweight, kGradient, [&](const Kernels<float>& level) {
        Values found = weight;
        level.slideWeight(w, tile.data(), dy_tile.data(), found.data(), {});
        return found;
    });
}

/// Factors and operands of the loops over lines, and what they should give.
struct Lines {
    explicit Lines(int count)
        : count(count),
          x(randomValues(count * 16UL, 1)),
          g(randomValues(count * 16UL, 2)),
          base(randomValues(count * 16UL, 3)),
          factors(randomValues(48, 4)) {}
    int count;
    Values x, g, base, factors;
    const float* scale() const { return factors.data(); }
    const float* shift() const { return factors.data() + 16; }
    const float* mean() const { return factors.data() + 32; }
    template <class F>
    std::vector<double> each(const F& f) const {
        std::vector<double> out;
        for (size_t i = 0; i < x.size(); ++i) out.push_back(f(i, i % 16));
        return out;
    }
};

void checkLines(int count) {
    CAPTURE(count);
    const Lines l(count);
    for (const Kernels<float>* level : kernelLevels()) {
        Arena arena;
        float* to = arena.take<float>(l.x.size());
        level->stream(l.x.data(), to, count);
        CHECK(std::equal(l.x.begin(), l.x.end(), to));
    }
    const auto activated = [&](size_t i, size_t c) {
        return static_cast<double>(std::fma(l.x[i], l.scale()[c], l.shift()[c]));
    };
    for (const bool relu : {false, true}) {
        onEveryLevel(
            l.each([&](size_t i, size_t c) { return relu ? std::max(0.0, activated(i, c)) : activated(i, c); }),
            kForward, [&](const Kernels<float>& level) {
                Values found(l.x.size());
                level.activate(l.x.data(), found.data(), count, l.scale(), l.shift(), relu);
                return found;
            });
        const auto masked = [&](size_t i, size_t c) {
            return !relu || activated(i, c) > 0 ? static_cast<double>(l.g[i]) : 0.0;
        };
        std::vector<double> wanted =
            l.each([&](size_t i, size_t c) { return masked(i, c) + static_cast<double>(l.base[i]); });
        std::vector<double> sums(32);
        for (size_t i = 0; i < l.x.size(); ++i) {
            sums[i % 16] += masked(i, i % 16);
            sums[16 + i % 16] += masked(i, i % 16) * static_cast<double>(l.x[i] - l.mean()[i % 16]);
        }
        wanted.insert(wanted.end(), sums.begin(), sums.end());
        onEveryLevel(wanted, kGradient, [&](const Kernels<float>& level) {
            Values found(l.x.size() + 32);
            float* to = found.data() + l.x.size();
            level.mask(l.x.data(), l.g.data(), l.base.data(), found.data(), count, l.scale(), l.shift(), l.mean(), relu,
                       to, to + 16);
            return found;
        });
    }
    onEveryLevel(l.each([&](size_t i, size_t c) {
        return static_cast<double>(l.g[i]) * static_cast<double>(l.scale()[c]) +
               static_cast<double>(l.x[i]) * static_cast<double>(l.shift()[c]) + static_cast<double>(l.mean()[c]);
    }),
                 kForward, [&](const Kernels<float>& level) {
                     Values found(l.x.size());
                     level.combine(l.g.data(), l.x.data(), found.data(), count, l.scale(), l.shift(), l.mean());
                     return found;
                 });
    onEveryLevel(l.each([&](size_t i, size_t) { return double(l.x[i]) * 0.75 + double(l.base[i]); }), kForward,
                 [&](const Kernels<float>& level) {
                     Values found(l.x.size());
                     level.addScaled(l.x.data(), 0.75f, l.base.data(), found.data(), count);
                     return found;
                 });
    std::vector<double> moments(32);
    double product = 0;
    for (size_t i = 0; i < l.x.size(); ++i) {
        const double d = static_cast<double>(l.x[i]) - static_cast<double>(l.mean()[i % 16]);
        moments[i % 16] += d;
        moments[16 + i % 16] += d * d;
        product += static_cast<double>(l.x[i]) * static_cast<double>(l.g[i]);
    }
    moments.push_back(product);
    onEveryLevel(moments, kForward, [&](const Kernels<float>& level) {
        Values found(32);
        level.moments(l.x.data(), count, l.mean(), found.data(), found.data() + 16);
        found.push_back(static_cast<float>(level.dot(l.x.data(), l.g.data(), count)));
        return found;
    });
}

}  // namespace

TEST_CASE("kernels: products of every level agree with double, ragged sizes") {
    for (int inputs : {1, 3, 16, 24, 37})
        for (int outputs : {5, 16, 40, 96, 130})
            for (int pixels : {1, 3, 7, 8, 13, 50}) checkProducts(inputs, outputs, pixels);
}

TEST_CASE("kernels: sliding windows of every level agree with double") {
    for (int kernel : {1, 2, 3, 5, 7})
        for (int stride : {1, 2, 3})
            for (int pad : {0, kernel / 2, kernel - 1})
                for (const auto& [height, width] : {std::pair{7, 9}, {8, 8}, {13, 4}, {16, 17}, {6, 26}}) {
                    if (height + 2 * pad < kernel || width + 2 * pad < kernel) continue;
                    checkWindow({kernel, stride, pad, height, width, (height + 2 * pad - kernel) / stride + 1,
                                 (width + 2 * pad - kernel) / stride + 1});
                }
}

TEST_CASE("kernels: loops over lines of every level agree with double") {
    for (int count : {1, 2, 5, 16, 33, 300}) checkLines(count);
}

TEST_CASE("kernels: the step of descent") {
    const Values w = randomValues(77, 1), v = randomValues(77, 2), g = randomValues(77, 3);
    std::vector<double> wanted;
    for (size_t i = 0; i < w.size(); ++i) {
        const double step = double(g[i]) * 0.5 + 0.01 * double(w[i]), velocity = 0.9 * double(v[i]) + step;
        wanted.push_back(double(w[i]) - 0.1 * (step + 0.9 * velocity));
    }
    onEveryLevel(wanted, kForward, [&](const Kernels<float>& level) {
        Values found = w, velocity = v;
        level.descend(found.data(), velocity.data(), g.data(), found.size(), 0.5f, 0.1f, 0.01f, 0.9f, true);
        return found;
    });
}
