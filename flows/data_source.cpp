#include "flows/data_source.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/base/error.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

/// As written, or below the folder of the configuration, or the folder above that.
fs::path findFolder(const std::string& folder, const fs::path& config) {
    const fs::path here = fs::absolute(config).parent_path();
    for (const fs::path& candidate : {fs::path(folder), here / folder, here.parent_path() / folder})
        if (fs::is_directory(candidate)) return candidate;
    return folder;
}

void setOption(data::Source& source, const std::string& name, int64_t value, const std::string& flag) {
    if (!source.options.contains(name))
        throw base::InputError(flag, "", fmt::format("the data set \"{}\" has no such option", source.name));
    source.options[name] = value;
}

std::unique_ptr<data::PictureSet> told(std::unique_ptr<data::PictureSet> pictures, base::Log& log) {
    for (const std::string& remark : pictures->remarks()) log.warn(remark);
    return pictures;
}

}  // namespace

data::Source readSource(base::JsonObject object, const fs::path& config) {
    data::Source source = data::sourceNamed(object.choice("name", data::dataSetNames()));
    const data::DataSet& set = data::dataSet(source.name);
    source.training = static_cast<int>(object.integer("training", 0, 100'000'000, set.usual_training));
    source.test = static_cast<int>(object.integer("test", 0, 100'000'000, set.usual_test));
    for (const data::SourceOption& option : set.options)
        source.options[option.name] = option.is_switch
                                          ? object.flag(option.name, option.fallback != 0)
                                          : object.integer(option.name, option.min, option.max, option.fallback);
    if (!set.generated()) source.folder = findFolder(object.text("folder"), config);
    object.close();
    return source;
}

base::Json toJson(const data::Source& source) {
    base::Json json{{"name", source.name}};
    if (!source.folder.empty()) json["folder"] = source.folder.string();
    for (const data::SourceOption& option : data::dataSet(source.name).options) {
        const int64_t value = source.option(option.name);
        json[option.name] = option.is_switch ? base::Json(value != 0) : base::Json(value);
    }
    json["training"] = source.training;
    json["test"] = source.test;
    return json;
}

base::Json inputHashes(const data::Source& source) {
    base::Json hashes = base::Json::object();
    for (const auto& [name, hash] : data::dataSet(source.name).hashes(source)) hashes[name] = hash;
    return hashes;
}

void fitSize(data::Source& source, const network::Shape& input) {
    const auto size = source.options.find("size");
    if (size != source.options.end() && size->second == 0) size->second = input.height;
}

std::unique_ptr<data::PictureSet> openTraining(const data::Source& source, base::Log& log) {
    return told(data::openTraining(source), log);
}

std::unique_ptr<data::PictureSet> openTest(const data::Source& source, base::Log& log) {
    return told(data::openTest(source), log);
}

void checkFits(const network::Network& graph, const data::PictureSet& pictures, const std::string& file) {
    std::vector<base::Problem> problems;
    const network::Shape picture{pictures.channels, pictures.height, pictures.width};
    if (!(graph.inputShape() == picture))
        problems.push_back({file, "/nodes/0/shape",
                            fmt::format("expected [{}, {}, {}] as the pictures have, found [{}, {}, {}]",
                                        picture.channels, picture.height, picture.width, graph.inputShape().channels,
                                        graph.inputShape().height, graph.inputShape().width)});
    if (graph.nodes.back().op != network::Op::Linear || graph.classes() != pictures.classes)
        problems.push_back({file, fmt::format("/nodes/{}", graph.nodes.size() - 1),
                            fmt::format("expected a linear layer with {} outputs at the end, as many as the pictures "
                                        "have classes",
                                        pictures.classes)});
    if (!problems.empty()) throw base::InputError(std::move(problems));
}

void checkBatch(const data::PictureSet& pictures, int batch) {
    if (pictures.count() < batch)
        throw base::InputError("data", "",
                               fmt::format("a batch wants {} pictures, the set has {}", batch, pictures.count()));
}

CLI::Option* DataArguments::declare(CLI::App& app, const std::string& about, bool required) {
    CLI::Option* named = app.add_option(
        "--data", data,
        about + ": \"shapes\", or a folder of CIFAR-10, CIFAR-100 or JPEG files (see `dna list datasets`)");
    named->required(required);
    app.add_option("--picture-size", size, "side of JPEG pictures in pixels (default: what the network reads)")
        ->check(CLI::Range(8, 1024));
    app.add_flag("--strict", strict, "refuse truncated JPEG files instead of skipping them");
    return named;
}

data::Source DataArguments::source() const {
    data::Source source = data::sourceOf(data);
    apply(source);
    return source;
}

void DataArguments::apply(data::Source& source) const {
    if (size) setOption(source, "size", *size, "--picture-size");
    if (strict) setOption(source, "strict", 1, "--strict");
}

}  // namespace dna::flows
