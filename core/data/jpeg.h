#pragma once

#include <filesystem>
#include <string>

#include "core/data/resample.h"

namespace dna::data {

/// What a look at a JPEG file without decoding its pixels says.
struct JpegInfo {
    int width = 0, height = 0;
    bool truncated = false;  ///< it begins as a JPEG file but has no end marker, or ends within its header
    std::string problem;     ///< why it can't be used ("CMYK picture; ..."); empty when it can
};

/// Reads the header and the last bytes only.
JpegInfo inspectJpeg(const std::filesystem::path& file);

/// Decodes with libjpeg-turbo, grey expanded to RGB. Of a large picture whose crop shall become `wanted` pixels only a
/// half, quarter or eighth of the resolution is decoded, as long as `crop` (in pixels of the full picture; changed to
/// the decoded one's) keeps at least `wanted` pixels each way. Throws InputError naming the file and what is wrong.
RgbImage decodeJpeg(const std::filesystem::path& file, CropBox& crop, int wanted);

}  // namespace dna::data
