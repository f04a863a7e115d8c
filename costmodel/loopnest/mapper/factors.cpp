#include "costmodel/loopnest/mapper/factors.h"

#include <algorithm>

namespace dna::costmodel::loopnest {
namespace {

struct Walk {
    const PerDim<std::vector<int64_t>>& choices;
    const std::function<bool(const Factors&)>& fits;
    const std::function<void(const Factors&)>& visit;
    Factors chosen = kOnes;

    void from(int d) {
        if (d == kDims) return visit(chosen);
        for (const int64_t factor : choices[d]) {
            chosen[d] = factor;
            if (factor > 1 && !fits(chosen)) break;
            from(d + 1);
        }
        chosen[d] = 1;
    }
};

}  // namespace

std::vector<int64_t> divisors(int64_t n) {
    std::vector<int64_t> low, high;
    for (int64_t d = 1; d * d <= n; ++d) {
        if (n % d != 0) continue;
        low.push_back(d);
        if (d != n / d) high.push_back(n / d);
    }
    low.insert(low.end(), high.rbegin(), high.rend());
    return low;
}

std::vector<int64_t> raggedTiles(int64_t n) {
    std::vector<int64_t> out;
    for (int64_t tiles = n; tiles >= 1;) {
        const int64_t tile = (n + tiles - 1) / tiles;
        out.push_back(tile);
        if (tile == n) break;
        tiles = (n - 1) / tile;  // the most tiles that need a larger one
    }
    return out;
}

void forEachFactors(const Factors& whole, const PerDim<bool>& allowed, bool ragged,
                    const std::function<bool(const Factors&)>& fits, const std::function<void(const Factors&)>& visit) {
    PerDim<std::vector<int64_t>> choices;
    for (int d = 0; d < kDims; ++d)
        choices[d] = !allowed[d] ? std::vector<int64_t>{1} : ragged ? raggedTiles(whole[d]) : divisors(whole[d]);
    if (!fits(kOnes)) return;
    Walk{choices, fits, visit}.from(0);
}

}  // namespace dna::costmodel::loopnest
