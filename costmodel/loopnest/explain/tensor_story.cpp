// One tensor from the MACs outwards: level by level, and what each asks the one above for.
#include "costmodel/loopnest/explain/tensor_story.h"

#include <fmt/format.h>

namespace dna::costmodel::loopnest {

void TensorStory::tell() {
    page_.say(0, std::string(kTensorNames[index(t_)]));
    const int last = nest_.level_count - 1;
    page_.say(2, fmt::format("the MACs: every cycle each of them {}",
                             t_ == Tensor::Outputs ? "adds to one output" : "takes one operand"));
    Supply macs;
    macs.words = Term("cycles", scene_.compute_cycles);
    tellFanout(last, macs);
    askAbove(last + 1, macs, nullptr);
    for (int l = last; l >= 0; --l) level(l);
    page_.blank();
}

void TensorStory::level(int l) {
    const double instances = scene_.instances[l];
    if (!keeps(l)) {
        page_.say(2, fmt::format("{}: keeps none, {} pass by", scene_.name(l), outputs() ? "partial sums" : "words"));
    } else {
        page_.say(2, fmt::format("{}, per instance ({} in use)", scene_.name(l), numberText(instances)));
        tellTile(l);
    }
    Supply supply;
    const bool forwards =
        l > 0 && t_ == Tensor::Inputs && scene_.rules.neighbour_forwarding && mayForward(nest_, l, scene_.rules);
    if (l > 0 && (keeps(l) || forwards)) {
        if (!keeps(l)) tellTile(l);
        supply.words = slides() ? slidingWords(l) : wholeTiles(l);
    }
    if (l > 0) {
        tellFanout(l - 1, supply);
        if (forwards) tellForwarding(l, supply);
    }
    if (keeps(l)) tellCounts(l, supply);
    if (l > 0) askAbove(l, supply, keeps(l) ? nullptr : &forwards);
}

void TensorStory::askAbove(int l, const Supply& supply, const bool* bypass) {
    const std::string label = fmt::format("{} {}", outputs() ? "brings" : "asks", scene_.name(l - 1));
    if (!bypass) {
        Term ask = supply.words;
        if (supply.distinct > 1 || supply.receivers > 1) ask = ask * Term("different", supply.distinct);
        if (supply.spared > 0) ask = ask - Term("spared", supply.spared);
        asked_ = page_.line(4, label, ask, "words");
    } else if (*bypass) {
        const double reads = supply.words.value * supply.distinct - supply.spared;
        const double arrivals = supply.words.value * supply.receivers - supply.passed;
        asked_ = page_.line(
            4, label,
            Term("from below", asked_) * Term(supply.receivers) * Term("read", reads) / Term("arriving", arrivals),
            "words");
    } else {
        asked_ = page_.line(4, label, Term("from below", asked_) * Term("different", supply.distinct), "words");
    }
}

}  // namespace dna::costmodel::loopnest
