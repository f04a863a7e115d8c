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

void forEachFactors(const Factors& whole, const PerDim<bool>& allowed, const std::function<bool(const Factors&)>& fits,
                    const std::function<void(const Factors&)>& visit) {
    PerDim<std::vector<int64_t>> choices;
    for (int d = 0; d < kDims; ++d) choices[d] = allowed[d] ? divisors(whole[d]) : std::vector<int64_t>{1};
    if (!fits(kOnes)) return;
    Walk{choices, fits, visit}.from(0);
}

}  // namespace dna::costmodel::loopnest
