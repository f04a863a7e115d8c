// What a level holds at a time.

#include "costmodel/loopnest/explain/tensor_story.h"

namespace dna::costmodel::loopnest {

void TensorStory::tellTile(int l) {
    const PerDim<double>& at = scene_.extent(l);
    std::vector<Term> factors;
    const auto dims = [&](std::string_view letters) {
        for (const char& c : letters) factors.push_back({std::string_view(&c, 1), at[kDimNames.find(c)]});
    };
    if (t_ == Tensor::Weights) dims("CMRSG");
    if (t_ == Tensor::Outputs) dims("NMPQG");
    if (t_ == Tensor::Inputs) {
        const auto extent = [&](const char* label, Dim moved, double stride, Dim kernel, double dilation) {
            const Term term =
                (Term(kDimNames.substr(size_t(index(moved)), 1), at[index(moved)]) - Term(1)) * Term(stride) +
                (Term(kDimNames.substr(size_t(index(kernel)), 1), at[index(kernel)]) - Term(1)) * Term(dilation) +
                Term(1);
            return page_.line(4, label, term);
        };
        dims("NCG");
        factors.push_back({"rows", extent("rows of the tile", Dim::P, double(scene_.problem.stride_p), Dim::R,
                                          double(scene_.problem.dilation_r))});
        factors.push_back({"columns", extent("columns of the tile", Dim::Q, double(scene_.problem.stride_q), Dim::S,
                                             double(scene_.problem.dilation_s))});
    }
    tile_ = page_.line(4, "tile", product(factors), "words");
    if (keeps(l)) out_.counts[l][index(t_)].tile_words = tile_;
}

}  // namespace dna::costmodel::loopnest
