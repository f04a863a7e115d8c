#include "costmodel/loopnest/problem.h"

#include <fmt/format.h>

#include "core/base/json.h"

namespace dna::costmodel::loopnest {
namespace {

/// Doubles hold the product of the bounds to within a relative 1e-15: enough to tell it from 2^53.
double product(const Problem& problem) {
    double all = 1;
    for (const int64_t bound : problem.bounds) all *= double(bound);
    return all;
}

}  // namespace

std::vector<std::string> excesses(const Problem& problem) {
    std::vector<std::string> out;
    PerDim<double> extent;
    for (int d = 0; d < kDims; ++d) extent[d] = double(problem.bounds[d]);
    const auto check = [&](const std::string& what, double count) {
        if (count > double(base::kMaxInteger))
            out.push_back(fmt::format("{:.3g} {} exceed 2^53; counts would not be exact", count, what));
    };
    check("multiply-accumulates", product(problem));
    for (int t = 0; t < kTensors; ++t)
        check(fmt::format("words of {}", kTensorNames[t]), tileWords(problem, static_cast<Tensor>(t), extent));
    return out;
}

void validate(const Problem& problem, const std::string& file, const std::string& pointer) {
    std::vector<base::Problem> problems;
    const auto positive = [&](const std::string& key, int64_t value) {
        if (value < 1 || value > base::kMaxInteger)
            problems.push_back(
                {file, pointer + "/" + key, fmt::format("expected an integer in [1, 2^53], found {}", value)});
    };
    for (int d = 0; d < kDims; ++d) positive(std::string(1, kDimNames[d]), problem.bounds[d]);
    positive("Wstride", problem.stride_p);
    positive("Hstride", problem.stride_q);
    positive("Wdilation", problem.dilation_r);
    positive("Hdilation", problem.dilation_s);
    if (problems.empty())
        for (const std::string& excess : excesses(problem)) problems.push_back({file, pointer, excess});
    if (!problems.empty()) throw base::InputError(std::move(problems));
}

double macs(const Problem& problem) {
    validate(problem, problem.name, "");
    return product(problem);
}

}  // namespace dna::costmodel::loopnest
