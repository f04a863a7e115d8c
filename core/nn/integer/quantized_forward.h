#pragma once

#include <vector>

#include "core/autodiff/tape.h"
#include "core/network/trained_network.h"

namespace dna::nn {

/// Runs a network without batch norm (foldAll) on the tape as its integer form would compute: every weight, bias and
/// map rounded as quantisation rounds them, gradients passing through (straight_through.h). `ranges` holds the
/// quantisation of every node's output (that of the last linear layer is not read: its sums stay as they are). Sums are
/// those of floats and the factor between layers is not yet multiplier and shift, so a code may differ by one now and
/// then.
autodiff::Var runRounded(autodiff::Tape<float>& tape, network::TrainedNetwork& folded,
                         const std::vector<network::Quantization>& ranges, autodiff::Var pictures);

}  // namespace dna::nn
