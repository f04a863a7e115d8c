#include "core/data/source.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace dna::data {
namespace {

const std::vector<DataSet>& allSets() {
    static const DataSetRegistry registry = builtinDataSets();
    return registry.sets();
}

std::string wantedHelp() {
    std::string text = "expected ";
    for (const DataSet& set : allSets()) {
        if (&set != &allSets().front()) text += ", or ";
        text += set.generated() ? fmt::format("\"{}\"", set.name) : fmt::format("a folder with {}", set.wanted);
    }
    return text + "; name it with --data";
}

}  // namespace

const DataSet& dataSet(const std::string& name) {
    for (const DataSet& set : allSets())
        if (set.name == name) return set;
    throw base::InputError("data", "name",
                           fmt::format("unknown data set \"{}\"; known: {}", name, fmt::join(dataSetNames(), ", ")));
}

std::vector<std::string> dataSetNames() {
    std::vector<std::string> names;
    for (const DataSet& set : allSets()) names.push_back(set.name);
    return names;
}

Source sourceNamed(const std::string& name) {
    Source source;
    const DataSet& set = dataSet(name);
    source.name = name;
    source.training = set.usual_training;
    source.test = set.usual_test;
    for (const SourceOption& option : set.options) source.options[option.name] = option.fallback;
    return source;
}

Source sourceOf(const std::string& name_or_folder) {
    for (const DataSet& set : allSets())
        if (set.generated() && set.name == name_or_folder) return sourceNamed(set.name);
    if (!std::filesystem::is_directory(name_or_folder))
        throw base::InputError(name_or_folder, "", "is not a folder; " + wantedHelp());
    for (const DataSet& set : allSets()) {
        if (set.generated() || !set.recognises(name_or_folder)) continue;
        Source source = sourceNamed(set.name);
        source.folder = name_or_folder;
        return source;
    }
    throw base::InputError(name_or_folder, "", "holds no data set; " + wantedHelp());
}

std::unique_ptr<PictureSet> openTraining(const Source& source) {
    std::unique_ptr<PictureSet> pictures = dataSet(source.name).open(source, Part::Training);
    if (classesPresent(*pictures) < 2)
        throw base::InputError(source.folder.empty() ? source.name : source.folder.string(), "",
                               fmt::format("expected pictures of at least 2 classes to learn from, found {} pictures of "
                                           "class {} only",
                                           pictures->count(), pictures->label(0)));
    return pictures;
}

std::unique_ptr<PictureSet> openTest(const Source& source) { return dataSet(source.name).open(source, Part::Test); }

std::vector<std::pair<std::string, std::string>> dataSetSummaries() {
    std::vector<std::pair<std::string, std::string>> summaries;
    for (const DataSet& set : allSets()) summaries.emplace_back(set.name, set.summary);
    return summaries;
}

}  // namespace dna::data
