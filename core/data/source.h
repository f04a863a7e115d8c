#pragma once

#include "core/data/data_set.h"

namespace dna::data {

/// The data set of a name. Throws InputError naming the known ones.
const DataSet& dataSet(const std::string& name);
std::vector<std::string> dataSetNames();

/// A source of the set with the defaults of its options.
Source sourceNamed(const std::string& name);

/// A generated set by its name, or a folder whose layout one of the sets recognises. Throws InputError when it is
/// neither, saying what a folder should hold.
Source sourceOf(const std::string& name_or_folder);

/// Opens the training pictures; refuses sets of fewer than two classes.
std::unique_ptr<PictureSet> openTraining(const Source& source);
std::unique_ptr<PictureSet> openTest(const Source& source);

/// Names for `list datasets`, each with a sentence.
std::vector<std::pair<std::string, std::string>> dataSetSummaries();

}  // namespace dna::data
