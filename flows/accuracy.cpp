#include "flows/accuracy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "core/network/trainable.h"
#include "core/nn/integer/quantize.h"
#include "core/nn/ops.h"
#include "core/search/batches.h"

namespace dna::flows {
namespace {

constexpr int kEvaluationBatch = 128;
constexpr int kMostShownClasses = 100;
constexpr size_t kShownConfusions = 100;

/// Wrong answers, the most frequent first; equal ones in the order of the classes.
base::Json mostConfused(const Accuracy& accuracy) {
    std::vector<std::array<int, 3>> wrong;  // {-pictures, class, answer}: in order when sorted
    for (int label = 0; label < static_cast<int>(accuracy.confusion.size()); ++label)
        for (int answer = 0; answer < static_cast<int>(accuracy.confusion.size()); ++answer)
            if (const int count = accuracy.confusion[label][answer]; answer != label && count > 0)
                wrong.push_back({-count, label, answer});
    std::sort(wrong.begin(), wrong.end());
    wrong.resize(std::min(wrong.size(), kShownConfusions));
    base::Json list = base::Json::array();
    for (const auto& [negative, label, answer] : wrong) list.push_back({label, answer, -negative});
    return list;
}

}  // namespace

Accuracy::Accuracy(const data::PictureSet& set)
    : class_names(set.class_names),
      confusion(static_cast<size_t>(set.classes), std::vector<int>(static_cast<size_t>(set.classes))) {
    if (class_names.empty())
        for (int c = 0; c < set.classes; ++c) class_names.push_back(std::to_string(c));
}

void Accuracy::count(data::Label label, int answer) {
    ++pictures;
    ++confusion[label][static_cast<size_t>(answer)];
}

double Accuracy::all() const {
    int right = 0;
    for (size_t c = 0; c < confusion.size(); ++c) right += confusion[c][c];
    return pictures > 0 ? static_cast<double>(right) / pictures : 0.0;
}

std::vector<double> Accuracy::classes() const {
    std::vector<double> shares;
    for (size_t c = 0; c < confusion.size(); ++c) {
        const int count = std::accumulate(confusion[c].begin(), confusion[c].end(), 0);
        shares.push_back(count > 0 ? static_cast<double>(confusion[c][c]) / count : 0.0);
    }
    return shares;
}

base::Json toJson(const Accuracy& accuracy) {
    base::Json json{{"pictures", accuracy.pictures},
                    {"accuracy", accuracy.all()},
                    {"classes", accuracy.class_names},
                    {"class_accuracy", accuracy.classes()}};
    if (accuracy.confusion.size() <= kMostShownClasses)
        json["confusion"] = accuracy.confusion;
    else
        json["confused"] = mostConfused(accuracy);
    return json;
}

Accuracy floatAccuracy(network::TrainedNetwork& network, const data::PictureSet& pictures, autodiff::Workers& workers) {
    autodiff::Tape<float> tape(workers);
    const data::Normalization normalization{network.mean, network.deviation};
    Accuracy accuracy(pictures);
    for (int begin = 0; begin < pictures.count(); begin += kEvaluationBatch) {
        tape.reset();
        const search::Batch batch = search::plainBatch(tape, pictures, normalization, begin,
                                                       std::min(begin + kEvaluationBatch, pictures.count()));
        const autodiff::Var logits = network::runNetwork(tape, network.graph, network.parameters, "",
                                                         tape.constant(batch.pictures), {false, false, false});
        const std::vector<int> answers = nn::classify(tape.value(logits));
        for (size_t n = 0; n < answers.size(); ++n) accuracy.count(batch.labels[n], answers[n]);
    }
    return accuracy;
}

Accuracy integerAccuracy(const nn::IntegerNetwork& network, const data::PictureSet& pictures,
                         autodiff::Workers& workers) {
    Accuracy accuracy(pictures);
    const size_t bytes = pictures.pictureBytes();
    std::vector<uint8_t> batch(bytes * kEvaluationBatch);
    for (int begin = 0; begin < pictures.count(); begin += kEvaluationBatch) {
        const int count = std::min(kEvaluationBatch, pictures.count() - begin);
        workers.run(count, [&](int i) { pictures.read(begin + i, batch.data() + bytes * static_cast<size_t>(i)); });
        const std::vector<int> answers = nn::classify(network, batch.data(), count, workers);
        for (int i = 0; i < count; ++i) accuracy.count(pictures.label(begin + i), answers[static_cast<size_t>(i)]);
    }
    return accuracy;
}

base::Json quantizedJson(const nn::IntegerNetwork& network, const Accuracy& accuracy, const std::string& prefix) {
    std::set<int> widths;
    for (const network::Node& node : network.graph.nodes)
        if (network::hasWeights(node)) widths.insert(node.weight_bits);
    const int bits = network.graph.nodes.front().quantization->bits;
    base::Json json{{"bits", bits}, {"weight_bits", widths}, {prefix + "quantized", accuracy.all()}};
    if (bits == 8 && widths == std::set<int>{8}) json[prefix + "int8"] = accuracy.all();
    return json;
}

std::string widthsText(const base::Json& result) {
    const int bits = result.at("bits").get<int>();
    const auto widths = result.at("weight_bits").get<std::vector<int>>();
    const std::string name = fmt::format("INT{}", bits);
    if (widths == std::vector<int>{bits}) return name;
    return fmt::format("{} with weights of {} bits", name, fmt::join(widths, " and "));
}

}  // namespace dna::flows
