#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/data/picture_set.h"
#include "core/data/resample.h"

namespace dna::data {

struct JpegFolderOptions {
    int size = 224;       ///< side of the pictures given out, in pixels
    bool strict = false;  ///< truncated files are refused instead of skipped
    int limit = 0;        ///< pictures used, 0: all
    int threads = 0;      ///< that look at the files; 0: all cores
};

/// One split of a folder of JPEG files in ImageNet's layout, <split>/<class>/**.jpg. Only names are kept in memory;
/// every picture is decoded when it is read. Classes are numbered in the order of their names, pictures stand in one
/// fixed random order, so that the first ones hold all classes alike.
class JpegFolder final : public PictureSet {
public:
    /// Looks at the header and end of every file. Throws InputError listing what can't be used: no pictures in a class,
    /// CMYK, other formats, damaged headers, and truncated files when strict.
    JpegFolder(const std::filesystem::path& split, const JpegFolderOptions& options);

    int count() const override { return static_cast<int>(files_.size()); }
    Label label(int index) const override { return files_[static_cast<size_t>(index)].label; }
    /// The middle 7/8 of the largest centred square, scaled.
    void read(int index, uint8_t* to) const override;
    /// A random rectangle of 8 to 100 % of the area with sides of 3:4 to 4:3, scaled; mirrored at random.
    Augmentation readAugmented(int index, base::Rng& draw, uint8_t* to) const override;
    std::vector<std::string> remarks() const override { return remarks_; }

private:
    struct File {
        std::string name;  ///< below the split's folder
        Label label = 0;
        int width = 0, height = 0;
    };

    void listFiles();
    void inspect(const JpegFolderOptions& options);
    void decode(int index, CropBox crop, uint8_t* to) const;

    std::filesystem::path folder_;
    std::vector<File> files_;
    std::vector<std::string> remarks_;
};

/// SHA-256 over the sorted "<path> <bytes>" lines of all files below a folder.
std::string listingHash(const std::filesystem::path& folder);

}  // namespace dna::data
