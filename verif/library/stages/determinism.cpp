// V11: a design gives the same files when it is emitted again, and when its JSON is written in another order with other
// white space; another design gives others.
#include <fmt/format.h>

#include "core/base/file.h"
#include "verif/fuzz_case.h"
#include "verif/library/chip.h"
#include "verif/library/stage.h"
#include "verif/random_case.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

/// The same value with the keys of all objects backwards, a line a value.
std::string backwards(const base::Json& json) {
    if (!json.is_structured()) return json.dump();
    std::string text;
    for (auto it = json.rbegin(); json.is_object() && it != json.rend(); ++it)
        text += (text.empty() ? "" : ",\n") + base::Json(it.key()).dump() + "  :\t" + backwards(*it);
    for (auto it = json.begin(); json.is_array() && it != json.end(); ++it)
        text += (text.empty() ? "" : ",\n") + backwards(*it);
    return json.is_object() ? "{\n" + text + "\n}" : "[" + text + "]";
}

int64_t differences(const rtlgen::Chip& a, const rtlgen::Chip& b) {
    int64_t count = a.order != b.order;
    for (const auto& [file, text] : a.files) count += b.files.count(file) == 0 || b.files.at(file) != text;
    return count;
}

void determinism(StageContext& context) {
    const int designs = context.options.full ? 200 : 10;
    Check again{.name = "emitted again"}, reordered{.name = "keys in another order"}, other{.name = "another design"};
    for (int i = 0; i < designs; ++i) {
        base::Rng rng(context.options.seed, "determinism design", uint64_t(i));
        const fs::path file = context.work / "design.json";
        base::writeJson(file, design::toJson(randomDesign(rng, {.rom = true})));
        const std::vector<mapping::Descriptor> rom = randomDescriptors(rng);
        const design::Design design = design::readDesign(file);
        const rtlgen::Chip chip = chipWith(design, context.options.files, rom);
        ++again.checks, again.failed += differences(chip, chipWith(design, context.options.files, rom)) != 0;
        base::writeFileAtomic(file, backwards(design::toJson(design)));
        const design::Design same = design::readDesign(file);
        ++reordered.checks;
        reordered.failed +=
            designHash(same) != designHash(design) || differences(chip, chipWith(same, context.options.files, rom)) != 0;
        design::Design changed = design;
        changed.chunks[0].weight_words *= 2;
        ++other.checks, other.failed += differences(chip, chipWith(changed, context.options.files, rom)) == 0;
    }
    for (const Check& check : {again, reordered, other}) context.report(check);
}

}  // namespace

void register_determinism(StageRegistry& stages) {
    stages.add({"determinism", 11, "equal designs give equal files", {}, determinism});
}

}  // namespace dna::verif
