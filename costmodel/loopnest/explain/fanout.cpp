// Who needs the same tile: instances below one, and how many different tiles there are among them.
#include "costmodel/loopnest/explain/tensor_story.h"

#include <fmt/format.h>

#include <numeric>

namespace dna::costmodel::loopnest {

void TensorStory::tellFanout(int l, Supply& supply) {
    std::vector<Term> receivers, different;
    PerDim<double> spread;
    spread.fill(1);
    for (int i = nest_.begin[l]; i < nest_.begin[l + 1]; ++i) {
        if (scene_.temporal(i)) continue;
        const Dim d = nest_.loops[i].dim;
        receivers.push_back(scene_.loop(i));
        if (!indexes(t_, d)) continue;
        const Axis axis = axisOf(t_, d);
        if (t_ == Tensor::Inputs && (axis == Axis::Rows || axis == Axis::Columns))
            spread[index(d)] *= nest_.bounds[i];
        else
            different.push_back(scene_.loop(i));
    }
    if (receivers.empty()) return;
    supply.receivers = page_.line(4, "fan-out", product(receivers), "",
                                  fmt::format("{} below one {}", scene_.name(l + 1), scene_.name(l)));
    addWindows(l, spread, Dim::P, Dim::R, "rows", different);
    addWindows(l, spread, Dim::Q, Dim::S, "columns", different);
    const std::string label = fmt::format("different {}", outputs() ? "output tiles" : "tiles");
    const double distinct = product(different).value;
    std::string comment;
    if (outputs() && distinct < supply.receivers)
        comment = "partial sums for the same outputs are added on the way and arrive as one update";
    else if (distinct < supply.receivers)
        comment = "one read serves all that need the same tile (multicast)";
    supply.distinct = page_.line(4, label, product(different), "", comment);
}

void TensorStory::addWindows(int l, const PerDim<double>& spread, Dim a, Dim b, const char* label,
                             std::vector<Term>& different) {
    const double n = spread[index(a)], m = spread[index(b)];
    if (n * m == 1) return;
    const PerDim<double>& tile = scene_.extent(l + 1);
    const double sa = tile[index(a)] * double(scene_.problem.step(t_, a)),
                 sb = tile[index(b)] * double(scene_.problem.step(t_, b));
    const double g = double(std::gcd(int64_t(sa), int64_t(sb)));
    Term term = Term(kDimNames.substr(size_t(index(a)), 1), n) * Term(kDimNames.substr(size_t(index(b)), 1), m);
    if (n == 1 || m == 1) {
        different.push_back(Term(label, n * m));
        return;
    }
    std::string comment = "no two begin at the same place";
    if (n > sb / g && m > sa / g) {
        term = term - (Term(n) - Term(sb / g)) * (Term(m) - Term(sa / g));
        comment = "the others begin where one of these does (diagonals)";
    }
    different.push_back(Term(label, page_.line(4, fmt::format("different {}", label), term, "", comment)));
}

}  // namespace dna::costmodel::loopnest
