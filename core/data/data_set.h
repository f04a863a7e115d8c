#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/data/picture_set.h"

namespace dna::data {

/// Where pictures come from: a data set by name, its folder, and how much of it is used.
struct Source {
    std::string name = "shapes";
    std::filesystem::path folder;            ///< empty when the pictures are generated
    int training = 0;                        ///< pictures used; 0: all there are (generated sets: their usual number)
    int test = 0;                            ///< likewise
    std::map<std::string, int64_t> options;  ///< of the set, by name; what is missing has its default

    int64_t option(const std::string& name) const { return options.at(name); }
};

enum class Part { Training, Test };

/// A whole number or a switch (0 or 1) that a data set understands; it is a key of a configuration's "data".
struct SourceOption {
    std::string name, about;
    int64_t min = 0, max = 1, fallback = 0;
    bool is_switch = false;
};

/// One kind of data set. Adding one is adding a file to core/data/sets.
struct DataSet {
    std::string name, summary;
    std::string wanted;  ///< what its folder holds and where to get it; empty when the pictures are generated
    std::vector<SourceOption> options;
    int usual_training = 0, usual_test = 0;  ///< pictures used when nothing else is said; 0: all there are
    /// Whether a folder looks like this set (false when the pictures are generated).
    std::function<bool(const std::filesystem::path& folder)> recognises;
    /// Training and test pictures are read apart: the test set once, at the end of a run.
    std::function<std::unique_ptr<PictureSet>(const Source&, Part)> open;
    /// Name and hash of what the source reads, so that a run is continued with the same pictures only.
    std::function<std::vector<std::pair<std::string, std::string>>(const Source&)> hashes;

    bool generated() const { return wanted.empty(); }
};

class DataSetRegistry {
public:
    void add(DataSet set) { sets_.push_back(std::move(set)); }
    const std::vector<DataSet>& sets() const { return sets_; }

private:
    std::vector<DataSet> sets_;
};

/// Defined in the generated file that calls every register_<file> of core/data/sets.
DataSetRegistry builtinDataSets();

}  // namespace dna::data
