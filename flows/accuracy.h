#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/data/picture_set.h"
#include "core/network/trained_network.h"
#include "core/nn/integer/integer_network.h"

namespace dna::flows {

/// How a network answers on a set of pictures.
struct Accuracy {
    explicit Accuracy(const data::PictureSet& pictures);

    int pictures = 0;
    std::vector<std::string> class_names;     ///< as the set has them, else the labels
    std::vector<std::vector<int>> confusion;  ///< [class of the picture][answer]: pictures

    void count(data::Label label, int answer);
    /// Share of all pictures answered right.
    double all() const;
    /// Share of each class's pictures; 0 where there are none.
    std::vector<double> classes() const;
};

/// {"pictures", "accuracy", "classes": [names], "class_accuracy"} and "confusion"; of more than 100 classes the 100 most frequent
/// confusions [class, answer, pictures] as "confused".
base::Json toJson(const Accuracy& accuracy);

/// The network in floats: running statistics, pictures not altered, weights of fewer than 8 bits rounded.
Accuracy floatAccuracy(network::TrainedNetwork& network, const data::PictureSet& pictures, autodiff::Workers& workers);

Accuracy integerAccuracy(const nn::IntegerNetwork& network, const data::PictureSet& pictures,
                         autodiff::Workers& workers);

/// What results say of a quantised network: {"bits" of the maps, "weight_bits": [widths of the weights, ascending],
/// `prefix`quantized: accuracy} and, where all of them are 8, the accuracy as `prefix`int8 too.
base::Json quantizedJson(const nn::IntegerNetwork& network, const Accuracy& accuracy, const std::string& prefix);
/// "INT8", or "INT8 with weights of 4 and 8 bits", from a result that quantizedJson is part of.
std::string widthsText(const base::Json& result);

}  // namespace dna::flows
