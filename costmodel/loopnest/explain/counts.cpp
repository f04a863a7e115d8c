// Reads, fills and updates of one instance, and the energy of all.
#include "costmodel/loopnest/explain/tensor_story.h"

#include <fmt/format.h>

namespace dna::costmodel::loopnest {

void TensorStory::tellCounts(int l, const Supply& supply) {
    TensorCounts<double>& count = out_.counts[l][index(t_)];
    const bool outermost = l == 0;
    if (!outputs()) {
        Term reads("asked from below", asked_);
        Term fills = supply.words;
        if (supply.passed > 0) {
            const double over = scene_.rules.forwarded_of_one_sender ? scene_.instances[l] : supply.receivers;
            const Term passed = Term("passed to neighbours", supply.passed) / Term(over);
            reads = reads + passed;
            if (over != supply.receivers)
                fills = fills - Term("passed on here", supply.passed) / Term(supply.receivers) + passed;
            count.forwarded = passed.value;
        }
        count.reads = reads.value;
        count.fills = outermost ? 0 : fills.value;
        roundAverages(count, t_, scene_.rules);
        page_.count(4, "reads", reads, count.reads);
        if (!outermost) page_.count(4, "fills", fills, count.fills);
    } else {
        tellOutputCounts(l, supply, count);
    }
    tellEnergy(l, count);
}

void TensorStory::tellOutputCounts(int l, const Supply& supply, TensorCounts<double>& count) {
    count.updates = page_.count(4, "updates", Term("arriving from below", asked_));
    Term first(0);
    if (scene_.rules.first_read_elision) {
        first = Term(freshWords(l));
        page_.say(4, "the first sum into each of these words reads nothing, and nothing is fetched for it");
    }
    count.reads = page_.count(4, "reads", Term(asked_) - first);
    if (l == 0) return;
    Term fills = supply.words - first;
    if (!scene_.rules.refill_every_reducer) {
        const double share = refillShare(l);
        fills = fills * Term("share", share);
    }
    const bool everyone = scene_.rules.refill_every_reducer;
    count.fills = everyone ? page_.count(4, "fills", fills) : page_.line(4, "fills", fills, "words on average");
    if (fills.value > 0 && supply.distinct < supply.receivers && everyone)
        page_.say(4, "a partial sum that comes back fills every one that adds to it");
}

double TensorStory::freshWords(int l) {
    std::vector<Term> all;
    for (const char& c : std::string_view("NMPQG"))
        all.push_back({std::string_view(&c, 1), scene_.extent(0)[kDimNames.find(c)]});
    Term words = product(all);
    for (int k = 0; k < l; ++k)
        for (int i = nest_.begin[k]; i < nest_.begin[k + 1]; ++i)
            if (!scene_.temporal(i) && indexes(t_, nest_.loops[i].dim)) words = words / scene_.loop(i);
    return page_.line(4, "outputs of one instance over the whole layer", words, "words");
}

double TensorStory::refillShare(int l) const {
    double share = 1;
    for (int k = 0; k < l; ++k) {
        if (keeps(k)) share = 1;
        for (int i = nest_.begin[k]; i < nest_.begin[k + 1]; ++i)
            if (!scene_.temporal(i) && !indexes(t_, nest_.loops[i].dim)) share /= nest_.bounds[i];
    }
    return share;
}

void TensorStory::tellEnergy(int l, const TensorCounts<double>& count) {
    const WordEnergy& price = scene_.architecture.levels[l].energy;
    Term sum(0);
    bool any = false;
    const auto add = [&](const char* label, double words, double pj) {
        if (words == 0) return;
        const Term part = Term(label, words) * Term(pj);
        sum = any ? sum + part : part;
        any = true;
    };
    add("reads", count.reads, price.read_pj);
    add("fills", count.fills, price.fill_pj);
    add("updates", count.updates, price.update_pj);
    out_.energy_pj += page_.line(4, "energy", Term("instances", scene_.instances[l]) * sum, "pJ");
}

}  // namespace dna::costmodel::loopnest
