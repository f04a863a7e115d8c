#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "costmodel/loopnest/evaluate.h"

namespace dna::costmodel::loopnest {

/// One (layer, mapping) pair with what an independent tool computes for it.
struct ReferenceCase {
    std::string id;
    int architecture = 0;  ///< index into ReferenceCases::architectures
    Problem problem;
    Mapping mapping;
    base::Json expected;                     ///< object of the file, compared field by field
    base::Json expected_without_forwarding;  ///< null where it does not differ
};
struct ReferenceCases {
    std::vector<Architecture> architectures;
    std::vector<ReferenceCase> cases;
    Convention rules = kTimeloop;  ///< that the expected counts follow
    bool ragged = false;           ///< factors need not divide the layers (ragged.h)
};

/// Reads a file of cases: "heldout-loopnest-cost/1", or "dna.loopnest_cases", which `dna map` writes; there
/// `convention` may name other rules and `ragged` allow short last tiles. Throws InputError with every problem: unknown
/// dimensions or levels, factors that do not fit the layer, bounds below 1.
ReferenceCases readReferenceCases(const std::filesystem::path& file);

/// One field that differs.
struct Difference {
    std::string case_id, level, tensor, field;
    double found = 0, expected = 0;
};
/// Evaluates a case and compares every count, energies to a relative 1e-9, cycles exactly. Fields of the file that the
/// analysis does not have are an InputError, not an agreement.
std::vector<Difference> compare(const ReferenceCases& all, const ReferenceCase& one);

}  // namespace dna::costmodel::loopnest
