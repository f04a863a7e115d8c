#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"

namespace dna::base {

/// What all views of one document share; private to json.cpp and json_parse.cpp.
struct JsonObject::Shared {
    std::string file;
    Json json;
    std::vector<Problem> problems;
};

}  // namespace dna::base
