#include "flows/target_file.h"

namespace dna::flows {

design::Target readTargetFile(const std::optional<std::filesystem::path>& file) {
    if (!file) return {};
    base::JsonDocument document = base::JsonDocument::read(*file, "target");
    document.root().text("name", "");
    const design::Target target = design::readTarget(document.root());
    document.finish();
    return target;
}

}  // namespace dna::flows
