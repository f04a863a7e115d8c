#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/base/json.h"
#include "core/base/log.h"
#include "core/data/source.h"
#include "core/network/network.h"

namespace CLI {
class App;
class Option;
}

namespace dna::flows {

/// The "data" of a configuration. A folder is looked for as written, then beside the file `config`.
data::Source readSource(base::JsonObject object, const std::filesystem::path& config);
base::Json toJson(const data::Source& source);

/// Hashes of what the source reads, by name; empty for generated pictures.
base::Json inputHashes(const data::Source& source);

/// Sets whose pictures have sizes of their own give the size that the network reads, unless another was asked for.
void fitSize(data::Source& source, const network::Shape& input);

/// Opens a set and says what there is to say about it.
std::unique_ptr<data::PictureSet> openTraining(const data::Source& source, base::Log& log);
std::unique_ptr<data::PictureSet> openTest(const data::Source& source, base::Log& log);

/// Throws InputError when pictures and network don't fit each other.
void checkFits(const network::Network& graph, const data::PictureSet& pictures, const std::string& file);

/// Throws InputError when there are fewer pictures than one batch holds.
void checkBatch(const data::PictureSet& pictures, int batch);

/// The options that name pictures on a command line.
struct DataArguments {
    std::string data;
    std::optional<int> size;
    bool strict = false;

    /// Adds --data (returned), --picture-size and --strict.
    CLI::Option* declare(CLI::App& app, const std::string& about, bool required);
    bool given() const { return !data.empty(); }
    /// Throws InputError when --data names no set or the set doesn't know an option that was given.
    data::Source source() const;
    /// Sets what --picture-size and --strict say.
    void apply(data::Source& source) const;
};

}  // namespace dna::flows
