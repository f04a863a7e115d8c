#include "core/data/shapes.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/data/data_set.h"

namespace dna::data {
namespace {

constexpr int kUsualTraining = 12000, kUsualTest = 2000;

std::unique_ptr<PictureSet> open(const Source& source, Part part) {
    ShapesOptions options;
    options.classes = static_cast<int>(source.option("classes"));
    if (options.classes % 10 != 0)
        throw base::InputError("data", "/classes",
                               fmt::format("expected a multiple of 10 (10 shapes times colours), found {}",
                                           options.classes));
    const auto seed = static_cast<uint64_t>(source.option("seed"));
    const int wanted = part == Part::Training ? source.training : source.test,
              usual = part == Part::Training ? kUsualTraining : kUsualTest;
    return std::make_unique<Pictures>(makeShapes(seed, part, wanted > 0 ? wanted : usual, options));
}

}  // namespace

void register_shapes(DataSetRegistry& sets) {
    sets.add({.name = "shapes",
              .summary = "generated 32x32 RGB pictures of 10 shapes on cluttered, noisy backgrounds; needs no download",
              .wanted = {},
              .options = {{"seed", "of the generated pictures", 0, int64_t{1} << 53, 1, false},
                          {"classes", "shapes (10), or shapes times colours of the shape (20, 30, ... 100)", 10, 100,
                           10, false}},
              .usual_training = kUsualTraining,
              .usual_test = kUsualTest,
              .recognises = [](const std::filesystem::path&) { return false; },
              .open = open,
              .hashes = [](const Source&) { return std::vector<std::pair<std::string, std::string>>{}; }});
}

}  // namespace dna::data
